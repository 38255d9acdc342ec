// Least-significant-digit radix sort of 64-bit keys with a 32-bit payload. Stable, linear, skips digits that all keys share:
// times within one batch differ in few of their bits. Scratch is the caller's, so that it is reused.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace satindex::store {

inline void radix_sort(std::vector<uint64_t>* keys, std::vector<uint32_t>* payload,
                       std::vector<uint64_t>* keys_swap, std::vector<uint32_t>* payload_swap) {
  constexpr uint32_t kDigitBits = 11;
  constexpr uint32_t kBuckets = 1u << kDigitBits;
  const size_t n = keys->size();
  if (n < 2) return;
  uint64_t all_or = 0;
  uint64_t all_and = ~uint64_t{0};
  for (const uint64_t k : *keys) {
    all_or |= k;
    all_and &= k;
  }
  const uint64_t differing = all_or & ~all_and;
  keys_swap->resize(n);
  payload_swap->resize(n);
  for (uint32_t shift = 0; shift < 64; shift += kDigitBits) {
    if (((differing >> shift) & (kBuckets - 1)) == 0) continue;
    std::array<uint32_t, kBuckets> at{};
    for (const uint64_t k : *keys) ++at[(k >> shift) & (kBuckets - 1)];
    uint32_t sum = 0;
    for (uint32_t& a : at) sum += std::exchange(a, sum);
    for (size_t i = 0; i < n; ++i) {
      const uint32_t to = at[((*keys)[i] >> shift) & (kBuckets - 1)]++;
      (*keys_swap)[to] = (*keys)[i];
      (*payload_swap)[to] = (*payload)[i];
    }
    keys->swap(*keys_swap);
    payload->swap(*payload_swap);
  }
}

}  // namespace satindex::store
