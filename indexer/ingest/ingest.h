// Ingest: the facade for the composition root: everything between the brokers and the shards.
// Construct with the shards of all partitions in order, start(), and stop() before the shards are
// closed. Shards, board and registry must outlive it. Thread-safe after start(). start() fails with
// kConfig on a refused property; bad weather later is reported by ready(), the metrics and the log,
// never by an exception.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "indexer/ingest/record_sink.h"
#include "indexer/ingest/settings.h"
#include "indexer/ingest/topic_shape.h"
#include "indexer/store/freshness.h"
#include "indexer/store/shard.h"

namespace prometheus {
class Registry;
}

namespace satindex::ingest {

class Ingest {
 public:
  Ingest(IngestSettings settings, TopicShape shape, std::vector<store::Shard*> shards,
         store::FreshnessBoard& board, prometheus::Registry& registry);
  ~Ingest();
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  schemas::Result<void> start();
  // The last commit of every shard, then all threads end. Bounded by a few seconds a shard's commit
  // takes.
  void stop();

  // CONTRACT 4, Readiness, once given: before that the routes answer 503.
  bool was_ready() const;
  // Ready, and every shard can write: for /readyz.
  bool ready() const;
  // A topic has grown: a restart reads the new partitions, until then nothing is fresh.
  bool unread_partitions() const;
  // For /readyz?verbose.
  std::vector<std::string> status() const;

  // Reads the record a dead letter refers to again from the log and, when it is readable now, hands
  // it to its shard. The future holds an empty text when it is now in the index, else the reason's
  // name. kInvalid: not our topic or partition; kNotFound: no longer in the log.
  std::future<schemas::Result<std::string>> replay(const std::string& topic, int32_t partition,
                                                   int64_t offset);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::ingest
