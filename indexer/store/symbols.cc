#include "indexer/store/symbols.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "indexer/store/big_endian.h"
#include "schemas/limits.h"

namespace satindex::store {

using schemas::corrupt;
using schemas::Result;

// Serialised forms. On disk: never change.
//   kUser     [user:8 big-endian][role bytes]
//   kService  [variant:1][has variant:1][srv bytes]
//   others    [length of first:1][first][second]
void serialise_user(schemas::UserId user, std::string_view role, std::string* out) {
  out->clear();
  append_big_endian(user.eui.value, 8, out);
  out->append(role);
}

void serialise_service(std::string_view srv, int variant, std::string* out) {
  out->clear();
  out->push_back(static_cast<char>(variant < 0 ? 0 : variant));
  out->push_back(variant < 0 ? '\0' : '\1');
  out->append(srv);
}

void serialise_pair(std::string_view first, std::string_view second, std::string* out) {
  out->clear();
  out->push_back(static_cast<char>(first.size()));
  out->append(first);
  out->append(second);
}

Result<std::unique_ptr<Symbol>> Symbol::parse(SymbolClass cls, std::string_view bytes) {
  auto s = std::make_unique<Symbol>();
  s->cls = cls;
  s->bytes.assign(bytes);
  s->hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), static_cast<uint64_t>(cls) + 1);
  const std::string_view kept = s->bytes;
  switch (cls) {
    case SymbolClass::kUser: {
      if (kept.size() < 9) return corrupt("a user symbol is too short");
      s->user = {schemas::Eui64{read_big_endian(kept.substr(0, 8))}};
      s->first = kept.substr(8);
      break;
    }
    case SymbolClass::kService:
      if (kept.size() < 2) return corrupt("a service symbol is too short");
      s->variant = kept[1] ? static_cast<uint8_t>(kept[0]) : -1;
      s->first = kept.substr(2);
      break;
    case SymbolClass::kDevice:
    case SymbolClass::kOutcome: {
      const size_t n = kept.empty() ? 0 : static_cast<uint8_t>(kept[0]);
      if (kept.empty() || kept.size() < 1 + n) return corrupt("a symbol pair is too short");
      s->first = kept.substr(1, n);
      s->second = kept.substr(1 + n);
      break;
    }
  }
  return s;
}

Dictionary::Dictionary() = default;

Dictionary::~Dictionary() {
  for (auto& c : classes_) {
    for (auto& b : c.blocks) delete b.load(std::memory_order_relaxed);
  }
}

namespace {
constexpr size_t index_of(SymbolClass cls) { return static_cast<size_t>(cls); }
}  // namespace

SymbolCode Dictionary::intern(SymbolClass cls, std::string_view bytes) {
  Class& c = classes_[index_of(cls)];
  const uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  Recent& recent = c.recent[hash % kRecent];
  if (recent.hash == hash && recent.code != kNoCode && recent.view() == bytes) return recent.code;
  if (const auto it = c.codes.find(bytes); it != c.codes.end()) {
    if (bytes.size() <= Recent::kBytesMax) {
      recent.hash = hash;
      recent.code = it->second;
      recent.size = static_cast<uint8_t>(bytes.size());
      std::copy(bytes.begin(), bytes.end(), recent.bytes.begin());
    }
    return it->second;
  }
  const uint32_t n = c.size.load(std::memory_order_relaxed);
  if (n >= schemas::limits::kSymbolsMax) return kNoCode;
  const SymbolCode code = n + 1;
  auto restored = restore(cls, code, bytes);
  SATINDEX_INVARIANT(restored.has_value(), "a serialised symbol parses");
  added_.push_back({cls, code, find(cls, code)});
  return code;
}

Result<void> Dictionary::restore(SymbolClass cls, SymbolCode code, std::string_view bytes) {
  Class& c = classes_[index_of(cls)];
  const uint32_t n = c.size.load(std::memory_order_relaxed);
  if (code != n + 1 || n >= schemas::limits::kSymbolsMax)
    return corrupt("symbol codes are not in sequence");
  auto symbol = Symbol::parse(cls, bytes);
  if (!symbol) return symbol.error();
  std::atomic<Block*>& slot = c.blocks[n / kBlockSymbols];
  if (slot.load(std::memory_order_relaxed) == nullptr)
    slot.store(new Block, std::memory_order_release);
  auto& place = slot.load(std::memory_order_relaxed)->symbols[n % kBlockSymbols];
  place = std::move(*symbol);
  c.codes.emplace(place->bytes, code);
  c.size.store(n + 1, std::memory_order_release);
  return {};
}

const Symbol* Dictionary::find(SymbolClass cls, SymbolCode code) const {
  const Class& c = classes_[index_of(cls)];
  if (code == kNoCode || code > c.size.load(std::memory_order_acquire)) return nullptr;
  const uint32_t i = code - 1;
  return c.blocks[i / kBlockSymbols]
      .load(std::memory_order_acquire)
      ->symbols[i % kBlockSymbols]
      .get();
}

uint32_t Dictionary::size(SymbolClass cls) const {
  return classes_[index_of(cls)].size.load(std::memory_order_acquire);
}

std::vector<Dictionary::Added> Dictionary::take_added() { return std::exchange(added_, {}); }

}  // namespace satindex::store
