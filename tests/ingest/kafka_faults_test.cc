// Bad weather and worse against a real Kafka: gaps, recreated topics, positions beyond the end,
// brokers that die.
#include <thread>

#include "tests/ingest/kafka_fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::FreshnessFault;
using store::Topic;
using tests::device_text;
using tests::event_json;
using tests::eventually;
using tests::metric;
using tests::ownership_json;

class KafkaFaults : public KafkaTest {
 protected:
  void own(uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; ++i) {
      produce(settings_.ownership_topic, device_text(i), ownership_json(device_text(i), "P1"), 0);
    }
    flush();
  }
  FreshnessFault fault(tests::Running& running) {
    return running.board().state(Topic::kOwnership, 0).fault;
  }
  void recreate_ownership() {
    ASSERT_TRUE(broker().delete_topic(settings_.ownership_topic));
    // Deletion is asynchronous.
    ASSERT_TRUE(eventually(seconds{20}, [&] {
      return static_cast<bool>(broker().create_topic(
          settings_.ownership_topic, 1, {{"retention.ms", "-1"}, {"retention.bytes", "-1"}}));
    }));
  }
};

TEST_F(KafkaFaults, APositionBelowTheLowWatermarkIsAGap) {
  create_topics(1);
  own(0, 5);
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  EXPECT_TRUE(running->fresh(0));
  running.reset();
  own(5, 20);
  ASSERT_TRUE(broker().delete_records(settings_.ownership_topic, 0, 15));
  running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  EXPECT_EQ(fault(*running), FreshnessFault::kGap);
  EXPECT_FALSE(running->fresh(0));
  EXPECT_TRUE(eventually(
      seconds{5}, [&] { return running->progress(Topic::kOwnership, 0).next_offset == 20; }));
  EXPECT_EQ(running->progress(Topic::kOwnership, 0).consumed, 10u);
  EXPECT_EQ(metric(running->registry(), "satindex_source_conditions_total",
                   {{"topic", "ownership"}, {"kind", "gap"}}),
            1);
  // It lasts.
  running.reset();
  running = run();
  EXPECT_TRUE(eventually(seconds{10}, [&] { return fault(*running) == FreshnessFault::kGap; }));
}

TEST_F(KafkaFaults, AFirstStartAtADeletedBeginningIsNoGap) {
  create_topics(1);
  own(0, 10);
  ASSERT_TRUE(broker().delete_records(settings_.ownership_topic, 0, 4));
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  EXPECT_EQ(fault(*running), FreshnessFault::kNone);
  EXPECT_EQ(running->progress(Topic::kOwnership, 0).consumed, 6u);
}

TEST_F(KafkaFaults, ARecreatedTopicIsRecognisedAtStartByItsLastRecord) {
  create_topics(1);
  own(0, 5);
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  running.reset();
  recreate_ownership();
  own(100, 110);
  running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  EXPECT_EQ(fault(*running), FreshnessFault::kRecreated);
  EXPECT_FALSE(running->fresh(0));
  EXPECT_TRUE(eventually(seconds{5}, [&] {
    return running->shard(0).checkpoint().recreated[static_cast<size_t>(Topic::kOwnership)];
  }));
}

TEST_F(KafkaFaults, ARecreatedTopicIsRecognisedWhileRunning) {
  create_topics(1);
  own(0, 5);
  settings_.max_staleness = seconds{4};
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  recreate_ownership();
  own(100, 120);
  EXPECT_TRUE(
      eventually(seconds{20}, [&] { return fault(*running) == FreshnessFault::kRecreated; }));
  EXPECT_FALSE(running->fresh(0));
}

TEST_F(KafkaFaults, APositionBeyondTheEndWaitsAndIsNotFresh) {
  create_topics(1);
  own(0, 10);
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  running.reset();
  recreate_ownership();
  own(100, 103);
  running = run();
  EXPECT_TRUE(
      eventually(seconds{20}, [&] { return fault(*running) == FreshnessFault::kBeyondEnd; }));
  EXPECT_FALSE(running->fresh(0));
  EXPECT_EQ(running->progress(Topic::kOwnership, 0).next_offset, 10);
  // Once the end has come, the record that should be there is looked for.
  own(103, 120);
  EXPECT_TRUE(
      eventually(seconds{20}, [&] { return fault(*running) == FreshnessFault::kRecreated; }));
}

TEST_F(KafkaFaults, ABrokerThatIsKilledAndComesBackCostsNothing) {
  create_topics(1);
  own(0, 5);
  settings_.max_staleness = seconds{3};
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  broker().kill();
  EXPECT_TRUE(eventually(seconds{10}, [&] { return !running->fresh(0); }));
  EXPECT_TRUE(running->ingest().ready());
  ASSERT_TRUE(broker().restart());
  EXPECT_TRUE(eventually(seconds{20}, [&] { return running->fresh(0); }));
  own(5, 10);
  EXPECT_TRUE(eventually(seconds{10},
                         [&] { return running->progress(Topic::kOwnership, 0).consumed == 10; }));
  EXPECT_EQ(fault(*running), FreshnessFault::kNone);
}

TEST_F(KafkaFaults, AFrozenBrokerLetsFreshnessGrowOld) {
  create_topics(1);
  own(0, 5);
  settings_.max_staleness = seconds{2};
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  broker().freeze();
  EXPECT_TRUE(eventually(seconds{6}, [&] { return !running->fresh(0); }));
  broker().thaw();
  EXPECT_TRUE(eventually(seconds{30}, [&] { return running->fresh(0); }));
}

TEST_F(KafkaFaults, NothingIsFreshWhileAPartitionIsNotRead) {
  create_topics(1);
  auto running = run();
  ASSERT_TRUE(
      eventually(seconds{20}, [&] { return running->ingest().ready() && running->fresh(0); }));
  ASSERT_TRUE(broker().create_partitions(settings_.ownership_topic, 2));
  EXPECT_TRUE(eventually(
      seconds{10}, [&] { return running->ingest().unread_partitions() && !running->fresh(0); }));
}

TEST_F(KafkaFaults, AStopWhileTheBrokerIsAwayIsBounded) {
  create_topics(1);
  own(0, 5);
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  broker().kill();
  std::this_thread::sleep_for(seconds{2});
  const auto began = std::chrono::steady_clock::now();
  running.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds{15});
  ASSERT_TRUE(broker().restart());
}

}  // namespace
}  // namespace satindex::ingest
