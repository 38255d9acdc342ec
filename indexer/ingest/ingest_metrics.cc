#include "indexer/ingest/ingest_metrics.h"

#include <algorithm>
#include <utility>

#include "indexer/ingest/settings.h"

namespace satindex::ingest {
namespace {

using store::Topic;
using Bounds = prometheus::Histogram::BucketBoundaries;

const Bounds kCommitSeconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5};
const Bounds kCommitRecords = {1, 10, 100, 1000, 10'000, 100'000, 500'000};
const Bounds kVisibleSeconds = {0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1,
                                0.25,  0.5,   1,    2,     5,    10,   60};
constexpr const char* kOutcomes[] = {"consumed", "indexed", "duplicate", "dead_lettered",
                                     "expired"};

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& r, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(r);
}

prometheus::Family<prometheus::Gauge>& gauges(prometheus::Registry& r, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(r);
}

prometheus::Family<prometheus::Histogram>& histograms(prometheus::Registry& r, const char* name,
                                                      const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(r);
}

double d(uint64_t v) { return static_cast<double>(v); }

}  // namespace

IngestMetrics::IngestMetrics(prometheus::Registry& r, int32_t partitions) {
  auto& records = counters(r, "satindex_records_total",
                           "Records by topic and outcome; consumed is the sum of the others.");
  auto& letters = counters(r, "satindex_dead_letters_total", "Unreadable records by reason.");
  for (Topic t : kTopics) {
    const auto i = static_cast<size_t>(t);
    const std::string topic(topic_label(t));
    for (size_t o = 0; o < 5; ++o) {
      records_[i][o] = &records.Add({{"topic", topic}, {"outcome", kOutcomes[o]}});
    }
    for (int reason = 0; reason < schemas::kUnreadableCount; ++reason) {
      dead_letters_[i][static_cast<size_t>(reason)] = &letters.Add(
          {{"topic", topic},
           {"reason",
            std::string(schemas::reason_name(static_cast<schemas::Unreadable>(reason)))}});
    }
  }
  auto& commits = counters(r, "satindex_commits_total", "Commits by write path.");
  auto& seconds = histograms(r, "satindex_commit_seconds", "Time of a commit.");
  auto& sizes = histograms(r, "satindex_commit_records", "Records of a commit.");
  for (size_t path = 0; path < 2; ++path) {
    const prometheus::Labels label = {{"path", path == 0 ? "live" : "bulk"}};
    commits_[path] = &commits.Add(label);
    commit_seconds_[path] = &seconds.Add(label, kCommitSeconds);
    commit_records_[path] = &sizes.Add(label, kCommitRecords);
  }
  commit_failures_ =
      &counters(r, "satindex_commit_failures_total", "Commits that met a full disk or I/O error.")
           .Add({});
  visible_bounds_ = kVisibleSeconds;
  visible_seconds_ = &histograms(r, "satindex_visible_seconds",
                                 "Record timestamp to visible, while following live.")
                          .Add({}, kVisibleSeconds);
  conditions_ = &counters(r, "satindex_source_conditions_total",
                          "Gaps, positions beyond the end, errors of a topic.");
  add_partition_gauges(r, partitions);
  add_shard_gauges(r, partitions);
  offset_commits_failed_ =
      &gauges(r, "satindex_offset_commits_failed", "Failed commits of offsets for information.")
           .Add({});
  client_errors_ =
      &gauges(r, "satindex_kafka_client_errors", "Errors of the Kafka clients.").Add({});
  ready_ = &gauges(r, "satindex_ready", "1 when readiness is given.").Add({});
  finite_retention_ = &gauges(r, "satindex_ownership_retention_finite",
                              "1 when the ownership topic would forget intervals.")
                           .Add({});
  unreadable_config_ = &gauges(r, "satindex_ownership_config_unreadable",
                               "1 when the ownership topic's configuration may not be read.")
                            .Add({});
  unread_partitions_ =
      &gauges(r, "satindex_unread_partitions", "1 while a topic has a partition that is not read.")
           .Add({});
}

