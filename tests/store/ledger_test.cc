// The ledger's rules one by one (CONTRACT 1.2, 1.3, 1.4), then as a whole: any order and any split give one ledger.
#include "indexer/store/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "schemas/limits.h"
#include "tests/store/ledger_records.h"
#include "tests/support/seed.h"

namespace satindex::store {
namespace {

using schemas::OwnershipRecord;
using schemas::Relation;
using testing::Random;

constexpr std::string_view k2024 = "2024-01-01T00:00:00Z";
constexpr std::string_view k2025 = "2025-01-01T00:00:00Z";
constexpr std::string_view k2026 = "2026-01-01T00:00:00Z";

std::vector<Span> all(const DeviceLedger& l, std::string_view party = "P",
                      Relation relation = kSupplier) {
  return l.spans(relation, party, INT64_MAX);
}

TEST(LedgerApply, HighestVersionWinsInEitherOrder) {
  DeviceLedger up;
  EXPECT_EQ(up.apply(record(kSupplier, "P", k2024, "", 1), 0), LedgerChange::kNew);
  EXPECT_EQ(up.apply(record(kSupplier, "P", k2024, k2025, 2), 1), LedgerChange::kReplaced);
  DeviceLedger down;
  EXPECT_EQ(down.apply(record(kSupplier, "P", k2024, k2025, 2), 0), LedgerChange::kNew);
  EXPECT_EQ(down.apply(record(kSupplier, "P", k2024, "", 1), 1), LedgerChange::kOlder);
  EXPECT_EQ(up, down);
  EXPECT_EQ(all(up), (std::vector<Span>{{ns(k2024), ns(k2025)}}));
}

TEST(LedgerApply, SameVersionSameContentChangesNothing) {
  DeviceLedger l;
  l.apply(record(kSupplier, "P", k2024, k2025, 7), 0);
  const DeviceLedger before = l;
  EXPECT_EQ(l.apply(record(kSupplier, "P", k2024, k2025, 7), 1), LedgerChange::kSame);
  // Another precision of the same instants is the same content.
  EXPECT_EQ(
      l.apply(record(kSupplier, "P", "2024-01-01T00:00:00.000+00:00", "2025-01-01T00:00:00.0Z", 7),
              2),
      LedgerChange::kSame);
  EXPECT_EQ(l, before);
}

TEST(LedgerApply, EachPartOfTheIdentityMakesAnIntervalOfItsOwn) {
  DeviceLedger l;
  EXPECT_EQ(l.apply(record(kSupplier, "P", k2024, "", 1), 0), LedgerChange::kNew);
  EXPECT_EQ(l.apply(record(kOperator, "P", k2024, "", 1), 1), LedgerChange::kNew);
  EXPECT_EQ(l.apply(record(kSupplier, "Q", k2024, "", 1), 2), LedgerChange::kNew);
  EXPECT_EQ(l.apply(record(kSupplier, "P", k2025, "", 1), 3), LedgerChange::kNew);
  EXPECT_EQ(l.apply(record(kSupplier, "P", "2024-01-01T00:00:00.000000001Z", "", 1), 4),
            LedgerChange::kNew);
  EXPECT_EQ(l.intervals().size(), 5u);
}

struct Conflict {
  std::string_view loser_to;
  bool loser_withdrawn;
  std::string_view winner_to;
  bool winner_withdrawn;
};

TEST(LedgerApply, ConflictIsSettledTheSameWayInEitherOrder) {
  const std::string_view later = "2025-01-01T00:00:00.000000001Z";
  for (const Conflict& c : {Conflict{"", false, k2025, false},     // an open end is the latest
                            Conflict{k2026, false, k2025, false},  // the earlier end
                            Conflict{later, false, k2025, false},  // by a nanosecond
                            Conflict{k2025, false, "", true},      // withdrawn before any end
                            Conflict{k2025, false, k2026, true},   //
                            Conflict{"", true, k2025, true},  // both withdrawn: still one of them
                            Conflict{k2026, true, k2025, true}}) {
    const auto loser = record(kSupplier, "P", k2024, c.loser_to, 3, c.loser_withdrawn);
    const auto winner = record(kSupplier, "P", k2024, c.winner_to, 3, c.winner_withdrawn);
    DeviceLedger first;
    first.apply(winner, 0);
    const DeviceLedger expected = first;
    EXPECT_EQ(first.apply(loser, 1), LedgerChange::kConflict) << c.loser_to << c.winner_to;
    EXPECT_EQ(first, expected);
    DeviceLedger second;
    second.apply(loser, 0);
    EXPECT_EQ(second.apply(winner, 1), LedgerChange::kConflictReplaced);
    EXPECT_EQ(second, expected);
  }
}

TEST(LedgerApply, IntervalsAreSortedByIdentity) {
  DeviceLedger l;
  l.apply(record(kOperator, "A", k2024, "", 1), 0);
  l.apply(record(kSupplier, "Q", k2024, "", 1), 1);
  l.apply(record(kSupplier, "P", k2025, "", 1), 2);
  l.apply(record(kSupplier, "P", k2024, k2025, 1), 3);
  ASSERT_EQ(l.intervals().size(), 4u);
  EXPECT_EQ(l.intervals()[0].valid_from, at(k2024));
  EXPECT_EQ(l.intervals()[1].valid_from, at(k2025));
  EXPECT_EQ(l.intervals()[2].party, "Q");
  EXPECT_EQ(l.intervals()[3].relation, kOperator);
}

std::optional<Span> usable(std::string_view from, std::string_view to, bool withdrawn = false) {
  DeviceLedger l;
  l.apply(record(kSupplier, "P", from, to, 1, withdrawn), 0);
  return l.intervals()[0].usable();
}

TEST(LedgerUsable, EndsAreClampedOnlyForUse) {
  EXPECT_EQ(usable(k2024, k2025), (Span{ns(k2024), ns(k2025)}));
  EXPECT_EQ(usable(k2024, ""), (Span{ns(k2024), INT64_MAX}));
  EXPECT_EQ(usable("0000-01-01T00:00:00Z", k2025), (Span{0, ns(k2025)}));
  EXPECT_EQ(usable("1969-12-31T23:59:59.999999999Z", k2025), (Span{0, ns(k2025)}));
  EXPECT_EQ(usable("1960-01-01T00:00:00Z", "1970-01-01T00:00:00.000000001Z"), (Span{0, 1}));
  EXPECT_EQ(usable(k2024, "2261-12-31T23:59:59.999999999Z"),
            (Span{ns(k2024), schemas::kEventTimeMaxNs}));
  EXPECT_EQ(usable(k2024, "2262-01-01T00:00:00Z"), (Span{ns(k2024), INT64_MAX}));
  EXPECT_EQ(usable(k2024, "9999-12-31T23:59:59.999999999Z"), (Span{ns(k2024), INT64_MAX}));
  EXPECT_EQ(usable("2261-12-31T23:59:59.999999999Z", ""),
            (Span{schemas::kEventTimeMaxNs, INT64_MAX}));
}

TEST(LedgerUsable, WhatNeverHeld) {
  EXPECT_EQ(usable(k2024, k2024), std::nullopt);
  EXPECT_EQ(usable(k2024, k2025, true), std::nullopt);
  EXPECT_EQ(usable(k2024, "", true), std::nullopt);
  EXPECT_EQ(usable(k2025, k2024, true), std::nullopt);
  EXPECT_EQ(usable("2262-01-01T00:00:00Z", ""), std::nullopt);
  EXPECT_EQ(usable("9999-12-31T23:59:59Z", ""), std::nullopt);
  EXPECT_EQ(usable("1960-01-01T00:00:00Z", "1970-01-01T00:00:00Z"), std::nullopt);
  EXPECT_EQ(usable("1960-01-01T00:00:00Z", "1965-01-01T00:00:00Z"), std::nullopt);
}

TEST(LedgerApply, IdentityAndOrderUseTheTimesAsWritten) {
  DeviceLedger l;  // both count as 1970 for use, and are two intervals
  l.apply(record(kSupplier, "P", "1950-01-01T00:00:00Z", k2024, 1), 0);
  l.apply(record(kSupplier, "P", "1960-01-01T00:00:00Z", k2025, 1), 1);
  EXPECT_EQ(l.intervals().size(), 2u);
  EXPECT_EQ(all(l), (std::vector<Span>{{0, ns(k2025)}}));
  DeviceLedger far;  // both ends are open for use, and the earlier wins as written
  far.apply(record(kSupplier, "P", k2024, "2300-01-01T00:00:00Z", 1), 0);
  EXPECT_EQ(far.apply(record(kSupplier, "P", k2024, "2299-01-01T00:00:00Z", 1), 1),
            LedgerChange::kConflictReplaced);
}

TEST(LedgerSpans, OnlyThePartysOwnInTheRelationAndBegun) {
  DeviceLedger l;
  l.apply(record(kSupplier, "P", k2024, k2025, 1), 0);
  l.apply(record(kSupplier, "Q", k2025, "", 1), 1);
  l.apply(record(kOperator, "P", "2020-01-01T00:00:00Z", "", 1), 2);
  l.apply(record(kSupplier, "P", k2026, "", 1), 3);
  EXPECT_EQ(all(l), (std::vector<Span>{{ns(k2024), ns(k2025)}, {ns(k2026), INT64_MAX}}));
  EXPECT_EQ(l.spans(kSupplier, "P", ns(k2026) - 1), (std::vector<Span>{{ns(k2024), ns(k2025)}}));
  EXPECT_EQ(l.spans(kSupplier, "P", ns(k2026)).size(), 2u);  // begins now: begun
  EXPECT_EQ(l.spans(kSupplier, "P", ns(k2024) - 1), std::vector<Span>{});
  EXPECT_EQ(all(l, "p"), std::vector<Span>{});  // parties are compared as written
  EXPECT_EQ(all(l, "Q", kOperator), std::vector<Span>{});
}

TEST(LedgerSpans, OverlappingAndTouchingAreOne) {
  DeviceLedger l;
  l.apply(record(kSupplier, "P", k2024, k2026, 1), 0);
  l.apply(record(kSupplier, "P", "2024-06-01T00:00:00Z", k2025, 1), 1);  // inside
  l.apply(record(kSupplier, "P", k2026, "2027-01-01T00:00:00Z", 1), 2);  // touches
  l.apply(record(kSupplier, "P", "2027-01-01T00:00:00.000000001Z", "", 1),
          3);  // a nanosecond apart
  EXPECT_EQ(all(l), (std::vector<Span>{{ns(k2024), ns("2027-01-01T00:00:00Z")},
                                       {ns("2027-01-01T00:00:00Z") + 1, INT64_MAX}}));
}

TEST(LedgerSpans, AWithdrawnVersionTakesTheIntervalAway) {
  DeviceLedger l;
  l.apply(record(kSupplier, "P", k2024, "", 1), 0);
  l.apply(record(kSupplier, "P", k2024, "", 2, true), 1);
  EXPECT_EQ(all(l), std::vector<Span>{});
  l.apply(record(kSupplier, "P", k2024, "", 3), 2);
  EXPECT_EQ(all(l).size(), 1u);
}

// --- as a whole ------------------------------------------------------------------------------------------------------

using Identity = std::tuple<Relation, std::string, int64_t, uint32_t>;
// What decides between two records of one identity, greatest wins: version, withdrawn, then how early the end is.
using Rank = std::tuple<uint64_t, bool, bool, int64_t, int64_t>;

Rank rank(const OwnershipRecord& r) {
  if (!r.valid_to) return {r.version, r.withdrawn, false, 0, 0};
  return {r.version, r.withdrawn, true, -r.valid_to->seconds, -int64_t{r.valid_to->nanos}};
}

std::vector<OwnershipRecord> random_records(Random& random) {
  static const std::string_view parties[] = {"P", "Q", "PARTY-OF-A-LONGER-NAME"};
  static const std::string_view times[] = {"1969-12-31T23:59:59.5Z", k2024,
                                           "2024-01-01T00:00:00.5Z", k2025, "2300-01-01T00:00:00Z"};
  std::vector<OwnershipRecord> records(1 + random.below(40));
  for (OwnershipRecord& r : records) {
    const size_t from = random.below(std::size(times));
    const size_t to = from + random.below(std::size(times) + 1 - from);
    r = record(random.one_in(3) ? kOperator : kSupplier, random.pick(parties), times[from],
               to == std::size(times) ? "" : times[to], random.below(4), random.one_in(4));
  }
  return records;
}

TEST(LedgerProperty, AnyOrderAnySplitAndAnyRepetitionGiveOneLedger) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<OwnershipRecord> records = random_records(random);
    std::map<Identity, OwnershipRecord> model;
    for (const OwnershipRecord& r : records) {
      const Identity id{r.relation, std::string(r.party), r.valid_from.seconds, r.valid_from.nanos};
      const auto [held, fresh] = model.try_emplace(id, r);
      if (!fresh && rank(r) > rank(held->second)) held->second = r;
    }
    DeviceLedger expected;
    for (const auto& [id, r] : model) expected.apply(r, 0);
    ASSERT_EQ(expected.intervals().size(), model.size());

