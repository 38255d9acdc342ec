// Big-endian integers in keys and values: byte order is number order. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace satindex::store {

inline void write_big_endian(uint64_t v, int bytes, char* out) {
  for (int i = bytes - 1; i >= 0; --i) {
    out[i] = static_cast<char>(v & 0xFF);
    v >>= 8;
  }
}

inline void append_big_endian(uint64_t v, int bytes, std::string* out) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(v >> shift));
  }
}

// At most eight bytes.
inline uint64_t read_big_endian(std::string_view bytes) {
  uint64_t v = 0;
  for (const char c : bytes) v = (v << 8) | static_cast<uint8_t>(c);
  return v;
}

}  // namespace satindex::store
