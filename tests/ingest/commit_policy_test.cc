#include "indexer/ingest/commit_policy.h"

#include <gtest/gtest.h>

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Gathered gathered(size_t records, milliseconds age, int64_t lag) {
  Gathered g;
  g.dirty = records > 0;
  g.records = records;
  g.age = age;
  g.lag = lag;
  return g;
}

TEST(CommitPolicy, LiveCommitsSoonAndOnTheLivePath) {
  CommitPolicy policy({}, false);
  EXPECT_EQ(policy.decide(gathered(1, milliseconds{9}, 10)), CommitDecision::kWait);
  EXPECT_EQ(policy.decide(gathered(1, milliseconds{10}, 10)), CommitDecision::kLive);
  EXPECT_EQ(policy.decide(gathered(2'000, milliseconds{0}, 10)), CommitDecision::kLive);
  EXPECT_FALSE(policy.catching_up());
}

TEST(CommitPolicy, NothingGatheredIsNeverCommitted) {
  CommitPolicy policy({}, false);
  EXPECT_EQ(policy.decide(gathered(0, seconds{100}, 0)), CommitDecision::kWait);
  CommitPolicy bulk({}, true);
  EXPECT_EQ(bulk.decide(gathered(0, seconds{100}, -1)), CommitDecision::kWait);
}

TEST(CommitPolicy, CatchesUpInBulkUntilCloseToTheEnd) {
  CommitPolicy policy({}, false);
  EXPECT_EQ(policy.decide(gathered(2'000, milliseconds{20}, 1'000'000)), CommitDecision::kWait);
  EXPECT_TRUE(policy.catching_up());
  EXPECT_EQ(policy.decide(gathered(500'000, milliseconds{900}, 500'000)), CommitDecision::kBulk);
  // Between the two thresholds it stays what it was.
  EXPECT_EQ(policy.decide(gathered(100, milliseconds{900}, 50'000)), CommitDecision::kWait);
  EXPECT_TRUE(policy.catching_up());
  // The end is near: what is gathered becomes visible at once, as files because it is much.
  EXPECT_EQ(policy.decide(gathered(300'000, milliseconds{100}, 4'000)), CommitDecision::kBulk);
  EXPECT_FALSE(policy.catching_up());
  EXPECT_EQ(policy.decide(gathered(100, milliseconds{10}, 50'000)), CommitDecision::kLive);
  EXPECT_FALSE(policy.catching_up());
}

TEST(CommitPolicy, ATrickleWhileCatchingUpBecomesVisible) {
  CommitPolicy policy({}, false);
  policy.decide(gathered(1, milliseconds{0}, 1'000'000));
  EXPECT_EQ(policy.decide(gathered(10, seconds{5}, 1'000'000)), CommitDecision::kLive);
}

TEST(CommitPolicy, UnknownLagChangesNothing) {
  CommitPolicy policy({}, false);
  policy.decide(gathered(1, milliseconds{0}, 1'000'000));
  policy.decide(gathered(1, milliseconds{0}, -1));
  EXPECT_TRUE(policy.catching_up());
}

TEST(CommitPolicy, FullIsBackPressureByCountAndByBytes) {
  CommitPolicy policy({}, false);
  Gathered g = gathered(500'000, milliseconds{0}, 0);
  EXPECT_TRUE(policy.full(g));
  g = gathered(10, milliseconds{0}, 0);
  EXPECT_FALSE(policy.full(g));
  g.bytes = size_t{256} << 20;
  EXPECT_TRUE(policy.full(g));
  EXPECT_NE(policy.decide(g), CommitDecision::kWait);
}

TEST(CommitPolicy, FilesAlwaysGoInBulkAndTheLastBatchIsNotHeldBack) {
  CommitPolicy policy({}, true);
  EXPECT_EQ(policy.decide(gathered(1'000, milliseconds{50}, -1)), CommitDecision::kWait);
  Gathered last = gathered(1'000, milliseconds{50}, -1);
  last.finished = true;
  EXPECT_EQ(policy.decide(last), CommitDecision::kBulk);
}

TEST(CommitPolicy, PatienceEndsWhenTheCommitIsDue) {
  CommitPolicy policy({}, false);
  EXPECT_EQ(policy.patience(gathered(0, seconds{1}, 0)), milliseconds{100});
  EXPECT_EQ(policy.patience(gathered(1, milliseconds{4}, 0)), milliseconds{6});
  EXPECT_EQ(policy.patience(gathered(1, milliseconds{40}, 0)), milliseconds{0});
}

}  // namespace
}  // namespace satindex::ingest
