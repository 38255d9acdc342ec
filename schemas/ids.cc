#include "schemas/ids.h"

#include <immintrin.h>

#include <array>
#include <charconv>
#include <cstring>

namespace satindex::schemas {
namespace {

constexpr auto kUpperHex = [] {  // by octet
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::array<std::array<char, 2>, 256> out{};
  for (size_t i = 0; i < out.size(); ++i) out[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return out;
}();
constexpr size_t kEuiHexDigits = 16;

// Sixteen hex digits to a big-endian integer; false when one of them is none.
bool hex_to_u64(__m128i digits, uint64_t* value) {
  const __m128i lower = _mm_or_si128(digits, _mm_set1_epi8(0x20));
  const __m128i decimal = _mm_sub_epi8(digits, _mm_set1_epi8('0'));
  const __m128i letter = _mm_sub_epi8(lower, _mm_set1_epi8('a'));
  const __m128i is_decimal = _mm_cmpeq_epi8(_mm_min_epu8(decimal, _mm_set1_epi8(9)), decimal);
  const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
  if (_mm_movemask_epi8(_mm_or_si128(is_decimal, is_letter)) != 0xFFFF) return false;
  const __m128i nibbles =
      _mm_blendv_epi8(_mm_add_epi8(letter, _mm_set1_epi8(10)), decimal, is_decimal);
  const __m128i octets = _mm_maddubs_epi16(nibbles, _mm_set1_epi16(0x0110));
  const __m128i packed = _mm_packus_epi16(octets, octets);
  *value = __builtin_bswap64(static_cast<uint64_t>(_mm_cvtsi128_si64(packed)));
  return true;
}

// The 23 bytes at `text`: two overlapping loads cover them without reading past either end.
bool parse_dashed(const char* text, uint64_t* value) {
  const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i tail = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + 7));
  const __m128i dash = _mm_set1_epi8('-');
  constexpr int kHeadDashes = 1 << 2 | 1 << 5 | 1 << 8 | 1 << 11 | 1 << 14;
  constexpr int kTailDashes = 1 << (17 - 7) | 1 << (20 - 7);
  const int head_dashes = _mm_movemask_epi8(_mm_cmpeq_epi8(head, dash));
  const int tail_dashes = _mm_movemask_epi8(_mm_cmpeq_epi8(tail, dash));
  if ((head_dashes & kHeadDashes) != kHeadDashes) return false;
  if ((tail_dashes & kTailDashes) != kTailDashes) return false;
  const __m128i from_head = _mm_shuffle_epi8(
      head, _mm_setr_epi8(0, 1, 3, 4, 6, 7, 9, 10, 12, 13, -1, -1, -1, -1, -1, -1));
  const __m128i from_tail = _mm_shuffle_epi8(
      tail, _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 8, 9, 11, 12, 14, 15));
  return hex_to_u64(_mm_or_si128(from_head, from_tail), value);
}

// A decimal u64 without leading zeros.
bool parse_counter(std::string_view text, uint64_t* value) {
  constexpr size_t kU64DigitsMax = 20;
  if (text.empty() || text.size() > kU64DigitsMax) return false;
  if (text[0] == '0' && text.size() > 1) return false;
  uint64_t sum = 0;
  for (const char c : text) {
    const auto digit = static_cast<uint8_t>(c - '0');
    if (digit > 9) return false;
    if (__builtin_mul_overflow(sum, uint64_t{10}, &sum)) return false;
    if (__builtin_add_overflow(sum, uint64_t{digit}, &sum)) return false;
  }
  *value = sum;
  return true;
}

}  // namespace

std::optional<Eui64> Eui64::parse(std::string_view text) {
  Eui64 eui;
  if (text.size() != kEuiTextBytes || !parse_dashed(text.data(), &eui.value)) return std::nullopt;
  return eui;
}

std::optional<Eui64> Eui64::parse_lenient(std::string_view text) {
  if (text.size() != kEuiHexDigits) return parse(text);
  Eui64 eui;
  const __m128i digits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
  if (!hex_to_u64(digits, &eui.value)) return std::nullopt;
  return eui;
}

void Eui64::write(char* out) const {
  for (int octet = 0; octet < 8; ++octet) {
    const auto byte = static_cast<uint8_t>(value >> (56 - 8 * octet));
    if (octet > 0) *out++ = '-';
    std::memcpy(out, kUpperHex[byte].data(), 2);
    out += 2;
  }
}

void Eui64::append_to(std::string& out) const {
  const size_t at = out.size();
  out.resize(at + kEuiTextBytes);
  write(out.data() + at);
}

std::string Eui64::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

std::optional<RequestId> RequestId::parse(std::string_view text) {
  constexpr size_t kTargetAt = kEuiTextBytes + 1;
  constexpr size_t kCounterAt = 2 * (kEuiTextBytes + 1);
  if (text.size() <= kCounterAt) return std::nullopt;
  if (text[kTargetAt - 1] != ':' || text[kCounterAt - 1] != ':') return std::nullopt;
  RequestId id;
  if (!parse_dashed(text.data(), &id.originator.value)) return std::nullopt;
  if (!parse_dashed(text.data() + kTargetAt, &id.target.value)) return std::nullopt;
  if (!parse_counter(text.substr(kCounterAt), &id.counter)) return std::nullopt;
  return id;
}

char* RequestId::write(char* out) const {
  originator.write(out);
  out += kEuiTextBytes;
  *out++ = ':';
  target.write(out);
  out += kEuiTextBytes;
  *out++ = ':';
  return std::to_chars(out, out + 20, counter).ptr;
}

void RequestId::append_to(std::string& out) const {
  char text[kRequestIdTextBytesMax];
  out.append(text, write(text));
}

std::string RequestId::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

}  // namespace satindex::schemas
