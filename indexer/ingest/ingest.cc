#include "indexer/ingest/ingest.h"

#include <algorithm>
#include <atomic>

#include "indexer/ingest/broker_questions.h"
#include "indexer/ingest/dead_letter_log.h"
#include "indexer/ingest/freshness_probe.h"
#include "indexer/ingest/ingest_metrics.h"
#include "indexer/ingest/kafka_sink.h"
#include "indexer/ingest/kafka_source.h"
#include "indexer/ingest/shard_worker.h"

namespace satindex::ingest {

using schemas::Result;
using std::chrono::milliseconds;
using store::Topic;

namespace {

// A dead letter that is not acknowledged by then is sent again; until then its records stay
// uncommitted.
constexpr milliseconds kDeadLetterDeadline{10'000};
constexpr milliseconds kEnsureTopicDeadline{5'000};
constexpr milliseconds kReplayRead{5'000};
constexpr size_t kBulkBytesMin = size_t{8} << 20;

std::future<Result<std::string>> at_once(Result<std::string> answer) {
  std::promise<Result<std::string>> promise;
  promise.set_value(std::move(answer));
  return promise.get_future();
}

}  // namespace

struct Ingest::Impl {
  IngestSettings settings;
  TopicShape shape;
  std::vector<store::Shard*> shards;
  store::FreshnessBoard& board;
  IngestMetrics metrics;
  std::array<std::vector<std::unique_ptr<PartitionWatch>>, 2> watches;
  // Declared before whatever uses them, so destroyed after.
  std::unique_ptr<KafkaStreams> streams;
  std::unique_ptr<BrokerQuestions> questions;
  std::unique_ptr<KafkaSink> dead_letters;
  std::vector<std::unique_ptr<ShardWorker>> workers;
  std::unique_ptr<FreshnessProbe> probe;
  mutable std::atomic<bool> was_ready{false};

  Impl(IngestSettings s, TopicShape sh, std::vector<store::Shard*> all, store::FreshnessBoard& b,
       prometheus::Registry& registry)
      : settings(std::move(s)),
        shape(std::move(sh)),
        shards(std::move(all)),
        board(b),
        metrics(registry, static_cast<int32_t>(shards.size())) {
    metrics.finite_ownership_retention(shape.finite_retention, shape.configuration_unreadable);
    for (auto& of_topic : watches) {
      for (size_t p = 0; p < shards.size(); ++p) {
        of_topic.push_back(std::make_unique<PartitionWatch>());
      }
    }
  }

  void log(LogLevel level, const std::string& text) const {
    if (settings.kafka.log) settings.kafka.log(level, text);
  }

  void make_worker(size_t p);
  void make_probe();
  bool check_ready() const;
  bool healthy() const {
    if (probe != nullptr && probe->store_failing()) return false;
    return std::all_of(workers.begin(), workers.end(), [](const auto& w) { return w->healthy(); });
  }
};

void Ingest::Impl::make_worker(size_t p) {
  WorkerOptions options;
  options.partition = static_cast<int32_t>(p);
  options.partitions = static_cast<int32_t>(shards.size());
  options.topic_names = {settings.events_topic, settings.ownership_topic};
  options.limits.bulk_bytes = std::max(settings.memory_bytes / 2 / shards.size(), kBulkBytesMin);
  options.log = settings.kafka.log;
  WorkerWiring wiring;
  wiring.dead_letters = dead_letters.get();
  wiring.board = &board;
  wiring.metrics = &metrics;
  wiring.watches = {watches[0][p].get(), watches[1][p].get()};
  auto source = std::make_unique<KafkaSource>(*streams, static_cast<int32_t>(p), wiring.watches);
  workers.push_back(
      std::make_unique<ShardWorker>(*shards[p], std::move(source), std::move(options), wiring));
}

void Ingest::Impl::make_probe() {
  ProbeWiring wiring;
  wiring.streams = streams.get();
  wiring.questions = questions.get();
  wiring.board = &board;
  wiring.metrics = &metrics;
  wiring.shards = shards;
  for (size_t t = 0; t < 2; ++t) {
    for (const auto& watch : watches[t]) wiring.watches[t].push_back(watch.get());
  }
  wiring.catching_up = [this] {
    return std::any_of(workers.begin(), workers.end(),
                       [](const auto& w) { return w->catching_up(); });
  };
  wiring.ready = [this] { return check_ready() && healthy(); };
  probe = std::make_unique<FreshnessProbe>(settings, std::move(wiring));
}

// In this order: late ownership is only known to be worked in once all of it has been read.
bool Ingest::Impl::check_ready() const {
  if (was_ready.load()) return true;
  if (probe == nullptr || !probe->read_to_start() || !board.settled()) return false;
  if (std::any_of(shards.begin(), shards.end(), [](const auto* s) { return s->any_pending(); })) {
    return false;
  }
  was_ready.store(true);
  log(LogLevel::kInfo, "ready");
  return true;
}

Ingest::Ingest(IngestSettings settings, TopicShape shape, std::vector<store::Shard*> shards,
               store::FreshnessBoard& board, prometheus::Registry& registry)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(shape), std::move(shards), board,
                                   registry)) {}

Ingest::~Ingest() { stop(); }

Result<void> Ingest::start() {
  Impl& my = *impl_;
  const auto partitions = static_cast<int32_t>(my.shards.size());
  if (partitions == 0 || partitions != my.shape.partitions) {
    return schemas::config_error("there must be one shard a partition");
  }
  for (const std::string& warning : my.shape.warnings) my.log(LogLevel::kWarning, warning);
  auto streams = KafkaStreams::create(my.settings, partitions, my.settings.memory_bytes / 2);
  if (!streams) return streams.error();
  my.streams = std::move(*streams);
  auto questions = BrokerQuestions::create(my.settings);
  if (!questions) return questions.error();
  my.questions = std::move(*questions);
  if (auto made =
          ensure_topic(my.settings.kafka, my.settings.dead_letter_topic, kEnsureTopicDeadline);
      !made) {
    my.log(LogLevel::kWarning, "dead-letter-topic " + my.settings.dead_letter_topic +
                                   " could not be made: " + made.error().message);
  }
  auto sink =
      KafkaSink::open(my.settings.kafka, my.settings.dead_letter_topic, kDeadLetterDeadline);
  if (!sink) return sink.error();
  my.dead_letters = std::move(*sink);
  for (size_t p = 0; p < my.shards.size(); ++p) my.make_worker(p);
  my.make_probe();
  for (auto& worker : my.workers) worker->start();
  my.probe->start();
  return {};
}

void Ingest::stop() {
  for (auto& worker : impl_->workers) worker->request_stop();
  for (auto& worker : impl_->workers) worker->join();
  if (impl_->probe) impl_->probe->stop();
}

bool Ingest::was_ready() const { return impl_->check_ready(); }
bool Ingest::ready() const { return impl_->check_ready() && impl_->healthy(); }
bool Ingest::unread_partitions() const {
  return impl_->probe != nullptr && impl_->probe->unread_partitions();
}

std::vector<std::string> Ingest::status() const {
  std::vector<std::string> lines;
  const Impl& my = *impl_;
  lines.push_back(std::string("read to the end seen at start: ") +
                  (my.probe && my.probe->read_to_start() ? "yes" : "no"));
  lines.push_back(std::string("ownership proved fresh once, or unable to be: ") +
                  (my.board.settled() ? "yes" : "no"));
  for (size_t p = 0; p < my.workers.size(); ++p) {
    std::string line = my.workers[p]->status();
    const auto state = my.board.state(Topic::kOwnership, static_cast<int32_t>(p));
    if (state.fault == store::FreshnessFault::kGap) line += ", GAP in ownership";
    if (state.fault == store::FreshnessFault::kRecreated) line += ", ownership topic RECREATED";
    if (state.fault == store::FreshnessFault::kBeyondEnd) line += ", ownership BEYOND THE END";
    if (!state.never_fresh_reason.empty() && state.confirmed_wall_ns < 0)
      line += ", never fresh: " + state.never_fresh_reason;
    if (my.shards[p]->any_pending()) line += ", late ownership being worked in";
    lines.push_back(std::move(line));
  }
  return lines;
}

std::future<Result<std::string>> Ingest::replay(const std::string& topic, int32_t partition,
                                                int64_t offset) {
  Impl& my = *impl_;
  ReplayRecord record;
  record.offset = offset;
  if (topic == my.settings.ownership_topic) {
    record.topic = Topic::kOwnership;
  } else if (topic != my.settings.events_topic) {
    return at_once(schemas::invalid("not a topic that is read: " + topic));
  }
  if (partition < 0 || static_cast<size_t>(partition) >= my.workers.size() || offset < 0) {
    return at_once(schemas::invalid("no such partition or offset"));
  }
  auto read = read_log_record(my.settings, topic, partition, offset, kReplayRead);
  if (!read) return at_once(read.error());
  record.key = std::move(read->key);
  record.value = std::move(read->value);
  return my.workers[static_cast<size_t>(partition)]->replay(std::move(record));
}

}  // namespace satindex::ingest
