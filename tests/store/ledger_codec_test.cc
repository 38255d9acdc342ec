// The ledger's bytes: exact, compact, one encoding for one ledger, and nothing else is taken.
// Strategy: golden bytes; random ledgers there and back; then every truncation and random spoilt bytes.
// Invariants: decode never crashes, and what it takes encodes to the same bytes.
#include <gtest/gtest.h>

#include <string>

#include "indexer/store/ledger.h"
#include "tests/store/ledger_records.h"
#include "tests/support/seed.h"

namespace satindex::store {
namespace {

using testing::Random;

std::string bytes(std::initializer_list<int> list) {
  std::string s;
  for (const int b : list) s.push_back(static_cast<char>(b));
  return s;
}

DeviceLedger random_ledger(Random& random) {
  static const std::string_view parties[] = {"P", "QQ", "A-PARTY-WITH-A-NAME"};
  static const std::string_view times[] = {"0000-01-01T00:00:00Z", "1999-12-31T23:59:59.123456789Z",
                                           "2024-05-01T00:00:00Z", "2024-05-01T00:00:00.000000001Z",
                                           "9999-12-31T23:59:59.999999999Z"};
  DeviceLedger l;
  for (int64_t offset = 0, end = static_cast<int64_t>(random.below(30)); offset < end; ++offset) {
    if (random.one_in(3)) {
      l.note_unreadable(offset * 1'000'000);
      continue;
    }
    const size_t from = random.below(5);
    const size_t to = random.below(6);
    const bool ordered = to == 5 || to >= from;
    l.apply(record(random.one_in(3) ? kOperator : kSupplier, random.pick(parties), times[from],
                   to == 5 ? "" : times[to], random.one_in(4) ? UINT64_MAX : random.below(300),
                   !ordered || random.one_in(4)),
            offset * 1'000'000);
  }
  return l;
}

TEST(LedgerCodec, GoldenBytes) {
  DeviceLedger l;
  EXPECT_EQ(l.encode(), bytes({1, 0}));
  l.apply(record(kSupplier, "AB", "1970-01-01T00:00:10Z", "1970-01-01T00:01:10Z", 5), 3);
  EXPECT_EQ(l.encode(), bytes({1, 2, 4, 2, 'A', 'B', 20, 120, 5}));
  l.apply(record(kSupplier, "AB", "1970-01-01T00:01:10.000000003Z", "", 300, true), 3);
  EXPECT_EQ(l.encode(), bytes({1, 4, 4, 2, 'A', 'B', 20, 120, 5, 32 + 8 + 2, 120, 3, 0xAC, 2}));
  l.note_unreadable(4);
  l.note_unreadable(7);
  l.apply(record(kOperator, "AB", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000000009Z", 0), 9);
  EXPECT_EQ(l.encode(),
            bytes({1,          7,   4,   2,    'A', 'B', 20, 120, 5,  //
                   32 + 8 + 2, 120, 3,   0xAC, 2,                     //
                   16 + 4 + 1, 2,   'A', 'B',  141, 1,   0,  9,   0,  // 71 s before the last
                   0,          2,   5,   3,    1,   1,   2,  'A', 'B', 5}));  // 4 and 7; since 9
}

TEST(LedgerCodec, ACommonDeviceIsSmall) {
  DeviceLedger l;  // two suppliers one after the other, with the longer of the usual names
  l.apply(record(kSupplier, "SUPPLIER-001", "2022-03-04T05:06:07Z", "2024-05-06T07:08:09Z", 2), 0);
  l.apply(record(kSupplier, "SUPPLIER-002", "2024-05-06T07:08:09Z", "", 1), 0);
  EXPECT_LE(l.encode().size(), 50u);
  DeviceLedger both_ended = l;
  both_ended.apply(
      record(kSupplier, "SUPPLIER-002", "2024-05-06T07:08:09Z", "2025-05-06T07:08:09Z", 2), 0);
  EXPECT_LE(both_ended.encode().size(), 50u);
}

TEST(LedgerCodec, ThereAndBack) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(4);
  for (int round = 0; round < 3000; ++round) {
    const DeviceLedger l = random_ledger(random);
    const auto back = DeviceLedger::decode(l.encode());
    ASSERT_TRUE(back.has_value()) << "round " << round;
    ASSERT_EQ(*back, l) << "round " << round;
  }
}

TEST(LedgerCodec, NoTruncationAndNoTailIsTaken) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const std::string whole = random_ledger(random).encode();
    for (size_t size = 0; size < whole.size(); ++size) {
      const auto cut = DeviceLedger::decode(std::string_view(whole).substr(0, size));
      ASSERT_FALSE(cut.has_value()) << "round " << round << " size " << size;
      ASSERT_EQ(cut.error().code, schemas::StatusCode::kCorrupt);
    }
    ASSERT_FALSE(DeviceLedger::decode(whole + '\0').has_value());
  }
}

TEST(LedgerCodec, WhatIsTakenHasOneEncoding) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(6);
  size_t taken = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string spoilt = random_ledger(random).encode();
    for (uint64_t n = 1 + random.below(3); n > 0; --n) {
      const size_t place = random.below(spoilt.size());
      switch (random.below(4)) {
        case 0:
          spoilt[place] = static_cast<char>(random.below(256));
          break;
        case 1:
          spoilt[place] = static_cast<char>(spoilt[place] ^ (1 << random.below(8)));
          break;
        case 2:
          spoilt.insert(place, 1, static_cast<char>(random.below(256)));
          break;
        default:
          spoilt.erase(place, 1 + random.below(4));
          if (spoilt.empty()) spoilt.push_back('\1');
      }
    }
    const auto ledger = DeviceLedger::decode(spoilt);
    if (!ledger) continue;
    ++taken;
    ASSERT_EQ(ledger->encode(), spoilt) << "round " << round;
  }
  EXPECT_GT(taken, 0u);  // else the test would prove nothing
}

