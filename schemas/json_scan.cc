#include "schemas/json_scan.h"

#include <array>

namespace satindex::schemas {
namespace {

constexpr int kBlockBytes = 64;

// One bit a byte of a block of 64.
struct BlockBits {
  uint64_t quote;
  uint64_t backslash;
  uint64_t control;
  uint64_t bracket;
};

BlockBits classify(const char* at) {
  BlockBits bits{};
  for (int half = 0; half < 2; ++half) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32 * half));
    const auto mask = [half](__m256i matches) {
      return uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(matches))} << (32 * half);
    };
    // '[' and '{', ']' and '}' differ in 0x20 alone; no other byte becomes '{' or '}' with that bit
    // set.
    const __m256i folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
    bits.quote |= mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')));
    bits.backslash |= mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
    bits.control |= mask(_mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v));
    bits.bracket |= mask(_mm256_or_si256(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')),
                                         _mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}'))));
  }
  return bits;
}

// The bytes that a backslash escapes: those behind an odd run of them. `carry` is 1 when a run
// reached the last block's end so that the first byte here is escaped. The trick is simdjson's: an
// addition carries through each run.
uint64_t escaped_bytes(uint64_t backslash, uint64_t* carry) {
  constexpr uint64_t kEven = 0x5555'5555'5555'5555;
  backslash &= ~*carry;
  const uint64_t follows = backslash << 1 | *carry;
  const uint64_t odd_starts = backslash & ~kEven & ~follows;
  unsigned long long runs = 0;
  *carry = __builtin_uaddll_overflow(odd_starts, backslash, &runs) ? 1 : 0;
  return (kEven ^ (static_cast<uint64_t>(runs) << 1)) & follows;
}

// Bit i of the answer is the parity of the bits 0..i.
uint64_t prefix_parity(uint64_t bits) {
  const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<int64_t>(bits)),
                                               _mm_set1_epi8(static_cast<char>(0xFF)), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

// The open brackets inside the record's own. Kept as their closers.
class OpenBrackets {
 public:
  enum class Step : uint8_t { kOn, kClosed, kWrong };

  Step take(char bracket) {
    if (bracket == '{' || bracket == '[') {
      if (open_ == closers_.size()) return Step::kWrong;
      closers_[open_++] = static_cast<char>(bracket + 2);
      return Step::kOn;
    }
    if (closers_[--open_] != bracket) return Step::kWrong;
    return open_ == 0 ? Step::kClosed : Step::kOn;
  }

 private:
  size_t open_ = 0;
  std::array<char, limits::kJsonDepthMax - 1> closers_;
};

}  // namespace

const char* JsonScanner::skip_group(const char* at) const {
  OpenBrackets brackets;
  uint64_t escape_carry = 0;
  uint64_t in_string_carry = 0;  // all ones while a string runs on into the next block
  for (; at < end_; at += kBlockBytes) {
    const ptrdiff_t beyond = kBlockBytes - (end_ - at);
    BlockBits bits = classify(beyond > 0 ? at - beyond : at);
    if (beyond > 0) {
      bits.quote >>= beyond;
      bits.backslash >>= beyond;
      bits.control >>= beyond;
      bits.bracket >>= beyond;
    }
    if ((bits.backslash | escape_carry) != 0) {
      bits.quote &= ~escaped_bytes(bits.backslash, &escape_carry);
    }
    const uint64_t in_string = prefix_parity(bits.quote) ^ in_string_carry;
    // Outside a string a backslash escapes nothing, unlike what was assumed above. Bits behind the
    // group's end may raise this without need: then the slow path finds the same answer.
    if ((bits.control & in_string) != 0 || (bits.backslash & ~in_string) != 0) return nullptr;
    in_string_carry = static_cast<uint64_t>(static_cast<int64_t>(in_string) >> 63);
    for (uint64_t left = bits.bracket & ~in_string; left != 0; left = _blsr_u64(left)) {
      const char* const bracket = at + _tzcnt_u64(left);
      const OpenBrackets::Step step = brackets.take(*bracket);
      if (step == OpenBrackets::Step::kClosed) return bracket + 1;
      if (step == OpenBrackets::Step::kWrong) return nullptr;
    }
  }
  return nullptr;
}

}  // namespace satindex::schemas
