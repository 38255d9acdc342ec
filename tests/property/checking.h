// What the property tests share: how much to do, and asking with a report that a person can act on.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/property/log_generator.h"
#include "tests/property/shrink.h"
#include "tests/support/seed.h"

namespace satindex::property {

inline uint64_t setting(const char* name, uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

// The seed of one world of one test, from the seed of the run.
inline uint64_t world_seed(uint64_t test, uint64_t world) {
  return testing::seed() * 1'000'003 + test * 7'919'000'000ull + world;
}

// Prints what is wrong as it is, which gtest would escape.
inline bool nothing_wrong(const std::string& wrong) {
  if (!wrong.empty()) std::cout << "\nDIFFERENCE\n" << wrong << std::endl;
  return wrong.empty();
}

// Asks `count` random questions; the first difference, shrunk and described, or empty.
inline std::string ask_many(Rng& rng, const World& world, uint32_t count, EndHabit* habit) {
  for (uint32_t i = 0; i < count; ++i) {
    const Ask ask = random_ask(rng, world);
    const std::string differs = difference(ask, world, habit);
    if (differs.empty()) continue;
    return "SATINDEX_SEED=" + std::to_string(testing::seed()) + "\n  " + ask.describe() + differs +
           shrink(world, ask);
  }
  return {};
}

}  // namespace satindex::property
