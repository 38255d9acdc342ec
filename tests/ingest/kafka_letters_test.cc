// Unreadable records against a real Kafka: their references, the suspension, and reading them
// again.
#include <map>
#include <thread>

#include "indexer/ingest/dead_letter_log.h"
#include "indexer/ingest/kafka_handle.h"
#include "indexer/store/reader.h"
#include "tests/ingest/kafka_fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Topic;
using tests::device_text;
using tests::event_json;
using tests::eventually;
using tests::ownership_json;

class KafkaLetters : public KafkaTest {
 protected:
  std::vector<DeadLetter> letters() {
    std::vector<DeadLetter> out;
    auto listed = list_dead_letters(settings_, seconds{20}, [&](const DeadLetter& letter) {
      out.push_back(letter);
      return true;
    });
    EXPECT_TRUE(listed) << listed.error().message;
    return out;
  }
  bool suspended(tests::Running& running, uint64_t n) {
    store::ShardView view(running.shard(0));
    auto ledger = view.ledger(tests::device(n));
    return ledger && (*ledger)->suspended(schemas::Relation::kResponsibleSupplier, "P1");
  }
};

TEST_F(KafkaLetters, AnUnreadableRecordLeavesAReferenceAndTheStreamGoesOn) {
  create_topics(1);
  produce(settings_.events_topic, device_text(1), event_json(device_text(1), 1), 0);
  produce(settings_.events_topic, device_text(1), "{\"payload\":\"secret\"", 0);
  produce(settings_.events_topic, device_text(1), std::nullopt, 0);
  produce(settings_.events_topic, device_text(1), event_json(device_text(1), 2), 0);
  flush();
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  ASSERT_TRUE(
      eventually(seconds{10}, [&] { return running->progress(Topic::kEvents, 0).consumed == 4; }));
  const auto at = running->progress(Topic::kEvents, 0);
  EXPECT_EQ(at.indexed, 2u);
  EXPECT_EQ(at.dead_lettered, 2u);
  const auto found = letters();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].topic, settings_.events_topic);
  EXPECT_EQ(found[0].partition, 0);
  EXPECT_EQ(found[0].offset, 1);
  EXPECT_EQ(found[0].key, device_text(1));
  EXPECT_EQ(found[0].reason, "not_json");
  EXPECT_TRUE(schemas::WrittenTime::parse(found[0].time));
  EXPECT_EQ(found[1].offset, 2);
  EXPECT_EQ(found[1].reason, "null");
  EXPECT_EQ(tests::metric(running->registry(), "satindex_dead_letters_total",
                          {{"topic", "events"}, {"reason", "not_json"}}),
            1);
}