void IngestMetrics::add_partition_gauges(prometheus::Registry& r, int32_t partitions) {
  auto& lag =
      gauges(r, "satindex_lag_records", "High watermark minus committed position; -1 unknown.");
  auto& distance =
      gauges(r, "satindex_stable_offset_distance",
             "High watermark minus last stable offset: a hanging transaction stays here.");
  auto& age =
      gauges(r, "satindex_freshness_age_seconds", "Since the last proof of freshness; -1 never.");
  auto& fault =
      gauges(r, "satindex_freshness_fault", "0 none, 1 gap, 2 recreated, 3 beyond the end.");
  auto& gap = gauges(r, "satindex_gap", "1 when records were passed over unread.");
  auto& recreated =
      gauges(r, "satindex_topic_recreated", "1 when the last record was not found again.");
  for (Topic t : kTopics) {
    for (int32_t p = 0; p < partitions; ++p) {
      const prometheus::Labels label = {{"topic", std::string(topic_label(t))},
                                        {"partition", std::to_string(p)}};
      partitions_[static_cast<size_t>(t)].push_back({&lag.Add(label), &distance.Add(label),
                                                     &age.Add(label), &fault.Add(label),
                                                     &gap.Add(label), &recreated.Add(label)});
    }
  }
}

void IngestMetrics::add_shard_gauges(prometheus::Registry& r, int32_t partitions) {
  auto& sst = gauges(r, "satindex_store_sst_bytes", "Bytes in table files.");
  auto& files = gauges(r, "satindex_store_files", "Live table files.");
  auto& memtable = gauges(r, "satindex_store_memtable_bytes", "Bytes in memory tables.");
  auto& stalled = gauges(r, "satindex_store_stalled_seconds", "Time writers were stalled.");
  auto& compacted = gauges(r, "satindex_store_compaction_bytes", "Bytes written by compaction.");
  auto& flushed = gauges(r, "satindex_store_flush_bytes", "Bytes written by flushes.");
  auto& ingested = gauges(r, "satindex_store_ingested_bytes", "Bytes of ingested files.");
  auto& error = gauges(r, "satindex_store_background_error", "1 while the store refuses writes.");
  auto& tasks = gauges(r, "satindex_pending_tasks", "Reconciliation tasks not yet worked in.");
  auto& letters = gauges(r, "satindex_dead_letters_pending", "References not yet acknowledged.");
  auto& misplaced = gauges(r, "satindex_misplaced_records",
                           "Records on a partition that no fitting partitioner gives them.");
  auto& conflicts = gauges(r, "satindex_ownership_conflicts", "Same version, other content.");
  for (int32_t p = 0; p < partitions; ++p) {
    const prometheus::Labels label = {{"partition", std::to_string(p)}};
    shards_.push_back({&sst.Add(label), &files.Add(label), &memtable.Add(label),
                       &stalled.Add(label), &compacted.Add(label), &flushed.Add(label),
                       &ingested.Add(label), &error.Add(label), &tasks.Add(label),
                       &letters.Add(label), &misplaced.Add(label), &conflicts.Add(label)});
  }
}

void IngestMetrics::committed(const store::Checkpoint& before, const store::Checkpoint& after,
                              bool bulk, std::chrono::nanoseconds took, size_t records) {
  for (Topic t : kTopics) {
    const store::TopicProgress& b = before.of(t);
    const store::TopicProgress& a = after.of(t);
    const std::pair<uint64_t, uint64_t> grown[] = {{a.consumed, b.consumed},
                                                   {a.indexed, b.indexed},
                                                   {a.duplicates, b.duplicates},
                                                   {a.dead_lettered, b.dead_lettered},
                                                   {a.expired, b.expired}};
    for (size_t o = 0; o < 5; ++o) {
      const auto [now, then] =
          grown[o];  // a record read again leaves the dead-lettered ones: no growth
      if (now > then) records_[static_cast<size_t>(t)][o]->Increment(d(now - then));
    }
  }
  const size_t path = bulk ? 1 : 0;
  commits_[path]->Increment();
  commit_seconds_[path]->Observe(std::chrono::duration<double>(took).count());
  commit_records_[path]->Observe(static_cast<double>(records));
}

