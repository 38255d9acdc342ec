#include "indexer/ingest/broker_questions.h"

#include <algorithm>

#include "indexer/store/writer.h"

namespace satindex::ingest {
namespace {

using schemas::Result;
using store::Topic;
using Clock = std::chrono::steady_clock;

std::string_view view(const void* data, size_t size) {
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

constexpr std::chrono::milliseconds kPokeAfter{20};
constexpr std::chrono::milliseconds kPokeTimeout{200};

Sought compare(const rd_kafka_message_t& message, const RecordRef& record) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: {
      const bool same =
          message.offset == record.offset &&
          store::record_hash(view(message.key, message.key_len), view(message.payload, message.len),
                             rd_kafka_message_timestamp(&message, nullptr)) == record.hash;
      return same ? Sought::kFound : Sought::kOther;
    }
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return Sought::kOther;
    default:
      return Sought::kUnknown;
  }
}

int left_ms(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

int poke_ms(Clock::time_point deadline) {
  return std::min(left_ms(deadline), static_cast<int>(kPokeAfter.count()));
}

}  // namespace

Result<std::unique_ptr<BrokerQuestions>> BrokerQuestions::create(const IngestSettings& settings) {
  auto commits = std::make_shared<Commits>();
  auto callbacks = std::make_unique<KafkaCallbacks>();
  callbacks->committed = [commits](rd_kafka_resp_err_t err) {
    --commits->open;
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR__NO_OFFSET) ++commits->failed;
  };
  const KafkaProperties forced = {{"enable.auto.commit", "false"},
                                  {"enable.auto.offset.store", "false"},
                                  {"enable.partition.eof", "true"},
                                  {"auto.offset.reset", "error"},
                                  {"isolation.level", "read_uncommitted"},
                                  {"queued.min.messages", "1"},
                                  {"queued.max.messages.kbytes", "1024"},
                                  {"fetch.message.max.bytes", "65536"},
                                  {"fetch.wait.max.ms", "50"},
                                  // How long a commit for information waits for a coordinator, and
                                  // with it the end of the client.
                                  {"session.timeout.ms", "2000"},
                                  {"heartbeat.interval.ms", "500"}};
  auto handle =
      KafkaHandle::create(RD_KAFKA_CONSUMER, settings.kafka,
                          {{"group.id", settings.kafka.group_id}}, forced, std::move(callbacks));
  if (!handle) return handle.error();
  auto questions = std::make_unique<BrokerQuestions>((*handle)->get(), settings);
  questions->handle_ = *handle;
  questions->commits_ = commits;
  for (const KafkaTopic& topic : questions->topics_) {
    if (topic == nullptr) return schemas::config_error("a topic name is not one Kafka accepts");
  }
  return questions;
}

BrokerQuestions::BrokerQuestions(rd_kafka_t* client, const IngestSettings& settings)
    : client_(client) {
  for (Topic t : kTopics) {
    const auto i = static_cast<size_t>(t);
    names_[i] = settings.topic(t);
    topics_[i].reset(rd_kafka_topic_new(client_, names_[i].c_str(), nullptr));
  }
}

BrokerQuestions::~BrokerQuestions() {
  for (KafkaTopic& topic : topics_) topic.reset();
}