TEST_F(KafkaLetters, TheReferenceHasNoValueAndItsKeyIsThePlace) {
  create_topics(1);
  produce(settings_.events_topic, "k", "{broken", 0);
  flush();
  auto running = run();
  ASSERT_TRUE(
      eventually(seconds{20}, [&] { return running->progress(Topic::kEvents, 0).consumed == 1; }));
  // The checkpoint has passed it, so the reference is there already.
  auto handle = KafkaHandle::create(RD_KAFKA_CONSUMER, settings_.kafka, {},
                                    {{"group.id", "reader"}, {"auto.offset.reset", "earliest"}});
  ASSERT_TRUE(handle) << handle.error().message;
  rd_kafka_t* client = (*handle)->get();
  rd_kafka_poll_set_consumer(client);
  KafkaPartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), settings_.dead_letter_topic.c_str(), 0)->offset =
      RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(client, list.get());
  rd_kafka_message_t* message = rd_kafka_consumer_poll(client, 10'000);
  ASSERT_NE(message, nullptr);
  ASSERT_EQ(message->err, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(message->payload, nullptr);
  EXPECT_EQ(std::string(static_cast<const char*>(message->key), message->key_len),
            settings_.events_topic + ":0:0");
  rd_kafka_headers_t* headers = nullptr;
  ASSERT_EQ(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
  std::map<std::string, std::string> found;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    found[name] = std::string(static_cast<const char*>(value), size);
  }
  EXPECT_EQ(found.size(), 6u);
  EXPECT_EQ(found["topic"], settings_.events_topic);
  EXPECT_EQ(found["partition"], "0");
  EXPECT_EQ(found["offset"], "0");
  EXPECT_EQ(found["key"], "k");
  EXPECT_EQ(found["reason"], "not_json");
  EXPECT_FALSE(found["time"].empty());
  rd_kafka_message_destroy(message);
  rd_kafka_consumer_close(client);
}

TEST_F(KafkaLetters, NothingPassesAnUnacknowledgedReference) {
  // A name that no broker takes a record for, and that nobody can make a topic of.
  create_topics(1);
  settings_.dead_letter_topic = "not a topic";
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  produce(settings_.events_topic, "k", "{broken", 0);
  produce(settings_.events_topic, device_text(1), event_json(device_text(1), 1), 0);
  flush();
  EXPECT_TRUE(eventually(seconds{20}, [&] { return running->logged("refuses records"); }));
  std::this_thread::sleep_for(seconds{2});
  EXPECT_LE(running->progress(Topic::kEvents, 0).next_offset, 0);
}

// Somebody deletes the topic of dead letters: the stream stood still until the next start.
TEST_F(KafkaLetters, AReferenceMakesItsTopicAgain) {
  create_topics(1);
  settings_.dead_letter_topic = settings_.events_topic + ".deleted";
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  ASSERT_TRUE(broker().delete_topic(settings_.dead_letter_topic));
  produce(settings_.events_topic, "k", "{broken", 0);
  produce(settings_.events_topic, device_text(1), event_json(device_text(1), 1), 0);
  flush();
  EXPECT_TRUE(eventually(seconds{60},
                         [&] { return running->progress(Topic::kEvents, 0).next_offset == 2; }));
  EXPECT_EQ(letters().size(), 1u);
  EXPECT_TRUE(running->logged("refuses records"));
}

TEST_F(KafkaLetters, AnUnreadableOwnershipRecordSuspendsUntilOneFollows) {
  create_topics(1);
  produce(settings_.ownership_topic, device_text(1), ownership_json(device_text(1), "P1"), 0);
  produce(settings_.ownership_topic, device_text(1), "{broken", 0);
  flush();
  auto running = run();
  ASSERT_TRUE(eventually(seconds{20}, [&] { return running->ingest().ready(); }));
  EXPECT_TRUE(suspended(*running, 1));
  EXPECT_TRUE(running->fresh(0));
  produce(settings_.ownership_topic, device_text(1), ownership_json(device_text(1), "P1"), 0);
  flush();
  EXPECT_TRUE(eventually(seconds{5}, [&] { return !suspended(*running, 1); }));
}

TEST_F(KafkaLetters, ReplayReadsTheRecordAgainAndTellsWhatIsStillWrong) {
  create_topics(1);
  produce(settings_.events_topic, device_text(1), "{broken", 0);
  produce(settings_.events_topic, device_text(1), event_json(device_text(1), 1), 0);
  flush();
  auto running = run();
  ASSERT_TRUE(
      eventually(seconds{20}, [&] { return running->progress(Topic::kEvents, 0).consumed == 2; }));
  auto broken = running->ingest().replay(settings_.events_topic, 0, 0).get();
  ASSERT_TRUE(broken) << broken.error().message;
  EXPECT_EQ(*broken, "not_json");
  auto readable = running->ingest().replay(settings_.events_topic, 0, 1).get();
  ASSERT_TRUE(readable) << readable.error().message;
  EXPECT_EQ(*readable, "");
  auto gone = running->ingest().replay(settings_.events_topic, 0, 99).get();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, schemas::StatusCode::kNotFound);
  auto foreign = running->ingest().replay("other", 0, 0).get();
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, schemas::StatusCode::kInvalid);
}

}  // namespace
}  // namespace satindex::ingest