    records.insert(records.end(), records.begin(),
                   records.begin() + static_cast<long>(random.below(records.size())));
    std::shuffle(records.begin(), records.end(), random.engine());
    std::vector<DeviceLedger> parts(1 + random.below(4));
    for (const OwnershipRecord& r : records) parts[random.below(parts.size())].apply(r, 0);
    std::shuffle(parts.begin(), parts.end(), random.engine());
    DeviceLedger merged;
    for (const DeviceLedger& part : parts) merged.merge_intervals(part);
    ASSERT_EQ(merged, expected) << "round " << round;
    ASSERT_EQ(merged.encode(), expected.encode()) << "round " << round;
  }
}

// Spans against the definition, instant by instant, at every edge there is.
TEST(LedgerProperty, SpansAreTheInstantsOfTheUsableBegunIntervals) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(2);
  for (int round = 0; round < 1000; ++round) {
    DeviceLedger l;
    std::set<int64_t> instants = {0, schemas::kEventTimeMaxNs};
    for (const OwnershipRecord& r : random_records(random)) l.apply(r, 0);
    for (const OwnershipInterval& i : l.intervals()) {
      if (const auto u = i.usable())
        instants.insert({u->from_ns, std::max<int64_t>(u->from_ns - 1, 0)});
      if (const auto u = i.usable(); u && u->to_ns != INT64_MAX)
        instants.insert({u->to_ns, u->to_ns - 1});
    }
    for (const int64_t now : instants) {
      const std::vector<Span> spans = l.spans(kSupplier, "P", now);
      for (size_t s = 1; s < spans.size(); ++s) ASSERT_LT(spans[s - 1].to_ns, spans[s].from_ns);
      for (const int64_t t : instants) {
        const bool expected =
            std::any_of(l.intervals().begin(), l.intervals().end(), [&](const auto& i) {
              const auto u = i.usable();
              return i.relation == kSupplier && i.party == "P" && u && u->from_ns <= now &&
                     u->contains(t);
            });
        const bool actual =
            std::any_of(spans.begin(), spans.end(), [&](const Span& s) { return s.contains(t); });
        ASSERT_EQ(actual, expected) << "round " << round << " now " << now << " t " << t;
      }
    }
  }
}

}  // namespace
}  // namespace satindex::store
