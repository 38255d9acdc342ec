#include "indexer/ingest/kafka_source.h"

#include <algorithm>
#include <string>
#include <thread>

namespace satindex::ingest {
namespace {

using schemas::Result;
using store::Topic;

constexpr std::chrono::milliseconds kRetryAfter{500};
// While a topic waits for something that is not in the queue, look again this often.
constexpr std::chrono::milliseconds kWaitNotReading{20};
// librdkafka looks at a full queue only once a second (2.0.2), so a queue must hold a second's
// worth of records, or catching up crawls (facts/measured); below this, the operator gets a slow
// catch-up, not a broken one.
constexpr size_t kQueueBytesMin = size_t{4} << 20;
constexpr size_t kQueueBytesMax = size_t{1} << 30;
// What a waiting record costs librdkafka beside its bytes, so that tiny records do not break the
// budget.
constexpr size_t kRecordOverheadBytes = 400;

std::string_view view(const void* data, size_t size) {
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

Result<std::unique_ptr<KafkaStreams>> KafkaStreams::create(const IngestSettings& settings,
                                                           int32_t partitions, size_t queue_bytes) {
  const size_t each = std::clamp(queue_bytes / static_cast<size_t>(std::max(partitions, 1)),
                                 kQueueBytesMin, kQueueBytesMax);
  const KafkaProperties defaults = {
      {"group.id", settings.kafka.group_id},
      {"queued.max.messages.kbytes", std::to_string(each / 1024)},
      {"queued.min.messages", std::to_string(std::max<size_t>(each / kRecordOverheadBytes, 1000))},
      // An end mark follows a control record only with the next empty answer, and freshness waits
      // for it.
      {"fetch.wait.max.ms", "100"},
      {"fetch.error.backoff.ms", "100"},
  };
  const KafkaProperties forced = {
      {"enable.auto.commit", "false"},       {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},      {"auto.offset.reset", "error"},
      {"isolation.level", "read_committed"},
  };
  auto streams = std::unique_ptr<KafkaStreams>(new KafkaStreams());
  const size_t cores = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kClientsMax);
  const size_t count = std::min(cores, static_cast<size_t>(std::max(partitions, 1)));
  for (size_t i = 0; i < count; ++i) {
    auto handle = KafkaHandle::create(RD_KAFKA_CONSUMER, settings.kafka, defaults, forced);
    if (!handle) return handle.error();
    Client& client = streams->clients_.emplace_back();
    client.handle = std::move(*handle);
    for (Topic t : kTopics) {
      auto* topic = rd_kafka_topic_new(client.handle->get(), settings.topic(t).c_str(), nullptr);
      if (topic == nullptr) return schemas::config_error("not a topic name: " + settings.topic(t));
      client.topics[static_cast<size_t>(t)].reset(topic);
    }
  }
  return streams;
}

uint64_t KafkaStreams::errors() const {
  uint64_t sum = 0;
  for (const Client& client : clients_) sum += client.handle->errors();
  return sum;
}

void KafkaStreams::serve() {
  for (const Client& client : clients_) rd_kafka_poll(client.handle->get(), 0);
}

KafkaSource::KafkaSource(KafkaStreams& streams, int32_t partition,
                         std::array<PartitionWatch*, 2> watches)
    : streams_(streams),
      partition_(partition),
      watches_(watches),
      queue_(rd_kafka_queue_new(streams.client(streams.client_of(partition)))) {}

KafkaSource::~KafkaSource() {
  release();
  for (Topic t : kTopics) end(t);
}

void KafkaSource::release() {
  for (rd_kafka_message_t* message : messages_) rd_kafka_message_destroy(message);
  messages_.clear();
}

void KafkaSource::start(Topic topic, const store::TopicProgress& from) {
  SATINDEX_INVARIANT(of(topic).state == State::kOff, "a topic is started once");
  of(topic).position = from.next_offset;
  ask(topic);
}

void KafkaSource::ask(Topic topic) {
  of(topic).question = watch(topic).raise();
  of(topic).state = State::kAsking;
}

void KafkaSource::begin(Topic topic, int64_t offset, SourceBatch* batch) {
  if (rd_kafka_consume_start_queue(of_client(topic), partition_, offset, queue_.get()) != 0) {
    trouble(topic, rd_kafka_err2name(rd_kafka_last_error()), batch);
    return;
  }
  of(topic).state = State::kReading;
  watch(topic).set_beyond_end(false);
  batch->conditions.push_back({topic, ConditionKind::kReading, offset, {}});
}

void KafkaSource::end(Topic topic) {
  if (of(topic).state == State::kReading) {
    rd_kafka_consume_stop(of_client(topic), partition_);
  }
}

void KafkaSource::trouble(Topic topic, std::string detail, SourceBatch* batch) {
  end(topic);
  of(topic).state = State::kBackoff;
  of(topic).retry_at = std::chrono::steady_clock::now() + kRetryAfter;
  watch(topic).raise();  // nothing is fresh from here on until the log has been looked at again
  batch->conditions.push_back(
      {topic, ConditionKind::kTrouble, of(topic).position, std::move(detail)});
}

void KafkaSource::decide(Topic topic, PartitionRange range, SourceBatch* batch) {
  Stream& stream = of(topic);
  if (stream.position < 0) {
    begin(topic, range.low, batch);
  } else if (stream.position < range.low) {
    stream.position = range.low;
    batch->conditions.push_back({topic, ConditionKind::kGap, range.low, {}});
    begin(topic, range.low, batch);
  } else if (stream.position > range.high) {
    stream.state = State::kBeyond;
    stream.retry_at = std::chrono::steady_clock::now() + kRetryAfter;
    if (!watch(topic).beyond_end()) {
      watch(topic).set_beyond_end(true);
      batch->conditions.push_back({topic, ConditionKind::kBeyondEnd, stream.position,
                                   "the end is at " + std::to_string(range.high)});
    }
  } else {
    begin(topic, stream.position, batch);
  }
}

void KafkaSource::step(Topic topic, SourceBatch* batch) {
  Stream& stream = of(topic);
  if (stream.state == State::kAsking) {
    if (auto range = watch(topic).answer(stream.question)) decide(topic, *range, batch);
  } else if (stream.state == State::kBackoff || stream.state == State::kBeyond) {
    if (std::chrono::steady_clock::now() >= stream.retry_at) ask(topic);
  }
}

void KafkaSource::take_error(Topic topic, const rd_kafka_message_t& message, SourceBatch* batch) {
  Stream& stream = of(topic);
  if (stream.state != State::kReading) return;  // from before the stop
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (message.offset < stream.position) return;
    stream.position = message.offset;
    batch->ends.push_back({topic, message.offset});
    return;
  }
  trouble(topic, rd_kafka_err2name(message.err), batch);
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    ask(topic);  // the answer decides at once whether it is a gap or beyond the end
  }
}

