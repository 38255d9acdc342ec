// Ingest as a whole on the embedded broker, as `demo` runs it: no Java.
#include <gtest/gtest.h>

#include <algorithm>

#include "indexer/ingest/embedded_broker.h"
#include "indexer/ingest/kafka_sink.h"
#include "indexer/ingest/producer.h"
#include "schemas/time.h"
#include "tests/ingest/fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Topic;
using tests::device_text;
using tests::event_json;
using tests::eventually;
using tests::ownership_json;

class EmbeddedTest : public testing::Test {
 protected:
  void SetUp() override {
    auto broker = EmbeddedBroker::start();
    ASSERT_TRUE(broker) << broker.error().message;
    broker_ = std::move(*broker);
    for (const char* topic : {"sat.events", "dm.ownership"}) {
      ASSERT_TRUE(broker_->create_topic(topic, 2));
    }
    ASSERT_TRUE(broker_->create_topic("sat.dead-letter", 1));
    settings_.kafka.brokers = broker_->bootstrap_servers();
    auto producer = Producer::open(settings_.kafka, Partitioning::kMurmur2);
    ASSERT_TRUE(producer) << producer.error().message;
    producer_ = std::move(*producer);
  }

  void produce(const std::string& topic, const std::string& key, const std::string& value) {
    auto done = producer_->produce(topic, key, value);
    ASSERT_TRUE(done) << done.error().message;
  }

  tests::TempDir dir_;
  std::unique_ptr<EmbeddedBroker> broker_;
  IngestSettings settings_;
  std::unique_ptr<Producer> producer_;
};

TEST_F(EmbeddedTest, IndexesBothTopicsBecomesReadyAndStaysFresh) {
  for (uint64_t i = 0; i < 200; ++i) {
    produce("sat.events", device_text(i % 20), event_json(device_text(i % 20), i));
  }
  for (uint64_t i = 0; i < 20; ++i) {
    produce("dm.ownership", device_text(i), ownership_json(device_text(i), "P1"));
  }
  ASSERT_TRUE(producer_->flush(seconds{10}));
  tests::Running running(settings_, dir_.path());
  ASSERT_TRUE(running.start()) << running.error();
  EXPECT_TRUE(eventually(seconds{15}, [&] { return running.ingest().ready(); }));
  for (const std::string& line : running.ingest().status()) SCOPED_TRACE(line);
  EXPECT_EQ(running.indexed(Topic::kEvents), 200u);
  EXPECT_EQ(running.indexed(Topic::kOwnership), 20u);
  EXPECT_TRUE(running.fresh(0));
  EXPECT_TRUE(running.fresh(1));
  // Keyed by the canonical id with murmur2: one partition decides, and it is the right one.
  const auto decides = running.board().deciding_partition(tests::device(3));
  ASSERT_TRUE(decides);
  EXPECT_EQ(*decides, store::partition_of(store::kPartitionerMurmur2, tests::device(3), 2));
  EXPECT_EQ(running.shard(0).checkpoint().misplaced + running.shard(1).checkpoint().misplaced, 0u);
  EXPECT_TRUE(running.logged("may not be read"));  // the embedded broker knows no configurations
}

TEST_F(EmbeddedTest, ALiveRecordIsVisibleWithinTensOfMilliseconds) {
  tests::Running running(settings_, dir_.path());
  ASSERT_TRUE(running.start()) << running.error();
  ASSERT_TRUE(eventually(seconds{15}, [&] { return running.ingest().ready(); }));
  std::vector<milliseconds> took;
  for (uint64_t i = 0; i < 50; ++i) {
    produce("sat.events", device_text(1), event_json(device_text(1), i));
    ASSERT_TRUE(producer_->flush(seconds{5}));
    const auto acknowledged = std::chrono::steady_clock::now();
    ASSERT_TRUE(eventually(seconds{2}, [&] { return running.indexed(Topic::kEvents) == i + 1; }));
    took.push_back(
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - acknowledged));
  }
  std::sort(took.begin(), took.end());
  EXPECT_LT(took[25], milliseconds{200}) << "median";
  RecordProperty("median_ms", static_cast<int>(took[25].count()));
  std::cout << "  acknowledged to visible: median " << took[25].count() << " ms, worst "
            << took.back().count() << " ms" << std::endl;
}

TEST_F(EmbeddedTest, WithoutAnswersFreshnessGrowsOldAndComesBack) {
  settings_.max_staleness = seconds{2};
  tests::Running running(settings_, dir_.path());
  ASSERT_TRUE(running.start()) << running.error();
  ASSERT_TRUE(
      eventually(seconds{15}, [&] { return running.ingest().ready() && running.fresh(0); }));
  broker_->set_down(true);
  EXPECT_TRUE(eventually(seconds{8}, [&] { return !running.fresh(0) && !running.fresh(1); }));
  EXPECT_TRUE(running.ingest().ready()) << "readiness does not follow freshness";
  broker_->set_down(false);
  EXPECT_TRUE(eventually(seconds{15}, [&] { return running.fresh(0) && running.fresh(1); }));
}

TEST_F(EmbeddedTest, ASinkAnswersWithinItsDeadlineWhenTheBrokerIsAway) {
  auto sink = KafkaSink::open(settings_.kafka, "sat.dead-letter", milliseconds{1'000});
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_TRUE(append_and_wait(**sink, {"k", {{"a", "b"}, {"n", std::nullopt}}, std::nullopt}));
  broker_->set_down(true);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(append_and_wait(**sink, {"k", {}, "value"}));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds{5});
}

}  // namespace
}  // namespace satindex::ingest
