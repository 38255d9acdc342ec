#include "indexer/store/coded_row.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <tuple>

namespace satindex::store {

uint32_t LiteralTable::add(SymbolClass cls, std::string_view bytes) {
  const size_t recent = symbols_.size() > 8 ? symbols_.size() - 8 : 0;
  for (size_t i = symbols_.size(); i > recent; --i) {
    const Symbol& s = *symbols_[i - 1];
    if (s.cls == cls && s.bytes == bytes) return static_cast<uint32_t>(i - 1) | kLiteralBit;
  }
  auto parsed = Symbol::parse(cls, bytes);
  if (!parsed) return kNoCode;
  symbols_.push_back(std::move(*parsed));
  bytes_ += sizeof(Symbol) + bytes.size();
  return static_cast<uint32_t>(symbols_.size() - 1) | kLiteralBit;
}

void LiteralTable::clear() {
  symbols_.clear();
  bytes_ = 0;
}

uint16_t event_fingerprint(std::string_view event_id) {
  return static_cast<uint16_t>(XXH3_64bits(event_id.data(), event_id.size()));
}

bool same_event(const CodedRow& a, const CodedRow& b, const LiteralTable& literals) {
  if (a.time_ns != b.time_ns || a.device != b.device || a.originator != b.originator ||
      a.target != b.target || a.counter != b.counter || a.fingerprint != b.fingerprint ||
      a.flags != b.flags) {
    return false;
  }
  for (size_t i = 0; i < kSymbolClasses; ++i) {
    if (a.symbol[i] == b.symbol[i]) continue;
    // One symbol may have two literal codes; a literal and a dictionary code never stand for the same bytes, because the
    // dictionary refuses a symbol only for good.
    const bool both = (a.symbol[i] & kLiteralBit) && (b.symbol[i] & kLiteralBit);
    if (!both || literals.at(a.symbol[i]).bytes != literals.at(b.symbol[i]).bytes) return false;
  }
  return true;
}

size_t drop_copies(std::vector<CodedRow>* rows, const LiteralTable& literals) {
  // Copies share their device, time, counter and fingerprint; ordering equal times by those brings them together without
  // comparing each with each.
  // Neighbours of equal time may be of two entities: their order must stay, rows without a device behind all others.
  const auto key = [](const CodedRow& r) {
    return std::tuple(!r.has(kRowHasDevice), r.device, r.counter, r.fingerprint);
  };
  auto begin = rows->begin();
  while (begin != rows->end()) {
    auto end = begin + 1;
    while (end != rows->end() && end->time_ns == begin->time_ns) ++end;
    if (end - begin > 1) {
      std::sort(begin, end, [&](const CodedRow& a, const CodedRow& b) { return key(a) < key(b); });
    }
    begin = end;
  }
  size_t out = 0;
  for (size_t i = 0; i < rows->size(); ++i) {
    const CodedRow& r = (*rows)[i];
    bool copy = false;
    for (size_t j = out; j > 0 && !copy; --j) {
      CodedRow& kept = (*rows)[j - 1];
      if (kept.time_ns != r.time_ns || key(kept) != key(r)) break;
      copy = same_event(kept, r, literals);
      if (copy) kept.decimals = std::max(kept.decimals, r.decimals);
    }
    if (!copy) (*rows)[out++] = r;
  }
  const size_t gone = rows->size() - out;
  rows->resize(out);
  return gone;
}

void merge_rows(std::vector<CodedRow>* rows, const LiteralTable& literals) {
  std::stable_sort(rows->begin(), rows->end(),
                   [](const CodedRow& a, const CodedRow& b) { return a.time_ns > b.time_ns; });
  drop_copies(rows, literals);
}

}  // namespace satindex::store