TEST(LedgerCodec, MalformedOneByOne) {
  const auto refused = [](std::initializer_list<int> list) {
    return !DeviceLedger::decode(bytes(list)).has_value();
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({2, 0}));           // a format of the future
  EXPECT_TRUE(refused({1, 0x80, 0}));     // not the shortest varint
  EXPECT_TRUE(refused({1, 1, 0, 0, 0}));  // suspensions, but none
  EXPECT_TRUE(
      refused({1, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1}));  // 2^63 intervals
  EXPECT_FALSE(refused({1, 2, 0, 1, 'P', 20, 5}));
  EXPECT_TRUE(refused({1, 2, 64, 1, 'P', 20, 5}));    // an unknown bit
  EXPECT_TRUE(refused({1, 2, 32, 20, 5}));            // the party before the first
  EXPECT_TRUE(refused({1, 2, 0, 0, 20, 5}));          // a party without a name
  EXPECT_TRUE(refused({1, 2, 0, 65, 'P', 20, 5}));    // a name beyond the limit
  EXPECT_TRUE(refused({1, 2, 8, 1, 'P', 20, 0, 5}));  // nanoseconds that are none
  EXPECT_TRUE(
      refused({1, 2, 8, 1, 'P', 20, 0x80, 0x94, 0xEB, 0xDC, 3, 5}));  // a second of nanoseconds
  EXPECT_TRUE(refused({1, 2, 16, 1, 'P', 20, 5}));           // nanoseconds of an end that is open
  EXPECT_TRUE(refused({1, 4, 0, 1, 'P', 20, 5, 32, 0, 5}));  // one identity twice
  EXPECT_TRUE(refused({1, 4, 0, 1, 'P', 20, 5, 32, 1, 5}));  // descending
  EXPECT_TRUE(refused(
      {1, 4, 0, 1, 'P', 20, 5, 0, 1, 'P', 20, 5}));  // the long form where the short one fits
  EXPECT_TRUE(refused({1, 2, 0, 1, 'P', 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1,
                       5}));  // no such year
  EXPECT_FALSE(refused({1, 1, 0, 1, 5, 0}));
  EXPECT_TRUE(refused({1, 1, 0, 2, 5, 0, 0}));             // one unreadable offset twice
  EXPECT_TRUE(refused({1, 1, 0, 1, 5, 1, 2, 1, 'P', 1}));  // an unknown relation
  EXPECT_TRUE(refused({1, 1, 0, 1, 5, 1, 0, 1, 'P', 0}));  // readable at no later offset
  EXPECT_TRUE(refused(
      {1, 1, 0, 17, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}));  // beyond the bound
}

}  // namespace
}  // namespace satindex::store
