// ShardWorker: the one thread that feeds one shard. Polls its source, projects records into its
// ShardWriter, commits by the policy, works off what commits leave behind, and is the only one that
// writes the shard. Back-pressure is not polling. A full disk or I/O error makes it unhealthy and
// is retried until it passes; a checkpoint never passes an unreadable record whose reference is not
// acknowledged (CONTRACT 1.4). Owns source, writer and decoders; what it is wired to must outlive
// it. start() once; request_stop() and the readers from any thread.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "indexer/ingest/commit_policy.h"
#include "indexer/ingest/dead_letters.h"
#include "indexer/ingest/ingest_metrics.h"
#include "indexer/ingest/partition_watch.h"
#include "indexer/ingest/projector.h"
#include "indexer/ingest/record_source.h"
#include "indexer/ingest/settings.h"
#include "indexer/store/freshness.h"
#include "indexer/store/shard.h"
#include "indexer/store/writer.h"

namespace satindex::ingest {

struct WorkerOptions {
  int32_t partition = 0;
  int32_t partitions = 0;                  // of the topic; 0: the records come from files
  std::array<std::string, 2> topic_names;  // by Topic
  CommitLimits limits;
  bool always_bulk = false;
  LogSink log;
};

// Not owned; may be null: no dead-letter topic, no board, no metrics, nobody watching.
struct WorkerWiring {
  RecordSink* dead_letters = nullptr;
  store::FreshnessBoard* board = nullptr;
  IngestMetrics* metrics = nullptr;
  std::array<PartitionWatch*, 2> watches{};  // by Topic
};

// A record of a dead letter, read again from the log.
struct ReplayRecord {
  store::Topic topic = store::Topic::kEvents;
  int64_t offset = 0;
  std::string key;
  std::string value;
};

class ShardWorker {
 public:
  ShardWorker(store::Shard& shard, std::unique_ptr<RecordSource> source, WorkerOptions options,
              WorkerWiring wiring);
  ~ShardWorker();

  void start();
  void request_stop();
  void join();

  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }
  bool catching_up() const { return catching_up_.load(std::memory_order_relaxed); }
  // The source has ended, everything is committed, and nothing is left to be worked in: the thread
  // waits for the stop.
  bool rested() const { return rested_.load(std::memory_order_acquire); }
  // One line for an operator.
  std::string status() const;
  // Resolves once committed: empty when the record was readable, else the reason's name;
  // kOverloaded when too many wait, kUnavailable when the worker stops first.
  std::future<schemas::Result<std::string>> replay(ReplayRecord record);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Replay {
    ReplayRecord record;
    std::promise<schemas::Result<std::string>> done;
  };

  void run();
  void begin();
  void round();
  void start_events_when_due();
  void take_requests();
  void take_verdicts();
  void take(const SourceBatch& batch);
  void take_condition(const Condition& condition);
  void take_record(const SourceRecord& record, bool last_of_topic);
  void take_thread_class();
  void commit_when_due();
  bool commit(CommitDecision path);
  void committed(const store::Checkpoint& before, CommitDecision path, Time began, size_t records);
  void tell_partitioners();
  void work();
  void weather(const char* doing, const schemas::Status& status);
  void fair();
  void finish();
  Gathered gathered() const;
  int64_t lag() const;
  bool may_poll() const;
  PartitionWatch* watch(store::Topic t) const { return wiring_.watches[static_cast<size_t>(t)]; }
  void log(LogLevel level, const std::string& text) const;
  void publish_status();

  const WorkerOptions options_;
  const WorkerWiring wiring_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> healthy_{true};
  std::atomic<bool> catching_up_{false};
  std::atomic<bool> rested_{false};

  // The thread's own.
  std::unique_ptr<RecordSource> source_;
  store::ShardWriter writer_;
  Projector projector_;
  DeadLetters dead_letters_;
  CommitPolicy policy_;
  SourceBatch batch_;
  std::array<int64_t, 2> next_{-1, -1};  // by Topic, where the stream stands
  std::array<bool, 2> started_{false, false};
  std::array<bool, 2> marked_recreated_{false, false};
  bool ownership_read_ = false;  // to the end that was there at start
  int64_t ownership_target_ = -1;
  Time ownership_progress_;
  bool source_finished_ = false;
  bool blocked_ = false;  // a commit is due but may not be made yet
  Time first_gathered_;
  bool was_dirty_ = false;
  std::vector<int64_t> timestamps_ms_;  // of records gathered live
  bool more_work_ = true;
  Time next_work_;
  Time status_at_;
  std::array<Time, 2> trouble_logged_at_{};  // by Topic
  std::chrono::nanoseconds work_spent_{0};   // while catching up
  Time caught_since_;
  Time retry_at_;
  std::chrono::milliseconds retry_after_{0};
  int partitioners_told_ = -1;
  std::vector<std::promise<schemas::Result<std::string>>> replays_uncommitted_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::deque<Replay> replays_;
  std::string status_;
};

}  // namespace satindex::ingest
