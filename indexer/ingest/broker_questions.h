// BrokerQuestions: what one asks the brokers outside the stream: how many partitions, where the
// ends are, whether a record is still where it was. Synchronous, every call bounded by its timeout;
// used by one thread at a time. The client's isolation level decides what "end" means:
// read_uncommitted gives the high watermark, read_committed the last stable offset. Failures are
// weather: an empty answer.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "indexer/ingest/kafka_handle.h"

namespace satindex::ingest {

struct PartitionRef {
  store::Topic topic = store::Topic::kEvents;
  int32_t partition = 0;
};

struct TopicMetadata {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::vector<int32_t> leaders;  // one a partition; -1: none
};

enum class Boundary : int8_t {
  kEnd = -1,
  kBeginning = -2
};  // the timestamps of a ListOffsets request

enum class Sought : uint8_t { kFound, kOther, kUnknown };

struct RecordRef {
  PartitionRef at;
  int64_t offset = -1;
  uint64_t hash = 0;  // store::record_hash
};

class BrokerQuestions {
 public:
  // A client of its own, read_uncommitted, with small fetches: it never competes with the stream.
  static schemas::Result<std::unique_ptr<BrokerQuestions>> create(const IngestSettings& settings);
  // On a client that somebody else owns and that outlives this.
  BrokerQuestions(rd_kafka_t* client, const IngestSettings& settings);
  ~BrokerQuestions();

  // Of both topics, indexed by Topic. Nullopt when no broker answered.
  std::optional<std::array<TopicMetadata, 2>> metadata(std::chrono::milliseconds timeout);
  // The boundary of each partition, in order; -1 where it was not told. One request a leader, so
  // partitions of one leader should be asked together and leaders apart: a dead one then costs only
  // its own partitions.
  std::vector<int64_t> offsets(std::span<const PartitionRef> partitions, Boundary boundary,
                               std::chrono::milliseconds timeout);
  // Reads the records again, all side by side, and compares, in order. kOther: something else, or
  // nothing, is there now. Every partition at most once. Only on a read_uncommitted client.
  std::vector<Sought> seek_records(std::span<const RecordRef> records,
                                   std::chrono::milliseconds timeout);
  // Commits positions under group.id, for information: does not wait, failures are only counted.
  // Only on a client of its own.
  void commit_for_information(std::span<const std::pair<PartitionRef, int64_t>> positions);
  rd_kafka_t* client() const { return client_; }
  // Serves the client's callbacks.
  void serve() { rd_kafka_poll(client_, 0); }
  uint64_t failed_commits() const { return commits_ ? commits_->failed.load() : 0; }
  // Commits that are not answered yet; answers come in serve().
  int64_t open_commits() const { return commits_ ? commits_->open.load() : 0; }

 private:
  void poke(std::span<const RecordRef> records, const std::vector<bool>& wanted,
            std::chrono::steady_clock::time_point deadline);
  rd_kafka_topic_t* topic(store::Topic t) const { return topics_[static_cast<size_t>(t)].get(); }

  std::shared_ptr<KafkaHandle> handle_;  // null when the client is somebody else's
  struct Commits {
    std::atomic<uint64_t> failed{0};
    std::atomic<int64_t> open{0};
  };
  std::shared_ptr<Commits> commits_;
  rd_kafka_t* client_ = nullptr;
  std::array<std::string, 2> names_;
  std::array<KafkaTopic, 2> topics_;
};

}  // namespace satindex::ingest
