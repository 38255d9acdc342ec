// The way from the log to the store against a real Kafka: catching up, following live,
// transactions, restarts.
#include <algorithm>
#include <thread>

#include "indexer/ingest/kafka_handle.h"
#include "schemas/time.h"
#include "tests/ingest/kafka_fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Topic;
using tests::device_text;
using tests::event_json;
using tests::eventually;
using tests::metric;
using tests::ownership_json;

TEST_F(KafkaTest, CatchesUpInBulkThenFollowsLive) {
  create_topics(2);
  constexpr uint64_t kEvents = 250'000;
  for (uint64_t i = 0; i < kEvents; ++i) {
    produce(settings_.events_topic, device_text(i % 1000), event_json(device_text(i % 1000), i));
  }
  for (uint64_t i = 0; i < 1000; ++i) {
    produce(settings_.ownership_topic, device_text(i), ownership_json(device_text(i), "P1"));
  }
  flush();
  auto running = run();
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually(seconds{60}, [&] { return running->ingest().ready(); }));
  std::cout
      << "  ready after "
      << std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began).count()
      << " ms" << std::endl;
  EXPECT_EQ(running->indexed(Topic::kEvents), kEvents);
  EXPECT_EQ(running->indexed(Topic::kOwnership), 1000u);
  EXPECT_GT(metric(running->registry(), "satindex_commits_total", {{"path", "bulk"}}), 0);
  EXPECT_EQ(metric(running->registry(), "satindex_records_total",
                   {{"topic", "events"}, {"outcome", "consumed"}}),
            static_cast<double>(kEvents));
  EXPECT_FALSE(running->shard(0).any_pending());

  std::vector<int64_t> took_ms;
  for (uint64_t i = 0; i < 100; ++i) {
    produce(settings_.events_topic, device_text(i), event_json(device_text(i), kEvents + i));
    flush();
    const auto acknowledged = std::chrono::steady_clock::now();
    ASSERT_TRUE(eventually(seconds{5},
                           [&] { return running->indexed(Topic::kEvents) == kEvents + i + 1; }));
    took_ms.push_back(
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - acknowledged)
            .count());
  }
  std::sort(took_ms.begin(), took_ms.end());
  std::cout << "  acknowledged to visible: median " << took_ms[50] << " ms, worst but one "
            << took_ms[98] << " ms" << std::endl;
  EXPECT_LT(took_ms[50], 100);
  EXPECT_GT(metric(running->registry(), "satindex_commits_total", {{"path", "live"}}), 0);
}

