// CodedRow: one event as the writer gathers it and the row chunk codec packs it, its names replaced by symbol codes of the
// shard. A value of one cache line. Codes with kLiteralBit index a LiteralTable instead of the dictionary.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "indexer/store/symbols.h"
#include "schemas/sat_event.h"

namespace satindex::store {

inline constexpr uint32_t kLiteralBit = 0x80000000u;

enum RowFlag : uint8_t {
  kRowHasDevice = 1,
  kRowHasRequest = 2,
  kRowHasFingerprint = 4,
  // The usual Request ID: its originator is the User, its target the Device. Set whenever that is so, and the id field is
  // then 0, so that equal rows have equal bytes.
  kRowOriginatorIsUser = 8,
  kRowTargetIsDevice = 16,
};
inline constexpr uint8_t kRowRequestFlags =
    kRowHasRequest | kRowOriginatorIsUser | kRowTargetIsDevice;

struct CodedRow {
  int64_t time_ns = 0;
  uint64_t device = 0;  // 0 without device
  uint64_t originator = 0;
  uint64_t target = 0;
  uint64_t counter = 0;
  uint32_t symbol[kSymbolClasses] = {0, 0, 0, 0};
  uint16_t fingerprint = 0;
  uint8_t decimals = 0;
  uint8_t flags = 0;

  bool has(RowFlag f) const { return (flags & f) != 0; }
};
static_assert(sizeof(CodedRow) == 64);

// Symbols written out in chunks because the dictionary was full. Append-only; shared by the rows of one batch or cursor.
class LiteralTable {
 public:
  // The code of the symbol, the same for the same bytes while it is among the latest few; kNoCode when the bytes are no
  // symbol of the class.
  uint32_t add(SymbolClass cls, std::string_view bytes);
  const Symbol& at(uint32_t code) const { return *symbols_[code & ~kLiteralBit]; }
  bool has(uint32_t code) const { return (code & ~kLiteralBit) < symbols_.size(); }
  size_t size() const { return symbols_.size(); }
  size_t bytes() const { return bytes_; }
  void clear();

 private:
  std::vector<std::unique_ptr<Symbol>> symbols_;
  size_t bytes_ = 0;
};

// The eventId's fingerprint (CONTRACT 1.3: 16 bits or more).
uint16_t event_fingerprint(std::string_view event_id);

// True when two rows of one shard are one event: everything but the precision of the time agrees.
bool same_event(const CodedRow& a, const CodedRow& b, const LiteralTable& literals);
// rows sorted by time: keeps one of each event, with the most precise writing of its time. Returns how many went.
size_t drop_copies(std::vector<CodedRow>* rows, const LiteralTable& literals);
// Rows of one entity out of several chunks: newest first, each event once.
void merge_rows(std::vector<CodedRow>* rows, const LiteralTable& literals);

}  // namespace satindex::store
