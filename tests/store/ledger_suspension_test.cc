// Suspensions of CONTRACT 1.4: what an unreadable ownership record does to the parties of its device, and what lifts it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "indexer/store/ledger.h"
#include "schemas/limits.h"
#include "tests/store/ledger_records.h"
#include "tests/support/seed.h"

namespace satindex::store {
namespace {

using schemas::Relation;
using schemas::limits::kUnreadablePerDeviceMax;
using testing::Random;

constexpr std::string_view k2024 = "2024-01-01T00:00:00Z";

void readable(DeviceLedger& l, int64_t offset, std::string_view party,
              Relation relation = kSupplier) {
  l.apply(record(relation, party, k2024, "", 1), offset);
}

TEST(LedgerSuspension, EveryPartyOfTheDeviceIsSuspendedKnownOrNot) {
  DeviceLedger l;
  readable(l, 1, "P");
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
  l.note_unreadable(2);
  EXPECT_TRUE(l.any_unreadable());
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  EXPECT_TRUE(l.suspended(kOperator, "P"));
  EXPECT_TRUE(l.suspended(kSupplier, "NEVER-SEEN"));
}

TEST(LedgerSuspension, AnUnreadableRecordAloneMakesALedger) {
  DeviceLedger l;
  EXPECT_TRUE(l.empty());
  l.note_unreadable(0);
  EXPECT_FALSE(l.empty());
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  EXPECT_EQ(l.spans(kSupplier, "P", INT64_MAX), std::vector<Span>{});
}

TEST(LedgerSuspension, ALaterReadableRecordLiftsItForItsRelationAndPartyOnly) {
  DeviceLedger l;
  readable(l, 1, "P");
  l.note_unreadable(2);
  EXPECT_EQ(l.apply(record(kSupplier, "P", k2024, "", 1), 3),
            LedgerChange::kSame);  // same version: enough
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
  EXPECT_TRUE(l.suspended(kOperator, "P"));
  EXPECT_TRUE(l.suspended(kSupplier, "Q"));
  l.note_unreadable(4);
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
}

TEST(LedgerSuspension, AnOlderVersionLiftsToo) {
  DeviceLedger l;
  l.apply(record(kSupplier, "P", k2024, "", 9), 1);
  l.note_unreadable(2);
  EXPECT_EQ(l.apply(record(kSupplier, "P", k2024, "", 8), 3), LedgerChange::kOlder);
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
}

TEST(LedgerSuspension, TheOffsetDecidesNotTheArrival) {
  DeviceLedger l;
  l.note_unreadable(10);
  readable(l, 7, "P");  // an earlier record, read again now
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  readable(l, 10, "P");  // the same place is not a later one
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  readable(l, 11, "P");
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
  readable(l, 8, "P");  // and an earlier one takes nothing back
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
}

TEST(LedgerSuspension, AReplaySettledButNotYetLiftedLiftsNothing) {
  for (const int64_t first : {3, 5}) {  // alone, and as the later of two
    DeviceLedger l;
    l.note_unreadable(first);
    l.note_unreadable(5);
    readable(l, 5, "P");
    EXPECT_TRUE(l.suspended(kSupplier, "P"));
    EXPECT_EQ(DeviceLedger::decode(l.encode()).value(), l);
    EXPECT_TRUE(l.lift_unreadable(5));
    EXPECT_FALSE(l.suspended(kSupplier, "P"));  // it is later than 3
  }
}

TEST(LedgerSuspension, ReadAgainWithSuccessLiftsItForAll) {
  DeviceLedger l;
  l.note_unreadable(5);
  l.note_unreadable(8);
  EXPECT_FALSE(l.lift_unreadable(6));
  EXPECT_TRUE(l.lift_unreadable(8));
  EXPECT_FALSE(l.lift_unreadable(8));
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  EXPECT_TRUE(l.lift_unreadable(5));
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
  EXPECT_TRUE(l.empty());
  EXPECT_EQ(l, DeviceLedger());
}

TEST(LedgerSuspension, AReadableRecordBetweenTwoCountsOnceTheLaterIsLifted) {
  DeviceLedger l;
  l.note_unreadable(5);
  readable(l, 6, "P");
  l.note_unreadable(8);
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  EXPECT_TRUE(l.lift_unreadable(8));
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
  EXPECT_TRUE(l.suspended(kSupplier, "Q"));
}

TEST(LedgerSuspension, TheSameOffsetAgainChangesNothing) {
  DeviceLedger l;
  l.note_unreadable(5);
  readable(l, 6, "P");
  const DeviceLedger before = l;
  l.note_unreadable(5);
  EXPECT_EQ(l, before);
}

TEST(LedgerSuspension, ALiftedLedgerIsTheLedgerThatNeverHadIt) {
  DeviceLedger never, lifted;
  readable(never, 1, "P");
  lifted.note_unreadable(0);
  readable(lifted, 1, "P");
  lifted.lift_unreadable(0);
  EXPECT_EQ(lifted, never);
  EXPECT_EQ(lifted.encode(), never.encode());
}

TEST(LedgerSuspension, MergingIntervalsDoesNotMixSuspensions) {
  DeviceLedger a, b;
  readable(a, 1, "P");
  b.note_unreadable(1);
  readable(b, 2, "Q");
  a.merge_intervals(b);
  EXPECT_EQ(a.intervals().size(), 2u);
  EXPECT_FALSE(a.any_unreadable());
}

TEST(LedgerSuspension, MemoryIsBoundedAndTheFoldedOnesAreNeverLifted) {
  DeviceLedger l;
  const auto max = static_cast<int64_t>(kUnreadablePerDeviceMax);
  for (int64_t offset = 0; offset < 10'000; ++offset) l.note_unreadable(offset);
  EXPECT_LE(l.encode().size(), 64u);
  EXPECT_FALSE(l.lift_unreadable(9'999 - max));  // folded
  for (int64_t k = 0; k < max; ++k) EXPECT_TRUE(l.lift_unreadable(9'999 - k));
  EXPECT_TRUE(l.any_unreadable());
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  l.note_unreadable(3);  // folded already
  readable(l, 9'999 - max, "P");
  EXPECT_TRUE(l.suspended(kSupplier, "P"));
  readable(l, 10'000 - max, "P");  // later than every folded one
  EXPECT_FALSE(l.suspended(kSupplier, "P"));
  EXPECT_TRUE(l.suspended(kSupplier, "Q"));
}

TEST(LedgerSuspension, FoldingDoesNotDependOnTheOrderOfArrival) {
  DeviceLedger up, down;
  for (int64_t offset = 0; offset < 40; ++offset) {
    up.note_unreadable(offset);
    down.note_unreadable(39 - offset);
  }
  EXPECT_EQ(up, down);
}

// A log of readable and unreadable records, then some read again, against the sentence of the contract.
TEST(LedgerSuspensionProperty, AgreesWithTheContractsSentence) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(3);
  static const std::string_view parties[] = {"P", "Q", "R"};
  for (int round = 0; round < 3000; ++round) {
    DeviceLedger l;
    std::set<int64_t> unreadable;
    std::map<std::pair<Relation, std::string_view>, int64_t> last_readable;
    for (int64_t offset = 0, end = 1 + static_cast<int64_t>(random.below(40)); offset < end;
         ++offset) {
      if (random.one_in(3) && unreadable.size() < kUnreadablePerDeviceMax) {
        l.note_unreadable(offset);
        unreadable.insert(offset);
      } else if (random.one_in(5) && !unreadable.empty()) {
        const int64_t again =
            *std::next(unreadable.begin(), static_cast<long>(random.below(unreadable.size())));
        const std::string_view party = random.pick(parties);
        readable(l, again, party);  // as a replay does: settled at its own offset, then lifted
        ASSERT_TRUE(l.lift_unreadable(again));
        unreadable.erase(again);
        int64_t& last = last_readable.try_emplace({kSupplier, party}, -1).first->second;
        last = std::max(last, again);
      } else {
        const Relation relation = random.one_in(2) ? kSupplier : kOperator;
        const std::string_view party = random.pick(parties);
        readable(l, offset, party, relation);
        last_readable[{relation, party}] = offset;
      }
      for (const Relation relation : {kSupplier, kOperator}) {
        for (const std::string_view party : parties) {
          const auto at = last_readable.find({relation, party});
          const int64_t last = at == last_readable.end() ? -1 : at->second;
          const bool expected = unreadable.upper_bound(last - 1) != unreadable.end();
          ASSERT_EQ(l.suspended(relation, party), expected)
              << "round " << round << " offset " << offset;
        }
      }
      ASSERT_EQ(DeviceLedger::decode(l.encode()).value(), l);
    }
  }
}

}  // namespace
}  // namespace satindex::store
