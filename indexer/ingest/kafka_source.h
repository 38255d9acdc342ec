// KafkaStreams: the consuming clients of the process, the partitions dealt out to them in turn.
// KafkaSource: one shard's RecordSource on its client, both topics' partitions forwarded into one
// queue. No group, no rebalance: positions come from the index. KafkaStreams is thread-safe and
// must outlive its sources; a source belongs to its shard's thread. Neither fails after creation:
// errors of a topic become conditions, and the partition is begun again from its position once the
// probe has answered what the log looks like now (partition_watch.h).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "indexer/ingest/kafka_handle.h"
#include "indexer/ingest/partition_watch.h"
#include "indexer/ingest/record_source.h"

namespace satindex::ingest {

class KafkaStreams {
 public:
  // queue_bytes: fetched records that may wait, all partitions together. A client has one thread
  // that fetches, one request at a time: with a second, one works while the other waits for the
  // broker. As many as there are cores, up to kClientsMax, and no more than partitions.
  static schemas::Result<std::unique_ptr<KafkaStreams>> create(const IngestSettings& settings,
                                                               int32_t partitions,
                                                               size_t queue_bytes);
  static constexpr size_t kClientsMax = 4;

  size_t clients() const { return clients_.size(); }
  size_t client_of(int32_t partition) const {
    return static_cast<size_t>(partition) % clients_.size();
  }
  rd_kafka_t* client(size_t i) const { return clients_[i].handle->get(); }
  rd_kafka_topic_t* topic(store::Topic t, int32_t partition) const {
    return clients_[client_of(partition)].topics[static_cast<size_t>(t)].get();
  }
  uint64_t errors() const;
  // Serves the clients' callbacks; called by the probe.
  void serve();

 private:
  struct Client {
    std::shared_ptr<KafkaHandle> handle;
    std::array<KafkaTopic, 2> topics;  // gone before their client
  };
  KafkaStreams() = default;
  std::vector<Client> clients_;
};

class KafkaSource : public RecordSource {
 public:
  // watches: of this partition, indexed by Topic; must outlive the source.
  KafkaSource(KafkaStreams& streams, int32_t partition, std::array<PartitionWatch*, 2> watches);
  ~KafkaSource() override;

  void start(store::Topic topic, const store::TopicProgress& from) override;
  void poll(std::chrono::milliseconds wait, size_t records_max, SourceBatch* batch) override;

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class State : uint8_t {
    kOff,      // not started
    kAsking,   // the probe has been asked for the range
    kReading,  // librdkafka fetches
    kBeyond,   // beyond the end: waiting for the end to come
    kBackoff,  // after an error, until retry_at
  };
  struct Stream {
    State state = State::kOff;
    int64_t position = -1;  // next offset expected; -1: the beginning
    uint64_t question = 0;
    Time retry_at;
  };

  void release();
  void step(store::Topic topic, SourceBatch* batch);
  void decide(store::Topic topic, PartitionRange range, SourceBatch* batch);
  void begin(store::Topic topic, int64_t offset, SourceBatch* batch);
  void end(store::Topic topic);
  void ask(store::Topic topic);
  void trouble(store::Topic topic, std::string detail, SourceBatch* batch);
  void take(const rd_kafka_message_t& message, SourceBatch* batch);
  void take_error(store::Topic topic, const rd_kafka_message_t& message, SourceBatch* batch);
  rd_kafka_topic_t* of_client(store::Topic t) const { return streams_.topic(t, partition_); }
  Stream& of(store::Topic t) { return streams_of_[static_cast<size_t>(t)]; }
  PartitionWatch& watch(store::Topic t) { return *watches_[static_cast<size_t>(t)]; }

  KafkaStreams& streams_;
  const int32_t partition_;
  const std::array<PartitionWatch*, 2> watches_;
  KafkaQueue queue_;
  std::array<Stream, 2> streams_of_;
  std::vector<rd_kafka_message_t*>
      messages_;  // of the last poll: the batch's views point into them
};

}  // namespace satindex::ingest
