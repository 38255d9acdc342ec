// Strategy: many questions over all histories, options, roles, channels, filters, moments and
// proofs of freshness, put to logs that are small enough for everything to collide. Invariant:
// INV-5: product and model, which share no code, never differ on what a caller may see.
// SATINDEX_CASES sets how many questions are asked.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/property/checking.h"

namespace satindex::property {
namespace {

TEST(AccessDifferential, NoDifferenceInAnyCase) {
  const uint64_t cases = setting("SATINDEX_CASES", 50'000);
  constexpr uint64_t kCasesPerWorld = 1'000;
  EndHabit habit;
  uint64_t asked = 0;
  for (uint64_t w = 0; asked < cases; ++w) {
    Rng rng(world_seed(2, w));
    LogShape shape = random_shape(rng);
    shape.events = 20 + static_cast<int>(rng.below(150));
    WorldOptions options;
    options.partitions = shape.partitions;
    options.work_now_ns = slot_ns(0);
    options.settle = false;
    World world(random_log(shape, rng.fork()), rng.fork(), options);
    world.finish();
    const uint64_t count = std::min(kCasesPerWorld, cases - asked);
    ASSERT_TRUE(nothing_wrong(ask_many(rng, world, static_cast<uint32_t>(count), &habit)))
        << "case " << asked;
    asked += count;
  }
  std::cout << asked << " cases, no difference" << std::endl;
  EXPECT_TRUE(habit.said_more == 0 || habit.said_end == 0)
      << habit.said_more << ' ' << habit.said_end;
}

}  // namespace
}  // namespace satindex::property
