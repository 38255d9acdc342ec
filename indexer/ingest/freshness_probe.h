// FreshnessProbe: the one thread that asks the brokers how the log stands and says on the
// FreshnessBoard what that proves (CONTRACT 2, Freshness). Asks every partition's real end twice a
// second, confirms a question's sending time once everything below its end is committed, looks for
// the last applied record where it must, answers what the shards raise (partition_watch.h), commits
// offsets for information, keeps the gauges. Bad weather proves nothing: then partitions simply
// grow stale. Everything it is given must outlive it. start() once.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "indexer/ingest/broker_questions.h"
#include "indexer/ingest/ingest_metrics.h"
#include "indexer/ingest/kafka_source.h"
#include "indexer/ingest/partition_watch.h"
#include "indexer/ingest/stable_offsets.h"
#include "indexer/store/freshness.h"
#include "indexer/store/shard.h"

namespace satindex::ingest {

struct ProbeWiring {
  KafkaStreams* streams = nullptr;
  BrokerQuestions* questions = nullptr;
  store::FreshnessBoard* board = nullptr;
  IngestMetrics* metrics = nullptr;                     // may be null
  std::vector<store::Shard*> shards;                    // by partition
  std::array<std::vector<PartitionWatch*>, 2> watches;  // by Topic, then partition
  std::function<bool()> catching_up;
  std::function<bool()> ready;
};

class FreshnessProbe {
 public:
  FreshnessProbe(const IngestSettings& settings, ProbeWiring wiring);
  ~FreshnessProbe();
  void start();
  void stop();

  // Both topics have been read to the last stable offset seen at start, on every partition. Stays.
  bool read_to_start() const { return read_to_start_.load(std::memory_order_relaxed); }
  // A store refuses writes, as of the last look at its gauges.
  bool store_failing() const { return store_failing_.load(std::memory_order_relaxed); }
  // A topic has more partitions than there are shards.
  bool unread_partitions() const { return unread_partitions_.load(std::memory_order_relaxed); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Question {
    int64_t wall_ns;
    int64_t boot_ns;
    int64_t high;
  };
  struct Anchor {
    int64_t offset = -1;
    uint64_t hash = 0;
  };
  struct Partition {
    PartitionRef ref;
    store::Shard* shard = nullptr;
    PartitionWatch* watch = nullptr;
    std::deque<Question> questions;  // sent, answered, not yet applied
    uint64_t verified_question =
        0;             // the newest of the watch's questions that a search has followed
    Time verified_at;  // when the last applied record was last found (or there was none)
    bool ever_verified = false;
    Time search_again_at;
    // Older records applied from this topic, which a topic recreated between two looks cannot have
    // at their places: the last one at the last search, and the first one seen applied since.
    Anchor anchor;
    Anchor first_since;
    bool reachable = false;   // its leader answered the last question
    bool beyond_end = false;  // an answer named an end below what was applied when it was asked
    bool read_to_start = false;
    size_t stable_place = 0;  // in the StableOffsets of its client
    StableOffsets::Seen stable;
    store::FreshnessFault told = store::FreshnessFault::kNone;
    bool told_never_fresh = false;
    Time confirmed_at;
    bool ever_confirmed = false;
    int64_t committed_to_kafka = -1;
  };

  static std::vector<Partition> partitions(const ProbeWiring& wiring);
  void make_stable();
  void run();
  void tick();
  void ask_ends();
  void ask_group(const std::vector<Partition*>& group, int64_t wall_ns, int64_t boot_ns);
  using Groups = std::vector<std::vector<Partition*>>;
  void pace_stable(const Groups& reachable);
  void answer_raised(const Groups& reachable);
  struct Search {
    Partition* of;
    uint64_t question;
    store::TopicProgress at;
    std::vector<Anchor> sought;
    std::vector<Anchor> missed;
    bool failed = false;
  };
  Search begin_search(Partition& p);
  void look(std::vector<Search>& searches, size_t anchor);
  void search(const std::vector<Partition*>& group);
  bool end_search(const Search& search, PartitionRange range);
  Sought look_again(Partition& p, const Anchor& at, PartitionRange range);
  void settle(Partition& p);
  void lost(Partition& p);
  void take_end(Partition& p, int64_t applied, const Question& question);
  void settle_fault(Partition& p, const store::Checkpoint& at);
  void note_hanging(Partition& p, int64_t applied);
  void commit_for_information();
  void export_gauges();
  // Partitions by their leader, each group to be asked in one request. Those without one are left out.
  Groups by_leader(bool reachable_only);
  void export_partition(const Partition& p, Time now);
  bool verified(const Partition& p, Time now) const;

  const IngestSettings settings_;
  const ProbeWiring wiring_;
  std::vector<Partition> partitions_;
  // One for each client of the stream, which its questions also wake (docs/decisions/0006).
  std::vector<std::unique_ptr<StableOffsets>> stable_;
  std::array<TopicMetadata, 2> metadata_;
  Time ends_at_, commits_at_, gauges_at_;
  std::atomic<bool> read_to_start_{false};
  std::atomic<bool> unread_partitions_{false};
  std::atomic<bool> store_failing_{false};
  std::mutex mutex_;  // guards stop_
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace satindex::ingest
