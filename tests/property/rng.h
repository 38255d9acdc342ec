// Rng: one stream of numbers from one seed, the same on every machine (no std distribution). A
// value, single-threaded.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

namespace satindex::property {

class Rng {
 public:
  explicit Rng(uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15ull + 0x632BE59BD9B4E019ull) {}
  // In [0, n).
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(engine_() % n); }
  bool one_in(uint32_t n) { return below(n) == 0; }
  template <class List>
  auto& pick(List& list) {
    return list[below(static_cast<uint32_t>(std::size(list)))];
  }
  uint64_t fork() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace satindex::property
