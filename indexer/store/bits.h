// BitWriter and BitReader: the bit stream that chunks are made of, least significant bit first. The writer appends to a
// string it does not own; the reader never reads past its end: a short stream makes ok() false and gives zeros.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace satindex::store {

// Bits needed to tell n values apart: 0 for n <= 1.
inline uint32_t index_bits(uint32_t n) { return n <= 1 ? 0 : 32 - std::countl_zero(n - 1); }
inline uint64_t zigzag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
inline int64_t unzigzag(uint64_t v) {
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}
  ~BitWriter() { finish(); }
  BitWriter(const BitWriter&) = delete;
  BitWriter& operator=(const BitWriter&) = delete;

  // n in 0..64; bits of v above n must be zero.
  void put(uint64_t v, uint32_t n) {
    if (n > 32) {
      put_some(v & 0xFFFFFFFF, 32);
      v >>= 32;
      n -= 32;
    }
    put_some(v, n);
  }
  // Elias gamma of v >= 1.
  void gamma(uint64_t v) {
    const uint32_t len = 63 - static_cast<uint32_t>(std::countl_zero(v | 1));
    unary(len);
    put(v & ((uint64_t{1} << len) - 1), len);
  }
  // Exp-Golomb with k low bits: v >= 0 and below 2^63.
  void golomb(uint64_t v, uint32_t k) {
    gamma((v >> k) + 1);
    put(v & ((uint64_t{1} << k) - 1), k);
  }
  // Rice with parameter k in 0..63; a quotient of kRiceEscape or more is written as a 6-bit length and the value.
  void rice(uint64_t v, uint32_t k) {
    const uint64_t q = v >> k;
    if (q < kRiceEscape) {
      unary(static_cast<uint32_t>(q));
      put(v & ((uint64_t{1} << k) - 1), k);
      return;
    }
    put((uint64_t{1} << kRiceEscape) - 1, kRiceEscape);
    sized(v);
  }
  // 6-bit length minus one, then the bits.
  void sized(uint64_t v) {
    const uint32_t len = v == 0 ? 1 : 64 - std::countl_zero(v);
    put(len - 1, 6);
    put(v, len);
  }
  void finish() {
    flush();
    while (used_ > 0) {
      out_->push_back(static_cast<char>(acc_ & 0xFF));
      acc_ >>= 8;
      used_ = used_ > 8 ? used_ - 8 : 0;
    }
    acc_ = 0;
  }
  static constexpr uint32_t kRiceEscape = 12;

 private:
  // len ones, then a zero. len <= 64.
  void unary(uint32_t len) {
    while (len >= 31) {
      put_some(0x7FFFFFFF, 31);
      len -= 31;
    }
    put_some((uint64_t{1} << len) - 1, len + 1);
  }
  void put_some(uint64_t v, uint32_t n) {  // n <= 32
    acc_ |= v << used_;
    used_ += n;
    if (used_ >= 32) {
      const uint32_t low = static_cast<uint32_t>(acc_);
      std::memcpy(buffer_ + filled_, &low, 4);
      filled_ += 4;
      acc_ >>= 32;
      used_ -= 32;
      if (filled_ == sizeof(buffer_)) flush();
    }
  }
  void flush() {
    out_->append(buffer_, filled_);
    filled_ = 0;
  }
  std::string* out_;
  char buffer_[128];  // a string's append costs more than the bits
  uint32_t filled_ = 0;
  uint64_t acc_ = 0;
  uint32_t used_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::string_view bytes)
      : p_(bytes.data()), end_bits_(bytes.size() * 8), size_(bytes.size()) {}

  uint64_t get(uint32_t n) {  // n <= 64
    if (n <= 56) return get_some(n);
    const uint64_t low = get_some(32);
    return low | (get_some(n - 32) << 32);
  }
  uint64_t gamma() {
    const uint32_t len = unary(64);
    if (len > 63) {
      ok_ = false;
      return 1;
    }
    return (uint64_t{1} << len) | get(len);
  }
  uint64_t golomb(uint32_t k) { return ((gamma() - 1) << k) | get(k); }
  uint64_t rice(uint32_t k) {
    const uint32_t q = unary(BitWriter::kRiceEscape);
    if (q == BitWriter::kRiceEscape) return sized();
    return (static_cast<uint64_t>(q) << k) | get(k);
  }
  uint64_t sized() {
    const uint32_t len = static_cast<uint32_t>(get(6)) + 1;
    return get(len);
  }
  bool ok() const { return ok_; }

 private:
  // Ones up to a zero, which is consumed, or up to `limit` ones with no zero behind them.
  uint32_t unary(uint32_t limit) {
    uint32_t n = 0;
    while (true) {
      const uint64_t w = peek();
      const uint32_t ones = static_cast<uint32_t>(std::countr_one(w));
      const uint32_t run = ones > 32 ? 32 : ones;
      if (n + run >= limit) {
        pos_ += limit - n;
        return check(limit);
      }
      n += run;
      pos_ += run;
      if (run < 32) {
        pos_ += 1;
        return check(n);
      }
      if (pos_ > end_bits_) {
        ok_ = false;
        return 0;
      }
    }
  }
  uint32_t check(uint32_t v) {
    if (pos_ > end_bits_) {
      ok_ = false;
      return 0;
    }
    return v;
  }
  uint64_t peek() const {  // at least 57 bits from pos_, zeros past the end
    const size_t byte = pos_ >> 3;
    uint64_t w = 0;
    if (byte + 8 <= size_) {
      std::memcpy(&w, p_ + byte, 8);
    } else if (byte < size_) {
      std::memcpy(&w, p_ + byte, size_ - byte);
    }
    return w >> (pos_ & 7);
  }
  uint64_t get_some(uint32_t n) {  // n <= 56
    const uint64_t v = peek() & ((uint64_t{1} << n) - 1);
    pos_ += n;
    if (pos_ > end_bits_) [[unlikely]] {
      ok_ = false;
      return 0;
    }
    return v;
  }
  const char* p_;
  size_t end_bits_;
  size_t size_;
  size_t pos_ = 0;
  bool ok_ = true;
};

// LEB128, for the few places where bytes are handier than bits.
inline void put_varint(uint64_t v, std::string* out) {
  while (v >= 0x80) {
    out->push_back(static_cast<char>(v | 0x80));
    v >>= 7;
  }
  out->push_back(static_cast<char>(v));
}
inline bool get_varint(std::string_view* in, uint64_t* v) {
  *v = 0;
  for (uint32_t shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const uint8_t b = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    *v |= static_cast<uint64_t>(b & 0x7F) << shift;
    if (b < 0x80) return true;
  }
  return false;
}

}  // namespace satindex::store
