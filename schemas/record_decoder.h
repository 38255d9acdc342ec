// The two paths of a decoder over one table of fields. The quick one takes the usual shape in any
// order of fields and gives up at anything else; the slow one decides. A Fields type names a
// topic's fields by index:
//   Record, kCount, kHeld (bits of fields that must be there and not null), kGiven (bits of fields
//   that must be there), find(key) -> index or -1, take_string(field, text, record),
//   take_bare(field, token, record), finish(record).
// Owned by one decoder, used by one thread; views in the record point into the value or into the
// scratch here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/field_values.h"
#include "schemas/json_scan.h"
#include "schemas/json_shape.h"

namespace satindex::schemas {

// Which known field followed which in the records before: a producer writes its fields in one
// order, so that a key is compared with the one expected before it is searched for. Only ever a
// guess.
template <class Fields>
class KeyOrder {
 public:
  // The bytes of `"key":` for a field, padded to a block.
  struct Spelling {
    alignas(32) std::array<char, 32> bytes{};
    uint32_t mask = 0;
    uint32_t size = 0;
  };

  KeyOrder() { next_.fill(0); }
  int expected(int previous) const { return next_[static_cast<size_t>(previous + 1)]; }
  void saw(int previous, int field) {
    next_[static_cast<size_t>(previous + 1)] = static_cast<int8_t>(field);
  }

  // True when the 32 bytes at `at` begin with the field's key and a colon.
  static bool matches(int field, const char* at) {
    const Spelling& spelling = kSpellings[static_cast<size_t>(field)];
    const __m256i wanted =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(spelling.bytes.data()));
    const __m256i there = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto equal =
        static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(wanted, there)));
    return (~equal & spelling.mask) == 0;
  }
  static uint32_t size(int field) { return kSpellings[static_cast<size_t>(field)].size; }

 private:
  static constexpr std::array<Spelling, Fields::kCount> spell() {
    std::array<Spelling, Fields::kCount> all;
    for (size_t i = 0; i < all.size(); ++i) {
      const std::string_view key = Fields::kKeys[i];
      all[i].bytes[0] = '"';
      for (size_t k = 0; k < key.size(); ++k) all[i].bytes[k + 1] = key[k];
      all[i].bytes[key.size() + 1] = '"';
      all[i].bytes[key.size() + 2] = ':';
      all[i].size = static_cast<uint32_t>(key.size() + 3);
      all[i].mask = (1u << all[i].size) - 1;
    }
    return all;
  }
  static constexpr std::array<Spelling, Fields::kCount> kSpellings = spell();

  std::array<int8_t, Fields::kCount + 1>
      next_;  // by the field before, -1 for none or an unread one
};

// One record, one use. Every pointer stays at or before last_, the closing brace: no step reads
// behind it.
template <class Fields>
class QuickPath {
 public:
  using Record = typename Fields::Record;

  // True and *record, or false: not for this path. Says nothing about what is wrong, or whether
  // anything is.
  static bool decode(std::string_view value, KeyOrder<Fields>* order, Record* record) {
    while (!value.empty() && is_json_space(value.back())) value.remove_suffix(1);
    if (value.size() < JsonScanner::kRecordBytesMin || value.back() != '}') return false;
    if (!is_ascii(value) && !is_utf8(value)) return false;
    Fields::clear(record);
    return QuickPath(value, order, record).read(value.data());
  }

 private:
  QuickPath(std::string_view value, KeyOrder<Fields>* order, Record* record)
      : scanner_(value), last_(value.data() + value.size() - 1), order_(*order), record_(record) {}

  bool read(const char* at) {
    at = skip_space(at);
    if (*at != '{') return false;
    do {
      at = read_field(skip_space(at + 1));
      if (at == nullptr) return false;
      at = skip_space(at);
    } while (*at == ',');
    return at == last_ && (held_ & Fields::kHeld) == Fields::kHeld &&
           (given_ & Fields::kGiven) == Fields::kGiven && !Fields::finish(*record_);
  }

