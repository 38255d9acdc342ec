// What is looked at before a shard is opened, and the partitioners producers use, against a real
// Kafka.
#include "tests/ingest/kafka_fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::device;
using tests::device_text;
using tests::event_json;
using tests::eventually;
using tests::ownership_json;

TEST_F(KafkaTest, DiscoverTellsThePartitions) {
  create_topics(5);
  auto shape = discover(settings_, seconds{15});
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->partitions, 5);
  EXPECT_TRUE(shape->warnings.empty());
  EXPECT_FALSE(shape->finite_retention);
  EXPECT_FALSE(shape->configuration_unreadable);
}

TEST_F(KafkaTest, DiscoverRefusesACompactedOwnershipTopic) {
  ASSERT_TRUE(broker().create_topic(settings_.events_topic, 1));
  for (const char* policy : {"compact", "compact,delete"}) {
    settings_.ownership_topic = std::string("compacted.") + (policy[7] == 0 ? "only" : "both");
    ASSERT_TRUE(broker().create_topic(settings_.ownership_topic, 1, {{"cleanup.policy", policy}}));
    auto shape = discover(settings_, seconds{15});
    ASSERT_FALSE(shape);
    EXPECT_EQ(shape.error().code, schemas::StatusCode::kConfig);
    EXPECT_NE(shape.error().message.find("compacted"), std::string::npos);
  }
}

TEST_F(KafkaTest, DiscoverWarnsOfAFiniteRetention) {
  ASSERT_TRUE(broker().create_topic(settings_.events_topic, 1));
  ASSERT_TRUE(broker().create_topic(settings_.ownership_topic, 1));  // a week, the default
  auto shape = discover(settings_, seconds{15});
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_TRUE(shape->finite_retention);
  EXPECT_EQ(shape->warnings.size(), 1u);
}

TEST_F(KafkaTest, DiscoverRefusesTopicsThatAreNotCoPartitioned) {
  ASSERT_TRUE(broker().create_topic(settings_.events_topic, 2));
  create_ownership(3);
  auto shape = discover(settings_, seconds{15});
  ASSERT_FALSE(shape);
  EXPECT_EQ(shape.error().code, schemas::StatusCode::kConfig);
  EXPECT_NE(shape.error().message.find("same number of partitions"), std::string::npos);
}

TEST_F(KafkaTest, DiscoverNamesAMissingTopicAndAnAbsentBroker) {
  ASSERT_TRUE(broker().create_topic(settings_.events_topic, 1));
  auto missing = discover(settings_, seconds{3});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, schemas::StatusCode::kConfig);
  EXPECT_NE(missing.error().message.find(settings_.ownership_topic), std::string::npos);
  settings_.kafka.brokers = "127.0.0.1:1";
  auto absent = discover(settings_, seconds{2});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, schemas::StatusCode::kUnavailable);
}

// The partition a record really got, by each of the client's partitioners, is the one we compute.
TEST_F(KafkaTest, KnownPartitionersAgreeWithTheClients) {
  constexpr int32_t kPartitions = 7;
  for (auto [partitioning, bit] : {std::tuple{Partitioning::kMurmur2, store::kPartitionerMurmur2},
                                   std::tuple{Partitioning::kCrc32, store::kPartitionerCrc32}}) {
    settings_.events_topic = "partitioner" + std::to_string(bit) + ".events";
    settings_.ownership_topic = "partitioner" + std::to_string(bit) + ".ownership";
    create_topics(kPartitions);
    auto producer = Producer::open(settings_.kafka, partitioning);
    ASSERT_TRUE(producer) << producer.error().message;
    for (uint64_t n = 0; n < 200; ++n) {
      ASSERT_TRUE((*producer)->produce(settings_.ownership_topic, device_text(n),
                                       ownership_json(device_text(n), "P1")));
      ASSERT_TRUE((*producer)->produce(settings_.events_topic, device_text(n),
                                       event_json(device_text(n), n)));
    }
    ASSERT_TRUE((*producer)->flush(seconds{10}));
    tests::Running running(settings_, dir_.path() / std::to_string(bit));
    ASSERT_TRUE(running.start()) << running.error();
    ASSERT_TRUE(eventually(seconds{20}, [&] { return running.ingest().ready(); }));
    uint64_t misplaced = 0;
    for (size_t p = 0; p < kPartitions; ++p) misplaced += running.shard(p).checkpoint().misplaced;
    EXPECT_EQ(misplaced, 0u);
    int narrowed = 0;
    for (int32_t p = 0; p < kPartitions; ++p) {
      narrowed += running.shard(static_cast<size_t>(p)).checkpoint().partitioners == bit ? 1 : 0;
    }
    EXPECT_GT(narrowed, 0) << "two hundred devices tell the two apart";
    const auto decides = running.board().deciding_partition(device(3));
    ASSERT_TRUE(decides);
    EXPECT_EQ(*decides, store::partition_of(bit, device(3), kPartitions));
  }
}

}  // namespace
}  // namespace satindex::ingest
