// KafkaHandle: one librdkafka client, configured. Owns the rd_kafka_t and what its callbacks need;
// must outlive every topic and queue made from it. Thread-safe as librdkafka is. Creation fails
// with kConfig when a property is unknown, wrong, or one of those that would break an invariant of
// ours.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "indexer/ingest/settings.h"
#include "schemas/status.h"

namespace satindex::ingest {

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

// Kept alive by the handle; librdkafka's callbacks find it as their opaque.
struct KafkaCallbacks {
  LogSink log;
  std::function<void(const rd_kafka_message_t&)> delivered;  // producers
  std::function<void(rd_kafka_resp_err_t)> committed;        // consumers: offsets for information
  std::atomic<uint64_t> errors{0};
};

class KafkaHandle {
 public:
  // Precedence: `forced` over the operator's properties over `defaults`.
  static schemas::Result<std::shared_ptr<KafkaHandle>> create(
      rd_kafka_type_t type, const KafkaSettings& settings, const KafkaProperties& defaults,
      const KafkaProperties& forced, std::unique_ptr<KafkaCallbacks> callbacks = nullptr);
  ~KafkaHandle();
  KafkaHandle(const KafkaHandle&) = delete;
  KafkaHandle& operator=(const KafkaHandle&) = delete;

  rd_kafka_t* get() const { return rk_; }
  uint64_t errors() const { return callbacks_->errors.load(std::memory_order_relaxed); }

 private:
  KafkaHandle() = default;
  rd_kafka_t* rk_ = nullptr;
  std::unique_ptr<KafkaCallbacks> callbacks_;
};

// kConfig when the operator may not set this property; says why.
schemas::Result<void> check_property(const std::string& name);

struct TopicCloser {
  void operator()(rd_kafka_topic_t* t) const { rd_kafka_topic_destroy(t); }
};
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, TopicCloser>;
struct QueueCloser {
  void operator()(rd_kafka_queue_t* q) const { rd_kafka_queue_destroy(q); }
};
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, QueueCloser>;
struct PartitionListCloser {
  void operator()(rd_kafka_topic_partition_list_t* l) const {
    rd_kafka_topic_partition_list_destroy(l);
  }
};
using KafkaPartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionListCloser>;

}  // namespace satindex::ingest
