// After a restart, until the next commit, it was as if no record had ever told which partitioner places the devices: an
// answer about a device whose records lie where none would have them asked one partition, and others' rows came from a
// ledger that was not fresh (CONTRACT 2, Freshness).
#include <gtest/gtest.h>

#include "indexer/ingest/embedded_broker.h"
#include "indexer/ingest/producer.h"
#include "tests/ingest/fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::seconds;
using tests::device;
using tests::device_text;
using tests::eventually;

class PartitionersForgotten : public ::testing::Test {
 protected:
  static constexpr int32_t kPartitions = 2;

  void SetUp() override {
    auto broker = EmbeddedBroker::start();
    ASSERT_TRUE(broker) << broker.error().message;
    broker_ = std::move(*broker);
    settings_.kafka.brokers = broker_->bootstrap_servers();
    for (const char* topic : {"sat.events", "dm.ownership", "sat.dead-letter"})
      ASSERT_TRUE(broker_->create_topic(topic, kPartitions));
  }
  void own(Partitioning partitioning) {
    auto producer = Producer::open(settings_.kafka, partitioning);
    ASSERT_TRUE(producer) << producer.error().message;
    for (uint64_t n = 0; n < kDevices; ++n) {
      ASSERT_TRUE((*producer)->produce("dm.ownership", device_text(n),
                                       tests::ownership_json(device_text(n), "P1")));
    }
    ASSERT_TRUE((*producer)->flush(seconds{10}));
    sent_ += kDevices;
  }
  // What decides about each device, by a process that lives until it is ready.
  std::vector<std::optional<int32_t>> deciding() {
    tests::Running running(settings_, dir_.path());
    EXPECT_TRUE(running.start()) << running.error();
    EXPECT_TRUE(eventually(seconds{15}, [&] { return running.ingest().ready(); }));
    EXPECT_TRUE(eventually(seconds{15},
                           [&] { return running.indexed(store::Topic::kOwnership) == sent_; }));
    std::vector<std::optional<int32_t>> out;
    for (uint64_t n = 0; n < kDevices; ++n)
      out.push_back(running.board().deciding_partition(device(n)));
    return out;
  }

  static constexpr uint64_t kDevices = 20;
  tests::TempDir dir_;
  std::unique_ptr<EmbeddedBroker> broker_;
  IngestSettings settings_;
  uint64_t sent_ = 0;
};

TEST_F(PartitionersForgotten, TheOneThatFitsIsKnownAtOnce) {
  own(Partitioning::kMurmur2);
  for (int life = 0; life < 2; ++life) {
    const auto decide = deciding();
    for (uint64_t n = 0; n < kDevices; ++n) {
      EXPECT_EQ(decide[n], store::partition_of(store::kPartitionerMurmur2, device(n), kPartitions))
          << "life " << life << ", device " << n;
    }
  }
}

TEST_F(PartitionersForgotten, ThatNoneFitsIsKnownAtOnce) {
  own(Partitioning::kMurmur2);
  own(Partitioning::kCrc32);
  for (int life = 0; life < 2; ++life) {
    for (const auto& decides : deciding()) EXPECT_EQ(decides, std::nullopt) << "life " << life;
  }
}

}  // namespace
}  // namespace satindex::ingest