void IngestMetrics::commit_failed() { commit_failures_->Increment(); }

void IngestMetrics::dead_letter(Topic topic, schemas::Unreadable reason) {
  dead_letters_[static_cast<size_t>(topic)][static_cast<size_t>(reason)]->Increment();
}

void IngestMetrics::dead_letters_pending(int32_t partition, size_t pending) {
  if (static_cast<size_t>(partition) >= shards_.size()) return;
  shards_[static_cast<size_t>(partition)].dead_letters_pending->Set(static_cast<double>(pending));
}

void IngestMetrics::source_condition(Topic topic, const char* kind) {
  conditions_->Add({{"topic", std::string(topic_label(topic))}, {"kind", kind}}).Increment();
}

void IngestMetrics::visible_after(const std::vector<int64_t>& ages_ms) {
  if (ages_ms.empty()) return;
  std::vector<double> buckets(visible_bounds_.size() + 1, 0);
  double sum = 0;
  for (int64_t age : ages_ms) {
    const double seconds = static_cast<double>(std::max<int64_t>(age, 0)) / 1000;
    const auto it = std::lower_bound(visible_bounds_.begin(), visible_bounds_.end(), seconds);
    buckets[static_cast<size_t>(it - visible_bounds_.begin())] += 1;
    sum += seconds;
  }
  visible_seconds_->ObserveMultiple(buckets, sum);
}

void IngestMetrics::partition(Topic topic, int32_t partition, const PartitionView& view) {
  const PartitionGauges& g =
      partitions_[static_cast<size_t>(topic)][static_cast<size_t>(partition)];
  g.lag->Set(static_cast<double>(view.lag));
  g.stable_distance->Set(static_cast<double>(view.stable_distance));
  g.freshness_age->Set(view.freshness_age_seconds);
  g.fault->Set(view.fault);
  g.gap->Set(view.gap ? 1 : 0);
  g.recreated->Set(view.recreated ? 1 : 0);
}

void IngestMetrics::shard(int32_t partition, const store::Shard::Stats& stats,
                          const store::Checkpoint& checkpoint) {
  const ShardGauges& g = shards_[static_cast<size_t>(partition)];
  g.sst_bytes->Set(d(stats.sst_bytes));
  g.live_files->Set(d(stats.live_files));
  g.memtable_bytes->Set(d(stats.memtable_bytes));
  g.stalled_seconds->Set(d(stats.stalled_micros) / 1e6);
  g.compaction_bytes->Set(d(stats.compaction_bytes_written));
  g.flush_bytes->Set(d(stats.flush_bytes_written));
  g.ingested_bytes->Set(d(stats.ingested_bytes));
  g.background_error->Set(stats.background_error ? 1 : 0);
  g.pending_tasks->Set(d(stats.pending_tasks));
  g.misplaced->Set(d(checkpoint.misplaced));
  g.conflicts->Set(d(checkpoint.ownership_conflicts));
}

void IngestMetrics::offset_commits_failed(uint64_t total) { offset_commits_failed_->Set(d(total)); }
void IngestMetrics::client_errors(uint64_t total) { client_errors_->Set(d(total)); }
void IngestMetrics::ready(bool ready) { ready_->Set(ready ? 1 : 0); }
void IngestMetrics::finite_ownership_retention(bool finite, bool unreadable) {
  finite_retention_->Set(finite ? 1 : 0);
  unreadable_config_->Set(unreadable ? 1 : 0);
}
void IngestMetrics::unread_partitions(bool unread) { unread_partitions_->Set(unread ? 1 : 0); }

}  // namespace satindex::ingest
