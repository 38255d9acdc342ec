// The checkpoint's bytes: exact, there and back, and nothing else is taken.
#include "indexer/store/checkpoint.h"

#include <gtest/gtest.h>

#include "tests/support/seed.h"

namespace satindex::store {
namespace {

using testing::Random;

uint64_t any_count(Random& random) { return random.engine()() >> random.below(64); }

TopicProgress random_progress(Random& random) {
  TopicProgress p;
  p.next_offset = static_cast<int64_t>(any_count(random) >> 1) - 1;
  p.last_record_offset = static_cast<int64_t>(any_count(random) >> 1) - 1;
  p.last_record_hash = random.engine()();
  p.consumed = any_count(random);
  p.indexed = any_count(random);
  p.duplicates = any_count(random);
  p.dead_lettered = any_count(random);
  p.expired = any_count(random);
  return p;
}

Checkpoint random_checkpoint(Random& random) {
  Checkpoint c;
  c.events = random_progress(random);
  c.ownership = random_progress(random);
  c.partitioners = static_cast<uint8_t>(random.below(4));
  c.placed = static_cast<uint8_t>(random.below(4));
  c.ownership_conflicts = any_count(random);
  c.misplaced = any_count(random);
  c.next_chunk = static_cast<uint32_t>(random.engine()());
  c.next_task = static_cast<uint32_t>(random.engine()());
  for (int t = 0; t < 2; ++t) {
    c.sealed_gap[t] = random.one_in(2);
    c.recreated[t] = random.one_in(2);
  }
  return c;
}

TEST(Checkpoint, ANewOneStartsAtTheBeginning) {
  const Checkpoint c;
  EXPECT_EQ(c.of(Topic::kEvents).next_offset, -1);
  EXPECT_EQ(c.of(Topic::kOwnership).last_record_offset, -1);
  EXPECT_EQ(c.partitioners, kPartitionerAll);
  EXPECT_EQ(c.placed, kPartitionerAll);
  EXPECT_EQ(Checkpoint::decode(c.encode()).value(), c);
}

TEST(Checkpoint, GoldenBytes) {
  Checkpoint c;
  c.events = {300, 298, 0x0102030405060708, 300, 290, 3, 5, 2};
  c.partitioners = kPartitionerCrc32;
  c.placed = kPartitionerAll;
  c.ownership_conflicts = 9;
  c.misplaced = 10;
  c.next_chunk = 11;
  c.next_task = 12;
  c.sealed_gap[1] = true;
  c.recreated[0] = true;
  const unsigned char expected[] = {1, 0xAD, 2, 0xAB, 2, 8, 7, 6, 5, 4, 3,  2,  1,  0xAC,
                                    2, 0xA2, 2, 3,    5, 2, 0, 0, 0, 0, 0,  0,  0,  0,
                                    0, 0,    0, 0,    0, 0, 0, 2, 3, 9, 10, 11, 12, 6};
  EXPECT_EQ(c.encode(), std::string(reinterpret_cast<const char*>(expected), sizeof expected));
}

TEST(Checkpoint, ThereAndBackAndNoTruncation) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    const Checkpoint c = random_checkpoint(random);
    const std::string whole = c.encode();
    const auto back = Checkpoint::decode(whole);
    ASSERT_TRUE(back.has_value());
    ASSERT_EQ(*back, c);
    const size_t size = random.below(whole.size());
    ASSERT_FALSE(Checkpoint::decode(std::string_view(whole).substr(0, size)).has_value());
    ASSERT_FALSE(Checkpoint::decode(whole + '\0').has_value());
  }
}

TEST(Checkpoint, SpoiltBytesAreRefusedOrMeanOneCheckpoint) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(8);
  for (int round = 0; round < 20'000; ++round) {
    std::string spoilt = random_checkpoint(random).encode();
    spoilt[random.below(spoilt.size())] = static_cast<char>(random.below(256));
    const auto c = Checkpoint::decode(spoilt);
    if (c) {
      ASSERT_EQ(c->encode(), spoilt);
    } else {
      ASSERT_EQ(c.error().code, schemas::StatusCode::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace satindex::store
