// The quick scanner for the usual shape of a record: AVX2 primitives over the caller's bytes, which
// never read outside them. It knows two answers, "here it ends" and "not for me" (nullptr):
// whatever is unusual or wrong is left to json_shape.h, so that there is one judge. Held for one
// record, by one thread; allocates nothing, throws nothing.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schemas/json_shape.h"
#include "schemas/limits.h"

namespace satindex::schemas {

// True when no byte has its high bit set: such a record needs no UTF-8 check. At least 32 bytes.
inline bool is_ascii(std::string_view text) {
  const char* at = text.data();
  const char* const last = at + text.size() - 32;
  __m256i seen = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(last));
  for (; at < last; at += 32) {
    seen = _mm256_or_si256(seen, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
  return _mm256_movemask_epi8(seen) == 0;
}

class JsonScanner {
 public:
  static constexpr size_t kRecordBytesMin = 64;  // a block can be read back from the end

  // At least kRecordBytesMin bytes. Loads that would pass the end are taken from the last whole
  // block and shifted.
  explicit JsonScanner(std::string_view record) : end_(record.data() + record.size()) {}

  // The first quote, backslash or control character at or after `at`; the end when there is none.
  const char* find_special(const char* at) const {
    const char* const last = end_ - 32;
    for (; at <= last; at += 32) {
      const uint32_t found = special_bits(at);
      if (found != 0) return at + _tzcnt_u32(found);
    }
    if (at >= end_) return end_;
    const uint32_t found = special_bits(last) >> (at - last);
    return found != 0 ? at + _tzcnt_u32(found) : end_;
  }

  // The closing quote of a string whose content begins at `at`, if it holds no escape.
  const char* end_of_plain_string(const char* at) const {
    const char* const stop = find_special(at);
    return stop != end_ && *stop == '"' ? stop : nullptr;
  }

  // Behind the closing quote of an unread string whose content begins at `at`.
  const char* skip_string(const char* at) const {
    for (;;) {
      at = find_special(at);
      if (at == end_) return nullptr;
      if (*at == '"') return at + 1;
      if (*at != '\\' || end_ - at < 2 || static_cast<uint8_t>(at[1]) < 0x20) return nullptr;
      at += 2;
    }
  }

  // Behind an unread value that begins at `at`, which is before the end.
  const char* skip_value(const char* at) const {
    if (*at == '"') return skip_string(at + 1);
    if (*at == '{' || *at == '[') return skip_group(at);
    const char* const start = at;
    while (at != end_ && is_bare_byte(*at)) ++at;
    return at != start ? at : nullptr;
  }

  // Behind the bracket that closes the one at `at`.
  const char* skip_group(const char* at) const;

 private:
  static uint32_t special_bits(const char* at) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i quote = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"'));
    const __m256i backslash = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'));
    const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v);
    return static_cast<uint32_t>(
        _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, backslash), control)));
  }

  const char* const end_;
};

}  // namespace satindex::schemas
