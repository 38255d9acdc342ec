// Varints for the small settled values of the store (ledger, checkpoint). Strict: one value has exactly one encoding, so
// that equal values have equal bytes and a spoilt byte is seen. Values; a StrictReader borrows the bytes it reads and,
// once a read failed, keeps failing: check ok() once at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "indexer/store/bits.h"

namespace satindex::store {

inline void put_varint(std::string& out, uint64_t v) {
  while (v >= 0x80) {
    out.push_back(static_cast<char>(v | 0x80));
    v >>= 7;
  }
  out.push_back(static_cast<char>(v));
}

class StrictReader {
 public:
  explicit StrictReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t byte() {
    if (rest_.empty()) return fail();
    const auto b = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return b;
  }

  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t b = byte();
      if (!ok_) return 0;
      if (shift == 63 && b > 1) return fail();  // beyond 64 bits
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (b < 0x80)
        return b == 0 && shift > 0 ? fail() : v;  // a last byte of 0 is not the shortest form
    }
    return fail();
  }

  // A varint that must not exceed `max`.
  uint64_t varint_upto(uint64_t max) {
    const uint64_t v = varint();
    return v > max ? fail() : v;
  }

  std::string_view bytes(size_t n) {
    if (n > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  // Marks what was read as malformed.
  uint8_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  bool ok() const { return ok_; }
  size_t remaining() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace satindex::store