void KafkaSource::take(const rd_kafka_message_t& message, SourceBatch* batch) {
  Topic topic;
  if (message.rkt == of_client(Topic::kEvents)) {
    topic = Topic::kEvents;
  } else if (message.rkt == of_client(Topic::kOwnership)) {
    topic = Topic::kOwnership;
  } else {
    return;  // an error of the client as a whole: counted by its callback
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return take_error(topic, message, batch);
  Stream& stream = of(topic);
  if (stream.state != State::kReading || message.offset < stream.position) return;
  stream.position = message.offset + 1;
  batch->records.push_back({topic, message.offset, rd_kafka_message_timestamp(&message, nullptr),
                            view(message.key, message.key_len),
                            view(message.payload, message.len)});
}

void KafkaSource::poll(std::chrono::milliseconds wait, size_t records_max, SourceBatch* batch) {
  release();
  batch->clear();
  bool all_reading = true;
  for (Topic t : kTopics) {
    step(t, batch);
    all_reading = all_reading && (of(t).state == State::kReading || of(t).state == State::kOff);
  }
  if (!batch->conditions.empty()) return;
  if (!all_reading) wait = std::min(wait, kWaitNotReading);
  // A batch call waits for its whole time unless it is full; a single one comes back with the first
  // message.
  rd_kafka_message_t* first = rd_kafka_consume_queue(queue_.get(), static_cast<int>(wait.count()));
  if (first == nullptr) return;
  messages_.resize(records_max);
  messages_[0] = first;
  size_t count = 1;
  if (records_max > 1) {
    const ssize_t more =
        rd_kafka_consume_batch_queue(queue_.get(), 0, &messages_[1], records_max - 1);
    if (more > 0) count += static_cast<size_t>(more);
  }
  messages_.resize(count);
  for (const rd_kafka_message_t* message : messages_) take(*message, batch);
}

}  // namespace satindex::ingest
