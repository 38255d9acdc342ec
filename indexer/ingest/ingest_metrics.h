// IngestMetrics: what ingest tells Prometheus. Registered once per process; thread-safe. No device,
// owner or user in a label: topic, partition, outcome, reason and path only.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "indexer/store/checkpoint.h"
#include "indexer/store/shard.h"
#include "schemas/sat_event.h"

namespace satindex::ingest {

class IngestMetrics {
 public:
  IngestMetrics(prometheus::Registry& registry, int32_t partitions);

  // --- shards
  // --------------------------------------------------------------------------------------------------------
  // INV-6 counters grow by what the commit added.
  void committed(const store::Checkpoint& before, const store::Checkpoint& after, bool bulk,
                 std::chrono::nanoseconds took, size_t records);
  void commit_failed();
  void dead_letter(store::Topic topic, schemas::Unreadable reason);
  void dead_letters_pending(int32_t partition, size_t pending);
  void source_condition(store::Topic topic, const char* kind);
  // Ages of records (timestamp to visible) since the last call.
  void visible_after(const std::vector<int64_t>& ages_ms);

  // --- probe
  // ---------------------------------------------------------------------------------------------------------
  struct PartitionView {
    int64_t lag = -1;              // records; negative: unknown
    int64_t stable_distance = -1;  // last stable offset to high watermark
    double freshness_age_seconds = -1;
    int fault = 0;  // FreshnessFault
    bool recreated = false;
    bool gap = false;
  };
  void partition(store::Topic topic, int32_t partition, const PartitionView& view);
  void shard(int32_t partition, const store::Shard::Stats& stats,
             const store::Checkpoint& checkpoint);
  void offset_commits_failed(uint64_t total);
  void client_errors(uint64_t total);
  void ready(bool ready);
  void finite_ownership_retention(bool finite, bool unreadable);
  void unread_partitions(bool unread);

 private:
  using Counter = prometheus::Counter;
  using Gauge = prometheus::Gauge;
  struct PartitionGauges {
    Gauge* lag;
    Gauge* stable_distance;
    Gauge* freshness_age;
    Gauge* fault;
    Gauge* gap;
    Gauge* recreated;
  };
  struct ShardGauges {
    Gauge* sst_bytes;
    Gauge* live_files;
    Gauge* memtable_bytes;
    Gauge* stalled_seconds;
    Gauge* compaction_bytes;
    Gauge* flush_bytes;
    Gauge* ingested_bytes;
    Gauge* background_error;
    Gauge* pending_tasks;
    Gauge* dead_letters_pending;
    Gauge* misplaced;
    Gauge* conflicts;
  };
  void add_partition_gauges(prometheus::Registry& registry, int32_t partitions);
  void add_shard_gauges(prometheus::Registry& registry, int32_t partitions);

  std::array<std::array<Counter*, 5>, 2>
      records_;  // by topic: consumed indexed duplicate dead_lettered expired
  std::array<std::array<Counter*, schemas::kUnreadableCount>, 2> dead_letters_;
  std::array<Counter*, 2> commits_;  // live, bulk
  Counter* commit_failures_;
  std::array<prometheus::Histogram*, 2> commit_seconds_;
  std::array<prometheus::Histogram*, 2> commit_records_;
  prometheus::Histogram* visible_seconds_;
  std::vector<double> visible_bounds_;
  prometheus::Family<Counter>* conditions_;
  std::array<std::vector<PartitionGauges>, 2> partitions_;
  std::vector<ShardGauges> shards_;
  Gauge* offset_commits_failed_;
  Gauge* client_errors_;
  Gauge* ready_;
  Gauge* finite_retention_;
  Gauge* unreadable_config_;
  Gauge* unread_partitions_;
};

}  // namespace satindex::ingest
