// The seed of a random test: new every run, printed when the test fails, and SATINDEX_SEED=<number> replays it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace satindex::testing {

inline uint64_t seed() {
  static const uint64_t value = [] {
    const char* given = std::getenv("SATINDEX_SEED");
    const uint64_t chosen = given != nullptr
                                ? std::strtoull(given, nullptr, 10)
                                : (static_cast<uint64_t>(std::random_device{}()) << 20 |
                                   std::random_device{}() % (1u << 20));
    std::cout << "SATINDEX_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return value;
}

// One stream of numbers a test: `salt` keeps the tests of a program apart under one seed.
class Random {
 public:
  explicit Random(uint64_t salt) : engine_(seed() ^ salt * 0x9E3779B97F4A7C15ull) {}
  // In [0, n).
  uint64_t below(uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(engine_); }
  bool one_in(uint64_t n) { return below(n) == 0; }
  template <class List>
  auto& pick(List& list) {
    return list[below(std::size(list))];
  }
  std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace satindex::testing
