// Strategy: random logs fed in random steps (live and bulk commits, work, settling, reopening,
// replays, records seen again), with random questions between the steps and many more at rest.
// Invariants: INV-1, INV-2, INV-3: the answer is that of the committed prefix of the log, whichever
// way it came in.
#include <gtest/gtest.h>

#include "tests/property/checking.h"

namespace satindex::property {
namespace {

TEST(RandomLog, EveryAnswerIsTheModels) {
  const uint64_t worlds = setting("SATINDEX_WORLDS", 60);
  EndHabit habit;
  for (uint64_t w = 0; w < worlds; ++w) {
    Rng rng(world_seed(1, w));
    const LogShape shape = random_shape(rng);
    const model::Log log = random_log(shape, rng.fork());
    const uint64_t steps_seed = rng.fork();
    WorldOptions options;
    options.partitions = shape.partitions;
    options.work_now_ns = slot_ns(static_cast<int>(rng.below(50)));
    options.settle = rng.one_in(2);
    if (rng.one_in(3)) {
      options.retention_ns = slot_ns(1 + static_cast<int>(rng.below(35))) - slot_ns(0) + 1;
    }
    World world(log, steps_seed, options);
    for (int steps = 0; !world.all_fed() && steps < 400; ++steps) {
      world.step();
      if (!rng.one_in(3)) continue;
      const std::string differs = ask_many(rng, world, 3, &habit);
      ASSERT_TRUE(nothing_wrong(differs)) << "while records come in";
    }
    world.finish();
    ASSERT_TRUE(nothing_wrong(ask_many(rng, world, 60, &habit))) << "at rest";
    for (store::Shard* shard : world.shards()) ASSERT_FALSE(shard->any_pending());
  }
  // A page that is exactly full at the end either always or never says that more may follow: the
  // hint must not depend on rows that are not shown.
  EXPECT_TRUE(habit.said_more == 0 || habit.said_end == 0)
      << habit.said_more << " times it said more, " << habit.said_end << " times it did not";
}

}  // namespace
}  // namespace satindex::property
