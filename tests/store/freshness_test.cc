// The Freshness paragraph of CONTRACT 2, and the partitioners by which it finds the partition that decides.
#include "indexer/store/freshness.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>

namespace satindex::store {
namespace {

using schemas::DeviceId;
using schemas::Eui64;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kWall = 1'700'000'000 * kSecond;
constexpr int64_t kBoot = 5'000 * kSecond;
constexpr int64_t kMax = 60 * kSecond;

DeviceId device(std::string_view text) { return {Eui64::parse(text).value()}; }
const DeviceId kDevice = device("00-DB-12-34-56-78-90-A0");

bool fresh_for(const FreshnessBoard& board, DeviceId device, int64_t wall, int64_t boot,
               int64_t max) {
  return board.look(device, wall, boot, max).fresh;
}
bool all_fresh(const FreshnessBoard& board, int64_t wall, int64_t boot, int64_t max) {
  return board.look(std::nullopt, wall, boot, max).fresh;
}
std::optional<int64_t> as_of(const FreshnessBoard& board, Topic topic) {
  const auto look = board.look(std::nullopt, kWall, kBoot, kMax);
  return topic == Topic::kEvents ? look.events_as_of_ns : look.ownership_as_of_ns;
}

// --- partitioners ----------------------------------------------------------------------------------------------------

TEST(Partitioner,
     Murmur2IsJavas) {  // values of Kafka's own tests, and of its class Utils for the short ones
  const auto java = [](std::string_view key) { return static_cast<int32_t>(murmur2(key)); };
  EXPECT_EQ(java("21"), -973932308);
  EXPECT_EQ(java("foobar"), -790332482);
  EXPECT_EQ(java("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(java("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(java("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(java("abc"), 479470107);
  EXPECT_EQ(java("90-B3-D5-1F-30-01-00-00"), 1411672877);
  EXPECT_EQ(java(""), 275646681);
  EXPECT_EQ(java("a"), -1563381124);
  EXPECT_EQ(java("ab"), 316155434);
  EXPECT_EQ(java("\xC3\xA9\xC3\xBF"), -1748483581);  // bytes beyond 127 are not negative
}

TEST(Partitioner, Crc32IsZlibs) {
  EXPECT_EQ(crc32(""), 0u);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414FA339u);
  EXPECT_EQ(crc32("\xFF\xFF\xFF\xFF"), 0xFFFFFFFFu);
}

TEST(Partitioner,
     PartitionsAreThoseOfLibrdkafka) {  // from rd_kafka_msg_partitioner_murmur2 and _consistent
  constexpr std::array<int32_t, 9> counts = {1, 2, 3, 4, 7, 12, 64, 100, 1000};
  struct Known {
    std::string_view key;
    std::array<std::array<int32_t, 2>, 9> partitions;  // murmur2, consistent
  };
  const Known table[] = {
      {"90-B3-D5-1F-30-01-00-00",
       {{{0, 0}, {1, 0}, {2, 1}, {1, 2}, {6, 2}, {5, 10}, {45, 10}, {77, 30}, {877, 530}}}},
      {"00-DB-12-34-56-78-90-A0",
       {{{0, 0}, {1, 1}, {1, 0}, {1, 3}, {0, 6}, {1, 3}, {61, 35}, {29, 35}, {29, 235}}}},
      {"00-00-00-00-00-00-00-00",
       {{{0, 0}, {1, 1}, {1, 0}, {1, 1}, {1, 2}, {1, 9}, {29, 21}, {33, 33}, {533, 533}}}},
      {"FF-FF-FF-FF-FF-FF-FF-FF",
       {{{0, 0}, {1, 1}, {1, 0}, {3, 1}, {2, 1}, {7, 9}, {27, 21}, {43, 21}, {843, 621}}}},
      // These two have a murmur2 below zero: its sign bit is dropped, it is not negated.
      {"00-00-00-00-00-00-00-01",
       {{{0, 0}, {1, 1}, {0, 1}, {3, 3}, {2, 5}, {3, 7}, {51, 3}, {23, 67}, {723, 667}}}},
      {"AB-CD-EF-01-23-45-67-89",
       {{{0, 0}, {0, 1}, {2, 0}, {2, 3}, {4, 3}, {2, 3}, {38, 43}, {70, 11}, {870, 811}}}},
      {"0A-1B-2C-3D-4E-5F-60-71",
       {{{0, 0}, {1, 0}, {0, 1}, {3, 2}, {2, 3}, {3, 10}, {11, 46}, {91, 14}, {691, 414}}}},
  };
  for (const Known& known : table) {
    for (size_t i = 0; i < counts.size(); ++i) {
      EXPECT_EQ(partition_of(kPartitionerMurmur2, device(known.key), counts[i]),
                known.partitions[i][0])
          << known.key << " of " << counts[i];
      EXPECT_EQ(partition_of(kPartitionerCrc32, device(known.key), counts[i]),
                known.partitions[i][1])
          << known.key << " of " << counts[i];
    }
  }
}

// --- staleness -------------------------------------------------------------------------------------------------------

TEST(Freshness, NeverConfirmedIsNotFresh) {
  FreshnessBoard board(1);
  EXPECT_FALSE(board.fresh(0, kWall, kBoot, kMax));
  EXPECT_FALSE(board.fresh(0, 0, 0, INT64_MAX));
  EXPECT_FALSE(board.fresh(0, -1, -1, kMax));
  EXPECT_EQ(as_of(board, Topic::kOwnership), std::nullopt);
}

TEST(Freshness, LastsForMaxStalenessByWhicheverClockMovedFurther) {
  FreshnessBoard board(1);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  EXPECT_TRUE(board.fresh(0, kWall, kBoot, kMax));
  EXPECT_TRUE(board.fresh(0, kWall + kMax, kBoot + kMax, kMax));
  EXPECT_FALSE(
      board.fresh(0, kWall, kBoot + kMax + 1, kMax));  // the wall clock stands: it was set back
  EXPECT_FALSE(board.fresh(0, kWall + kMax + 1, kBoot, kMax));  // the wall clock was set forward
  EXPECT_FALSE(board.fresh(0, kWall - kMax - 1, kBoot, kMax));  // or back: that is a distance too
  EXPECT_TRUE(board.fresh(0, kWall - kMax, kBoot, kMax));
  EXPECT_FALSE(board.fresh(0, INT64_MIN, kBoot, INT64_MAX));
  EXPECT_TRUE(board.fresh(0, kWall, kBoot, 0));
  EXPECT_FALSE(board.fresh(0, kWall, kBoot + 1, 0));
}

TEST(Freshness, ALaterQuestionCountsFromItsOwnMoment) {
  FreshnessBoard board(1);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  board.confirm(Topic::kOwnership, 0, kWall - 3600 * kSecond,
                kBoot + kSecond);  // the wall clock was set back
  EXPECT_TRUE(board.fresh(0, kWall - 3600 * kSecond, kBoot + kSecond + kMax, kMax));
  EXPECT_FALSE(board.fresh(0, kWall, kBoot + kSecond, kMax));
}

TEST(Freshness, AnAnswerThatComesLateTakesNothingBack) {
  FreshnessBoard board(1);
  board.confirm(Topic::kOwnership, 0, kWall + kSecond, kBoot + kSecond);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  EXPECT_EQ(as_of(board, Topic::kOwnership), kWall + kSecond);
}

TEST(Freshness, EventsDoNotMakeOwnershipFresh) {
  FreshnessBoard board(1);
  board.confirm(Topic::kEvents, 0, kWall, kBoot);
  EXPECT_FALSE(board.fresh(0, kWall, kBoot, kMax));
  EXPECT_EQ(as_of(board, Topic::kEvents), kWall);
  EXPECT_EQ(as_of(board, Topic::kOwnership), std::nullopt);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  board.set_fault(Topic::kEvents, 0, FreshnessFault::kGap);
  EXPECT_TRUE(board.fresh(0, kWall, kBoot, kMax));
}

TEST(Freshness, AsOfIsTheOldestPartitions) {
  FreshnessBoard board(3);
  board.confirm(Topic::kOwnership, 0, kWall + 5, kBoot);
  board.confirm(Topic::kOwnership, 2, kWall + 3, kBoot);
  EXPECT_EQ(as_of(board, Topic::kOwnership), std::nullopt);
  board.confirm(Topic::kOwnership, 1, kWall + 4, kBoot);
  EXPECT_EQ(as_of(board, Topic::kOwnership), kWall + 3);
}

// --- faults ----------------------------------------------------------------------------------------------------------

TEST(Freshness, BeyondTheEndLastsWhileItLasts) {
  FreshnessBoard board(1);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  board.set_fault(Topic::kOwnership, 0, FreshnessFault::kBeyondEnd);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  EXPECT_FALSE(board.fresh(0, kWall, kBoot, kMax));
  board.set_fault(Topic::kOwnership, 0, FreshnessFault::kNone);
  EXPECT_TRUE(board.fresh(0, kWall, kBoot, kMax));
}

TEST(Freshness, GapAndRecreatedStay) {
  for (const FreshnessFault fault : {FreshnessFault::kGap, FreshnessFault::kRecreated}) {
    FreshnessBoard board(1);
    board.set_fault(Topic::kOwnership, 0, FreshnessFault::kBeyondEnd);
    board.set_fault(Topic::kOwnership, 0, fault);
    for (const FreshnessFault later : {FreshnessFault::kNone, FreshnessFault::kBeyondEnd}) {
      board.set_fault(Topic::kOwnership, 0, later);
      board.confirm(Topic::kOwnership, 0, kWall, kBoot);
      EXPECT_FALSE(board.fresh(0, kWall, kBoot, kMax));
      EXPECT_EQ(board.state(Topic::kOwnership, 0).fault, fault);
    }
  }
}

TEST(Freshness, APartitionNotYetReadMakesNoneFresh) {
  FreshnessBoard board(2);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  board.confirm(Topic::kOwnership, 1, kWall, kBoot);
  EXPECT_TRUE(all_fresh(board, kWall, kBoot, kMax));
  board.set_unread_partitions(true);
  EXPECT_FALSE(board.fresh(0, kWall, kBoot, kMax));
  EXPECT_FALSE(all_fresh(board, kWall, kBoot, kMax));
  EXPECT_FALSE(fresh_for(board, kDevice, kWall, kBoot, kMax));
  board.set_unread_partitions(false);
  EXPECT_TRUE(board.fresh(1, kWall, kBoot, kMax));
}

TEST(Freshness, AllNeedsEachAndAtLeastOne) {
  FreshnessBoard board(2);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  EXPECT_FALSE(all_fresh(board, kWall, kBoot, kMax));
  EXPECT_FALSE(all_fresh(FreshnessBoard(0), kWall, kBoot, kMax));
  EXPECT_EQ(as_of(FreshnessBoard(0), Topic::kOwnership), std::nullopt);
  EXPECT_FALSE(fresh_for(FreshnessBoard(0), kDevice, kWall, kBoot, kMax));
}

// --- which partition decides -----------------------------------------------------------------------------------------

TEST(Deciding, OnePartitionDecidesForItself) {
  FreshnessBoard board(1);
  EXPECT_EQ(board.deciding_partition(kDevice), 0);
  board.set_partitioners(0, 0);
  EXPECT_EQ(board.deciding_partition(kDevice), 0);
}

TEST(Deciding, ThePartitionerThatFitsEveryPartition) {
  FreshnessBoard board(12);                                    // kDevice: 1 by murmur2, 3 by CRC-32
  EXPECT_EQ(board.deciding_partition(kDevice), std::nullopt);  // both fit and differ
  board.set_partitioners(4, kPartitionerMurmur2);
  EXPECT_EQ(board.deciding_partition(kDevice), 1);
  board.set_partitioners(5, kPartitionerCrc32);
  EXPECT_EQ(board.deciding_partition(kDevice), std::nullopt);  // none fits all
  board.set_partitioners(4, kPartitionerAll);
  EXPECT_EQ(board.deciding_partition(kDevice), 3);
  board.set_partitioners(11, 0);
  EXPECT_EQ(board.deciding_partition(kDevice), std::nullopt);
}

TEST(Deciding, SeveralThatAgreeDecideTogether) {
  FreshnessBoard board(2);  // kDevice: 1 by both
  EXPECT_EQ(board.deciding_partition(kDevice), 1);
  EXPECT_EQ(board.deciding_partition(device("90-B3-D5-1F-30-01-00-00")), std::nullopt);  // 1 and 0
}

TEST(Deciding, FreshForADeviceIsItsPartitionOrAll) {
  FreshnessBoard board(2);
  board.confirm(Topic::kOwnership, 1, kWall, kBoot);
  EXPECT_TRUE(fresh_for(board, kDevice, kWall, kBoot, kMax));
  EXPECT_FALSE(fresh_for(board, kDevice, kWall, kBoot + kMax + 1, kMax));
  const DeviceId unclear = device("90-B3-D5-1F-30-01-00-00");
  EXPECT_FALSE(fresh_for(board, unclear, kWall, kBoot, kMax));
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  EXPECT_TRUE(fresh_for(board, unclear, kWall, kBoot, kMax));
  board.set_fault(Topic::kOwnership, 1, FreshnessFault::kBeyondEnd);
  EXPECT_FALSE(fresh_for(board, kDevice, kWall, kBoot, kMax));
}

// --- readiness -------------------------------------------------------------------------------------------------------

TEST(Settled, EachFoundFreshOrFoundUnableToBe) {
  FreshnessBoard board(4);
  EXPECT_FALSE(board.settled());
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  board.set_fault(Topic::kOwnership, 1, FreshnessFault::kGap);
  board.set_never_fresh_reason(2, "hanging transaction");
  EXPECT_FALSE(board.settled());
  board.set_fault(Topic::kOwnership, 3, FreshnessFault::kRecreated);
  EXPECT_TRUE(board.settled());
  EXPECT_FALSE(all_fresh(board, kWall, kBoot, kMax));
  EXPECT_EQ(board.state(Topic::kOwnership, 2).never_fresh_reason, "hanging transaction");
}

TEST(Settled, StaysSoAndIsNotReachedByAConfirmationThatMeansNothing) {
  FreshnessBoard board(1);
  board.set_fault(Topic::kOwnership, 0, FreshnessFault::kBeyondEnd);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot);
  EXPECT_FALSE(board.settled());
  board.set_fault(Topic::kOwnership, 0, FreshnessFault::kNone);
  board.set_unread_partitions(true);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot + 1);
  EXPECT_FALSE(board.settled());
  board.set_unread_partitions(false);
  board.confirm(Topic::kOwnership, 0, kWall, kBoot + 2);
  EXPECT_TRUE(board.settled());
  board.set_fault(Topic::kOwnership, 0,
                  FreshnessFault::kBeyondEnd);  // later trouble: readiness does not change
  EXPECT_TRUE(board.settled());
}

TEST(FreshnessDeath, APartitionOutsideTheTopicIsABrokenInvariant) {
  FreshnessBoard board(2);
  EXPECT_DEATH(board.fresh(2, kWall, kBoot, kMax), "a partition of the topic");
  EXPECT_DEATH(board.confirm(Topic::kEvents, -1, kWall, kBoot), "a partition of the topic");
}

TEST(Freshness, WritersAndReadersMayMeet) {
  FreshnessBoard board(2);
  std::thread writer([&] {
    for (int64_t i = 0; i < 20'000; ++i) {
      board.confirm(Topic::kOwnership, static_cast<int32_t>(i % 2), kWall + i, kBoot + i);
      board.set_partitioners(static_cast<int32_t>(i % 2),
                             i % 3 == 0 ? uint8_t{2} : kPartitionerAll);
    }
  });
  int64_t last = 0;
  for (int i = 0; i < 20'000; ++i) {
    const int64_t now = as_of(board, Topic::kOwnership).value_or(0);
    EXPECT_GE(now, last);
    last = now;
    fresh_for(board, kDevice, kWall, kBoot, kMax);
  }
  writer.join();
  EXPECT_TRUE(all_fresh(board, kWall + 20'000, kBoot + 20'000, kMax));
}

}  // namespace
}  // namespace satindex::store