  // Behind the field that begins at `at`, or nullptr.
  const char* read_field(const char* at) {
    const int expected = order_.expected(previous_);
    if (last_ - at >= 32 && KeyOrder<Fields>::matches(expected, at)) {
      previous_ = expected;
      return read_known(expected, skip_space(at + KeyOrder<Fields>::size(expected)));
    }
    if (*at != '"') return nullptr;
    const char* const key = at + 1;
    const char* const stop = scanner_.end_of_plain_string(key);
    if (stop == nullptr) return nullptr;
    at = skip_space(stop + 1);
    if (*at != ':') return nullptr;
    at = skip_space(at + 1);
    const int field = Fields::find({key, static_cast<size_t>(stop - key)});
    if (field >= 0) {
      order_.saw(previous_, field);
      previous_ = field;
      return read_known(field, at);
    }
    previous_ = -1;
    at = scanner_.skip_value(at);
    return at != nullptr && at <= last_ ? at : nullptr;
  }

  const char* read_known(int field, const char* at) {
    const uint32_t bit = 1u << field;
    if ((given_ & bit) != 0) return nullptr;
    given_ |= bit;
    if (*at == '"') {
      // What stands in the fixed part of an id or a time is looked at by its parser, which takes no
      // quote, backslash or control character: the search for the end begins behind it.
      const char* const fixed_end = ++at + Fields::fixed_bytes(field);
      if (fixed_end >= last_) return nullptr;
      const char* const stop =
          *fixed_end == '"' ? fixed_end : scanner_.end_of_plain_string(fixed_end);
      if (stop == nullptr) return nullptr;
      const std::string_view text(at, static_cast<size_t>(stop - at));
      if (Fields::take_string(field, text, record_)) return nullptr;
      held_ |= bit;
      return stop + 1;
    }
    const char* stop = at;
    while (is_bare_byte(*stop)) ++stop;
    const std::string_view token(at, static_cast<size_t>(stop - at));
    if (token == "null") return stop;
    if (token.empty() || Fields::take_bare(field, token, record_)) return nullptr;
    held_ |= bit;
    return stop;
  }

  static const char* skip_space(const char* at) {
    while (is_json_space(*at)) ++at;
    return at;
  }

  const JsonScanner scanner_;
  const char* const last_;
  KeyOrder<Fields>& order_;
  Record* const record_;
  int previous_ = -1;   // the field before, -1 for an unread one
  uint32_t given_ = 0;  // fields that were there, one bit each
  uint32_t held_ = 0;   // fields that were there and not null
};

template <class Fields>
class SlowPath {
 public:
  using Record = typename Fields::Record;

  // nullopt and *record, or the reason.
  Verdict decode(std::string_view value, Record* record) {
    std::array<FieldSpan, Fields::kCount> spans{};
    if (const Verdict wrong = find_fields(value, &Fields::find, spans)) return wrong;
    *record = Record();
    for (int field = 0; field < Fields::kCount; ++field) {
      if (const Verdict wrong = take(field, spans[static_cast<size_t>(field)], record))
        return wrong;
    }
    return Fields::finish(*record);
  }

 private:
  // A byte more than the longest known text, so that one too long is seen to be.
  static constexpr size_t kTextBytes = limits::kRequestIdBytesMax + 1;

  Verdict take(int field, const FieldSpan& span, Record* record) {
    const bool must_hold = (Fields::kHeld >> field & 1) != 0;
    const bool must_give = must_hold || (Fields::kGiven >> field & 1) != 0;
    switch (span.kind) {
      case ValueKind::kAbsent:
        return must_give ? Verdict(Unreadable::kFieldMissing) : std::nullopt;
      case ValueKind::kGroup:
        return Unreadable::kFieldType;
      case ValueKind::kBare:
        if (span.text != "null") return Fields::take_bare(field, span.text, record);
        return must_hold ? Verdict(Unreadable::kFieldMissing) : std::nullopt;
      case ValueKind::kString:
        break;
    }
    if (!span.escaped) return Fields::take_string(field, span.text, record);
    auto& text = scratch_[static_cast<size_t>(field)];
    const Unescaped plain = unescape(span.text, text.data(), text.size());
    if (plain.error == UnescapeError::kBadEscape) return Unreadable::kFieldSyntax;
    if (plain.error == UnescapeError::kTooLong) return Unreadable::kFieldLength;
    return Fields::take_string(field, {text.data(), plain.size}, record);
  }

  std::array<std::array<char, kTextBytes>, Fields::kCount> scratch_;
};

}  // namespace satindex::schemas