TEST_F(KafkaTest, AsOfIsNeverMoreThanThreeSecondsOldWhileTheBrokerAnswers) {
  create_topics(3);
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  for (int i = 0; i < 40; ++i) {
    for (Topic t : kTopics) {
      const auto as_of = running->as_of(t);
      if (t == Topic::kEvents && !as_of) continue;  // readiness speaks of ownership only
      ASSERT_TRUE(as_of);
      EXPECT_LT(schemas::system_clock().wall_ns() - *as_of, 3'000'000'000);
    }
    produce(settings_.ownership_topic, device_text(1), ownership_json(device_text(1), "P1", 1));
    produce(settings_.events_topic, device_text(1),
            event_json(device_text(1), static_cast<uint64_t>(i)));
    std::this_thread::sleep_for(milliseconds{100});
  }
  EXPECT_TRUE(running->as_of(Topic::kEvents));
}

TEST_F(KafkaTest, ThePositionStandsBehindControlRecordsAndAbortedOnesAreNotIndexed) {
  create_topics(1);
  Transaction transaction(settings_.kafka.brokers, "control");
  transaction.begin();
  transaction.produce(settings_.ownership_topic, 0, device_text(1),
                      ownership_json(device_text(1), "P1"));
  transaction.produce(settings_.events_topic, 0, device_text(1), event_json(device_text(1), 1));
  transaction.commit();
  transaction.begin();
  transaction.produce(settings_.events_topic, 0, device_text(1), event_json(device_text(1), 2));
  transaction.abort();
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  ASSERT_TRUE(eventually(seconds{5},
                         [&] { return running->progress(Topic::kEvents, 0).next_offset == 4; }));
  EXPECT_EQ(running->progress(Topic::kEvents, 0).consumed, 1u);
  EXPECT_EQ(running->progress(Topic::kEvents, 0).last_record_offset, 0);
  EXPECT_EQ(running->progress(Topic::kOwnership, 0).next_offset, 2);
  EXPECT_TRUE(running->fresh(0));
  // And live: the end mark comes soon enough for the two seconds of the contract.
  transaction.begin();
  transaction.produce(settings_.ownership_topic, 0, device_text(2),
                      ownership_json(device_text(2), "P1"));
  transaction.commit();
  EXPECT_TRUE(eventually(milliseconds{1'500},
                         [&] { return running->progress(Topic::kOwnership, 0).next_offset == 4; }));
}

TEST_F(KafkaTest, AHangingTransactionIsNeverFreshButReadinessIsGiven) {
  create_topics(2);
  produce(settings_.ownership_topic, device_text(1), ownership_json(device_text(1), "P1"), 0);
  flush();
  Transaction transaction(settings_.kafka.brokers, "hanging");
  transaction.begin();
  transaction.produce(settings_.ownership_topic, 0, device_text(2),
                      ownership_json(device_text(2), "P1"));
  transaction.flush();
  produce(settings_.ownership_topic, device_text(3), ownership_json(device_text(3), "P1"), 0);
  flush();
  auto running = run();
  ASSERT_TRUE(eventually(seconds{30}, [&] { return running->ingest().ready(); }));
  EXPECT_FALSE(running->fresh(0));
  EXPECT_TRUE(running->fresh(1));
  EXPECT_FALSE(running->board().state(Topic::kOwnership, 0).never_fresh_reason.empty());
  EXPECT_EQ(running->progress(Topic::kOwnership, 0).consumed, 1u);
  EXPECT_TRUE(eventually(seconds{5}, [&] {
    return metric(running->registry(), "satindex_stable_offset_distance",
                  {{"topic", "ownership"}, {"partition", "0"}}) == 2;
  }));
  transaction.commit();
  EXPECT_TRUE(eventually(seconds{10}, [&] { return running->fresh(0); }));
  EXPECT_EQ(running->progress(Topic::kOwnership, 0).consumed, 3u);
}

TEST_F(KafkaTest, AStopAndStartGoesOnWhereItWas) {
  create_topics(1);
  for (uint64_t i = 0; i < 100; ++i) {
    produce(settings_.events_topic, device_text(1), event_json(device_text(1), i));
  }
  flush();
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  running.reset();
  for (uint64_t i = 100; i < 150; ++i) {
    produce(settings_.events_topic, device_text(1), event_json(device_text(1), i));
  }
  flush();
  running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  EXPECT_EQ(running->progress(Topic::kEvents, 0).consumed, 150u);
  EXPECT_EQ(running->progress(Topic::kEvents, 0).indexed, 150u);
  EXPECT_EQ(metric(running->registry(), "satindex_records_total",
                   {{"topic", "events"}, {"outcome", "consumed"}}),
            50);
}

TEST_F(KafkaTest, OffsetsAreCommittedForInformation) {
  create_topics(1);
  for (uint64_t i = 0; i < 10; ++i) {
    produce(settings_.events_topic, device_text(1), event_json(device_text(1), i));
  }
  flush();
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  auto handle = KafkaHandle::create(RD_KAFKA_CONSUMER, settings_.kafka, {},
                                    {{"group.id", settings_.kafka.group_id}});
  ASSERT_TRUE(handle) << handle.error().message;
  EXPECT_TRUE(eventually(seconds{20}, [&] {
    KafkaPartitionList list(rd_kafka_topic_partition_list_new(1));
    auto* wanted = rd_kafka_topic_partition_list_add(list.get(), settings_.events_topic.c_str(), 0);
    return rd_kafka_committed((*handle)->get(), list.get(), 5'000) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           wanted->offset == 10;
  }));
}

}  // namespace
}  // namespace satindex::ingest
