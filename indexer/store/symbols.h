// Symbols: the open sets of a record (role, event type, SRV, codes, device types) interned in a shard's dictionary, in
// four classes of fields that go together. A Symbol is immutable and lives as long as its Dictionary, so rows point at it.
// Threads: one writer interns; any number of readers look codes up that a committed chunk named (release/acquire).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/ids.h"
#include "schemas/sat_event.h"
#include "schemas/status.h"

namespace satindex::store {

enum class SymbolClass : uint8_t {  // on disk: never renumber
  kUser = 0,                        // userId + userRole
  kService = 1,                     // serviceReferenceVariant + commandVariant
  kDevice = 2,                      // deviceType + smetsVersion
  kOutcome = 3,                     // eventType + responseCode
};
inline constexpr size_t kSymbolClasses = 4;

struct Symbol {
  SymbolClass cls = SymbolClass::kUser;
  std::string bytes;        // canonical serialisation, the identity
  uint64_t hash = 0;        // XXH3 of class and bytes: the same on every replica
  schemas::UserId user;     // kUser
  std::string_view first;   // userRole | srv | deviceType | eventType; empty: absent
  std::string_view second;  // - | - | smetsVersion | responseCode; empty: absent
  int variant = -1;         // kService: commandVariant or -1

  // Takes the serialised form; corrupt when it is none.
  static schemas::Result<std::unique_ptr<Symbol>> parse(SymbolClass cls, std::string_view bytes);
};

// Serialise the fields of an event that form a symbol of each class.
void serialise_user(schemas::UserId user, std::string_view role, std::string* out);
void serialise_service(std::string_view srv, int variant, std::string* out);
void serialise_pair(std::string_view first, std::string_view second, std::string* out);

using SymbolCode = uint32_t;
// Codes start at 1; 0 on disk says "written out here".
inline constexpr SymbolCode kNoCode = 0;

class Dictionary {
 public:
  Dictionary();
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // Writer only. The code of the symbol, new when never seen; kNoCode once the class is full.
  SymbolCode intern(SymbolClass cls, std::string_view bytes);
  // Writer only, at open: code must be the next of its class.
  schemas::Result<void> restore(SymbolClass cls, SymbolCode code, std::string_view bytes);
  // Any thread. nullptr for a code never assigned.
  const Symbol* find(SymbolClass cls, SymbolCode code) const;
  uint32_t size(SymbolClass cls) const;
  // Writer only: symbols interned since the last take, to be persisted with the batch that uses them.
  struct Added {
    SymbolClass cls;
    SymbolCode code;
    const Symbol* symbol;
  };
  std::vector<Added> take_added();

 private:
  static constexpr uint32_t kBlockSymbols = 1024;
  static constexpr uint32_t kBlocks = 256 + 1;
  struct Block {
    std::array<std::unique_ptr<Symbol>, kBlockSymbols> symbols;
  };
  // The symbols of the last records, by their hash: nearly every record's are among them, and each is found in one cache
  // line. Longer ones are looked up in `codes`.
  struct alignas(64) Recent {
    static constexpr size_t kBytesMax = 51;
    uint64_t hash = 0;
    SymbolCode code = kNoCode;
    uint8_t size = 0;
    std::array<char, kBytesMax> bytes;

    std::string_view view() const { return {bytes.data(), size}; }
  };
  static constexpr size_t kRecent = 2048;
  struct Class {
    std::array<Recent, kRecent> recent{};  // writer only
    std::array<std::atomic<Block*>, kBlocks> blocks{};
    std::atomic<uint32_t> size{0};
    std::unordered_map<std::string_view, SymbolCode> codes;  // writer only
  };
  std::array<Class, kSymbolClasses> classes_;
  std::vector<Added> added_;
};

}  // namespace satindex::store