std::optional<std::array<TopicMetadata, 2>> BrokerQuestions::metadata(
    std::chrono::milliseconds timeout) {
  const struct rd_kafka_metadata* reply = nullptr;
  // The client knows exactly our two topics, so one request covers both.
  if (rd_kafka_metadata(client_, 0, nullptr, &reply, static_cast<int>(timeout.count())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  std::array<TopicMetadata, 2> out;
  for (TopicMetadata& topic : out) topic.error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  for (int i = 0; i < reply->topic_cnt; ++i) {
    const struct rd_kafka_metadata_topic& told = reply->topics[i];
    for (Topic t : kTopics) {
      if (names_[static_cast<size_t>(t)] != told.topic) continue;
      TopicMetadata& topic = out[static_cast<size_t>(t)];
      topic.error = told.err;
      topic.leaders.assign(static_cast<size_t>(told.partition_cnt), -1);
      for (int p = 0; p < told.partition_cnt; ++p) {
        const auto id = static_cast<size_t>(told.partitions[p].id);
        if (id < topic.leaders.size()) topic.leaders[id] = told.partitions[p].leader;
      }
    }
  }
  rd_kafka_metadata_destroy(reply);
  return out;
}

std::vector<int64_t> BrokerQuestions::offsets(std::span<const PartitionRef> partitions,
                                              Boundary boundary,
                                              std::chrono::milliseconds timeout) {
  KafkaPartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const PartitionRef& p : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), names_[static_cast<size_t>(p.topic)].c_str(),
                                      p.partition)
        ->offset = static_cast<int64_t>(boundary);
  }
  std::vector<int64_t> out(partitions.size(), -1);
  if (rd_kafka_offsets_for_times(client_, list.get(), static_cast<int>(timeout.count())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return out;
  }
  for (size_t i = 0; i < partitions.size(); ++i) {
    const auto* told = rd_kafka_topic_partition_list_find(
        list.get(), names_[static_cast<size_t>(partitions[i].topic)].c_str(),
        partitions[i].partition);
    if (told != nullptr && told->err == RD_KAFKA_RESP_ERR_NO_ERROR) out[i] = told->offset;
  }
  return out;
}

std::vector<Sought> BrokerQuestions::seek_records(std::span<const RecordRef> records,
                                                  std::chrono::milliseconds timeout) {
  std::vector<Sought> out(records.size(), Sought::kUnknown);
  std::vector<bool> open(records.size(), false);
  size_t left = 0;
  const auto deadline = Clock::now() + timeout;
  KafkaQueue queue(rd_kafka_queue_new(client_));
  for (size_t i = 0; i < records.size(); ++i) {
    open[i] = rd_kafka_consume_start_queue(topic(records[i].at.topic), records[i].at.partition,
                                           records[i].offset, queue.get()) == 0;
    if (open[i]) ++left;
  }
  std::vector<bool> wanted = open;
  while (left > 0 && Clock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consume_queue(queue.get(), poke_ms(deadline));
    if (message == nullptr) {
      poke(records, wanted, deadline);
      continue;
    }
    for (size_t i = 0; i < records.size(); ++i) {
      if (!wanted[i] || message->partition != records[i].at.partition || message->rkt == nullptr ||
          names_[static_cast<size_t>(records[i].at.topic)] != rd_kafka_topic_name(message->rkt))
        continue;
      out[i] = compare(*message, records[i]);
      wanted[i] = false;
      --left;
    }
    rd_kafka_message_destroy(message);
  }
  for (size_t i = 0; i < records.size(); ++i) {
    if (open[i]) rd_kafka_consume_stop(topic(records[i].at.topic), records[i].at.partition);
  }
  return out;
}

// librdkafka 2.0.2 begins a fetch when something wakes the broker's thread, else within a second: a
// question to the leaders of those that are waited for does.
void BrokerQuestions::poke(std::span<const RecordRef> records, const std::vector<bool>& wanted,
                           Clock::time_point deadline) {
  std::vector<PartitionRef> refs;
  for (size_t i = 0; i < records.size(); ++i) {
    if (wanted[i]) refs.push_back(records[i].at);
  }
  offsets(refs, Boundary::kEnd,
          std::min(kPokeTimeout, std::chrono::milliseconds(left_ms(deadline))));
}

void BrokerQuestions::commit_for_information(
    std::span<const std::pair<PartitionRef, int64_t>> positions) {
  if (positions.empty()) return;
  KafkaPartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const auto& [p, offset] : positions) {
    rd_kafka_topic_partition_list_add(list.get(), names_[static_cast<size_t>(p.topic)].c_str(),
                                      p.partition)
        ->offset = offset;
  }
  const auto err = rd_kafka_commit(client_, list.get(), /*async=*/1);
  if (commits_ == nullptr) return;
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++commits_->open;
  } else {
    ++commits_->failed;
  }
}

}  // namespace satindex::ingest
