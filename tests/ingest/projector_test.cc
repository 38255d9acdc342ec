#include "indexer/ingest/projector.h"

#include <gtest/gtest.h>

#include "indexer/store/reader.h"
#include "tests/ingest/fixture.h"

namespace satindex::ingest {
namespace {

using schemas::Unreadable;
using store::Topic;
using tests::device;
using tests::device_text;
using tests::event_json;
using tests::ownership_json;

constexpr int32_t kPartitions = 4;

class ProjectorTest : public testing::Test {
 protected:
  // A partition that murmur2, and only murmur2, gives to device 1.
  static int32_t murmur2_partition() {
    return store::partition_of(store::kPartitionerMurmur2, device(1), kPartitions);
  }

  void SetUp() override {
    shard_ = tests::open_shard(dir_.path() / "shard", 0);
    ASSERT_NE(shard_, nullptr);
    writer_ = std::make_unique<store::ShardWriter>(*shard_);
  }

  std::optional<Unreadable> project(Projector& projector, Topic topic, int64_t offset,
                                    std::string_view key, std::string_view value) {
    return projector.project({topic, offset, 1'000, key, value}, 7, *writer_);
  }

  store::Checkpoint commit() {
    auto done = writer_->commit(store::WritePath::kLive);
    EXPECT_TRUE(done) << done.error().message;
    return shard_->checkpoint();
  }

  store::DeviceLedger ledger(uint64_t n) {
    store::ShardView view(*shard_);
    auto found = view.ledger(device(n));
    EXPECT_TRUE(found) << found.error().message;
    return found ? **found : store::DeviceLedger{};
  }

  tests::TempDir dir_;
  std::unique_ptr<store::Shard> shard_;
  std::unique_ptr<store::ShardWriter> writer_;
};

TEST_F(ProjectorTest, AReadableEventIsIndexedWithItsPlaceInTheLog) {
  Projector projector(0, 0);
  EXPECT_EQ(project(projector, Topic::kEvents, 41, device_text(1), event_json(device_text(1), 1)),
            std::nullopt);
  const auto at = commit().events;
  EXPECT_EQ(at.next_offset, 42);
  EXPECT_EQ(at.last_record_offset, 41);
  EXPECT_EQ(at.last_record_hash, 7u);
  EXPECT_EQ(at.consumed, 1u);
  EXPECT_EQ(at.indexed, 1u);
}

TEST_F(ProjectorTest, AnUnreadableEventIsCountedAndItsReasonGiven) {
  Projector projector(0, 0);
  EXPECT_EQ(project(projector, Topic::kEvents, 0, "k", "{"), Unreadable::kNotJson);
  EXPECT_EQ(project(projector, Topic::kEvents, 1, "k", {}), Unreadable::kNull);
  EXPECT_EQ(project(projector, Topic::kEvents, 2, "k", "{}"), Unreadable::kFieldMissing);
  const auto at = commit().events;
  EXPECT_EQ(at.consumed, 3u);
  EXPECT_EQ(at.dead_lettered, 3u);
  EXPECT_EQ(at.indexed, 0u);
}

TEST_F(ProjectorTest, AnUnreadableOwnershipRecordSuspendsTheDeviceItsKeyNames) {
  Projector projector(0, 0);
  project(projector, Topic::kOwnership, 0, device_text(1), ownership_json(device_text(1), "P1"));
  project(projector, Topic::kOwnership, 1, device_text(2), ownership_json(device_text(2), "P1"));
  EXPECT_EQ(project(projector, Topic::kOwnership, 2, device_text(1), "{broken"),
            Unreadable::kNotJson);
  commit();
  EXPECT_TRUE(ledger(1).suspended(schemas::Relation::kResponsibleSupplier, "P1"));
  EXPECT_FALSE(ledger(2).suspended(schemas::Relation::kResponsibleSupplier, "P1"));
  // A readable record that follows lifts it.
  project(projector, Topic::kOwnership, 3, device_text(1), ownership_json(device_text(1), "P1"));
  commit();
  EXPECT_FALSE(ledger(1).suspended(schemas::Relation::kResponsibleSupplier, "P1"));
}

TEST_F(ProjectorTest, AKeyInLowerCaseIsADeviceIdToo) {
  Projector projector(0, 0);
  std::string key = device_text(1);
  for (char& c : key) c = static_cast<char>(std::tolower(c));
  project(projector, Topic::kOwnership, 0, key, "{broken");
  commit();
  EXPECT_TRUE(ledger(1).suspended(schemas::Relation::kResponsibleSupplier, "anyone"));
}

TEST_F(ProjectorTest, NothingIsSuspendedWithoutAUsableKey) {
  Projector projector(0, 0);
  project(projector, Topic::kOwnership, 0, "not a device", "{broken");
  project(projector, Topic::kOwnership, 1, {}, "{broken");
  const auto at = commit().ownership;
  EXPECT_EQ(at.dead_lettered, 2u);
  EXPECT_FALSE(ledger(1).any_unreadable());
}

TEST_F(ProjectorTest, AReplayLiftsTheSuspension) {
  Projector projector(0, 0);
  project(projector, Topic::kOwnership, 0, device_text(1), "{broken");
  commit();
  ASSERT_TRUE(ledger(1).suspended(schemas::Relation::kResponsibleSupplier, "P1"));
  const std::string still = "{broken";
  EXPECT_EQ(projector.replay({Topic::kOwnership, 0, -1, device_text(1), still}, *writer_),
            Unreadable::kNotJson);
  const std::string now = ownership_json(device_text(1), "P1");
  EXPECT_EQ(projector.replay({Topic::kOwnership, 0, -1, device_text(1), now}, *writer_),
            std::nullopt);
  commit();
  EXPECT_FALSE(ledger(1).suspended(schemas::Relation::kResponsibleSupplier, "P1"));
}

TEST_F(ProjectorTest, OnlyACanonicalKeySaysSomethingAboutThePartitioner) {
  const int32_t p = murmur2_partition();
  Projector projector(p, kPartitions);
  const uint8_t mask = projector.fitting_partitioners(device_text(1), device(1));
  EXPECT_NE(mask & store::kPartitionerMurmur2, 0);
  EXPECT_EQ(projector.fitting_partitioners("00-db-12-34-00-00-00-01", device(1)), 0);
  EXPECT_EQ(projector.fitting_partitioners(device_text(2), device(1)), 0);
  EXPECT_EQ(projector.fitting_partitioners({}, device(1)), 0);
}

TEST_F(ProjectorTest, AMaskHasExactlyThePartitionersThatFit) {
  for (uint64_t n = 0; n < 64; ++n) {
    for (int32_t p = 0; p < kPartitions; ++p) {
      Projector projector(p, kPartitions);
      const uint8_t mask = projector.fitting_partitioners(device_text(n), device(n));
      for (auto bit : {store::kPartitionerMurmur2, store::kPartitionerCrc32}) {
        EXPECT_EQ((mask & bit) != 0, store::partition_of(bit, device(n), kPartitions) == p);
      }
    }
  }
}

TEST_F(ProjectorTest, OwnershipNarrowsThePartitionersAndAMisplacedEventIsCounted) {
  uint64_t n = 0;  // a device on which the two partitioners disagree
  while (store::partition_of(store::kPartitionerMurmur2, device(n), kPartitions) ==
         store::partition_of(store::kPartitionerCrc32, device(n), kPartitions)) {
    ++n;
  }
  const int32_t p = store::partition_of(store::kPartitionerMurmur2, device(n), kPartitions);
  Projector projector(p, kPartitions);
  project(projector, Topic::kOwnership, 0, device_text(n), ownership_json(device_text(n), "P1"));
  EXPECT_EQ(commit().partitioners, store::kPartitionerMurmur2);
  uint64_t other = 0;
  while (store::partition_of(store::kPartitionerMurmur2, device(other), kPartitions) == p) ++other;
  project(projector, Topic::kEvents, 0, device_text(other), event_json(device_text(other), 1));
  EXPECT_EQ(commit().misplaced, 1u);
}

}  // namespace
}  // namespace satindex::ingest
