#include "indexer/ingest/dead_letter_log.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "indexer/ingest/kafka_handle.h"

namespace satindex::ingest {
namespace {

using schemas::Result;
using schemas::Status;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct MessageCloser {
  void operator()(rd_kafka_message_t* m) const { rd_kafka_message_destroy(m); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageCloser>;

Result<std::shared_ptr<KafkaHandle>> reader(const IngestSettings& settings) {
  return KafkaHandle::create(RD_KAFKA_CONSUMER, settings.kafka,
                             {{"group.id", settings.kafka.group_id}},
                             {{"enable.auto.commit", "false"},
                              {"enable.auto.offset.store", "false"},
                              {"enable.partition.eof", "true"},
                              {"auto.offset.reset", "error"},
                              {"isolation.level", "read_committed"},
                              {"queued.max.messages.kbytes", "4096"}});
}

int left_ms(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

// -1: the topic is not there. Nullopt: nobody answered.
std::optional<int32_t> partitions_of(rd_kafka_t* client, const std::string& name, int timeout_ms) {
  KafkaTopic topic(rd_kafka_topic_new(client, name.c_str(), nullptr));
  const struct rd_kafka_metadata* told = nullptr;
  if (topic == nullptr ||
      rd_kafka_metadata(client, 0, topic.get(), &told, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  int32_t count = -1;
  if (told->topic_cnt == 1 && told->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    count = told->topics[0].partition_cnt;
  }
  rd_kafka_metadata_destroy(told);
  return count;
}

std::optional<std::string> header(const rd_kafka_headers_t* headers, const char* name) {
  const void* value = nullptr;
  size_t size = 0;
  if (headers == nullptr ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      value == nullptr) {
    return std::nullopt;
  }
  return std::string(static_cast<const char*>(value), size);
}

template <class T>
bool number(const std::optional<std::string>& text, T* out) {
  if (!text) return false;
  const auto [end, err] = std::from_chars(text->data(), text->data() + text->size(), *out);
  return err == std::errc() && end == text->data() + text->size();
}

std::optional<DeadLetter> letter_of(rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  DeadLetter letter;
  auto topic = header(headers, "topic");
  if (!topic || !number(header(headers, "partition"), &letter.partition) ||
      !number(header(headers, "offset"), &letter.offset)) {
    return std::nullopt;
  }
  letter.topic = std::move(*topic);
  letter.key = header(headers, "key");
  letter.reason = header(headers, "reason").value_or("");
  letter.time = header(headers, "time").value_or("");
  return letter;
}

}  // namespace

Result<uint64_t> list_dead_letters(const IngestSettings& settings, milliseconds patience,
                                   const std::function<bool(const DeadLetter&)>& each) {
  auto until = Clock::now() + patience;
  auto handle = reader(settings);
  if (!handle) return handle.error();
  rd_kafka_t* client = (*handle)->get();
  const auto partitions = partitions_of(client, settings.dead_letter_topic, left_ms(until));
  if (!partitions) return schemas::unavailable("no broker answered");
  if (*partitions <= 0) return uint64_t{0};
  rd_kafka_poll_set_consumer(client);
  KafkaPartitionList all(rd_kafka_topic_partition_list_new(*partitions));
  for (int32_t p = 0; p < *partitions; ++p) {
    rd_kafka_topic_partition_list_add(all.get(), settings.dead_letter_topic.c_str(), p)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  if (rd_kafka_assign(client, all.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return schemas::unavailable("the dead-letter topic cannot be read");
  }
  uint64_t given = 0;
  bool goes_on = true;
  std::vector<bool> ended(static_cast<size_t>(*partitions), false);
  while (goes_on && std::find(ended.begin(), ended.end(), false) != ended.end()) {
    if (Clock::now() >= until)
      return schemas::unavailable("the dead-letter topic gives no more, and not its end");
    Message message(rd_kafka_consumer_poll(client, std::min(left_ms(until), 200)));
    if (message == nullptr) continue;
    const bool moved = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
                       message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (moved) until = Clock::now() + patience;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended[static_cast<size_t>(message->partition)] = true;
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (auto letter = letter_of(message.get())) {
        ++given;
        goes_on = each(*letter);
      }
    }
  }
  rd_kafka_consumer_close(client);
  return given;
}

Result<LogRecord> read_log_record(const IngestSettings& settings, const std::string& topic,
                                  int32_t partition, int64_t offset, milliseconds deadline) {
  const auto until = Clock::now() + deadline;
  auto handle = reader(settings);
  if (!handle) return handle.error();
  rd_kafka_t* client = (*handle)->get();
  rd_kafka_poll_set_consumer(client);
  KafkaPartitionList one(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(one.get(), topic.c_str(), partition)->offset = offset;
  rd_kafka_assign(client, one.get());
  Result<LogRecord> out = schemas::unavailable("the record could not be read in time");
  while (Clock::now() < until) {
    Message message(rd_kafka_consumer_poll(client, left_ms(until)));
    if (message == nullptr) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset == offset) {
      LogRecord record;
      if (message->key != nullptr) {
        record.key.assign(static_cast<const char*>(message->key), message->key_len);
      }
      if (message->payload != nullptr) {
        record.value.assign(static_cast<const char*>(message->payload), message->len);
      }
      out = std::move(record);
      break;
    }
    const bool gone = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
                      message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
                      message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                      message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    if (gone) {
      out = Status{schemas::StatusCode::kNotFound, "the record is no longer in the log"};
      break;
    }
  }
  rd_kafka_consumer_close(client);
  return out;
}

}  // namespace satindex::ingest
