#include "indexer/ingest/shard_worker.h"

#include <pthread.h>

#include <algorithm>

#include "schemas/thread_class.h"

namespace satindex::ingest {
namespace {

using schemas::Result;
using schemas::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Topic;
using Clock = std::chrono::steady_clock;

// Ownership first is an optimisation: events do not wait longer than this without progress there.
constexpr seconds kOwnershipPatience{10};
constexpr milliseconds kBlockedPause{5};
constexpr milliseconds kRetryMin{100};
constexpr milliseconds kRetryMax{5'000};
constexpr seconds kWorkInterval{1};  // retention and the like arise without a commit
// While catching up, work left behind gets this share of the time; it must move, but reading comes
// first.
constexpr int kCatchUpWorkShare = 10;
constexpr size_t kReplaysMax = 64;
constexpr size_t kTimestampsMax = 20'000;
constexpr seconds kStopPatience{5};
constexpr seconds kTroubleLogEvery{30};
constexpr seconds kStatusEvery{1};

// Another core has written the records: what will be read soon is asked for while there is something to do.
constexpr size_t kRecordsAhead = 2;
constexpr size_t kCacheLine = 64;
constexpr size_t kLinesAhead = 8;  // the fields of a record in its usual shape

void fetch_soon(const SourceRecord& record) {
  const size_t bytes = std::min(record.value.size(), kLinesAhead * kCacheLine);
  for (size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(record.value.data() + at);
}

const char* name(ConditionKind kind) {
  switch (kind) {
    case ConditionKind::kGap:
      return "gap";
    case ConditionKind::kBeyondEnd:
      return "beyond_end";
    case ConditionKind::kReading:
      return "reading";
    case ConditionKind::kTrouble:
      break;
  }
  return "trouble";
}

}  // namespace

ShardWorker::ShardWorker(store::Shard& shard, std::unique_ptr<RecordSource> source,
                         WorkerOptions options, WorkerWiring wiring)
    : options_(std::move(options)),
      wiring_(wiring),
      source_(std::move(source)),
      writer_(shard),
      projector_(options_.partition, options_.partitions),
      dead_letters_(wiring.dead_letters),
      policy_(options_.limits, options_.always_bulk) {
  // Before anything of this partition can be found fresh: what earlier lives have learnt of its records.
  tell_partitioners();
}

ShardWorker::~ShardWorker() {
  request_stop();
  join();
}

void ShardWorker::start() {
  thread_ = std::thread([this] { run(); });
}

void ShardWorker::request_stop() {
  stop_.store(true);
  wake_.notify_all();
}

void ShardWorker::join() {
  if (thread_.joinable()) thread_.join();
}

void ShardWorker::run() {
  pthread_setname_np(pthread_self(), ("shard-" + std::to_string(options_.partition)).c_str());
  take_thread_class();
  begin();
  while (!stop_.load()) {
    round();
    if (source_finished_ && !writer_.dirty() && !more_work_ && healthy()) {
      rested_.store(true, std::memory_order_release);
    }
  }
  finish();
}

void ShardWorker::begin() {
  const store::Checkpoint& at = writer_.checkpoint();
  caught_since_ = ownership_progress_ = next_work_ = Clock::now();
  for (Topic t : kTopics) {
    next_[static_cast<size_t>(t)] = at.of(t).next_offset;
    marked_recreated_[static_cast<size_t>(t)] = at.recreated[static_cast<size_t>(t)];
  }
  source_->start(Topic::kOwnership, at.ownership);
  started_[static_cast<size_t>(Topic::kOwnership)] = true;
  if (options_.partitions == 0) {
    source_->start(Topic::kEvents, at.events);
    started_[static_cast<size_t>(Topic::kEvents)] = true;
  }
  publish_status();
}

void ShardWorker::round() {
  take_requests();
  take_verdicts();
  if (may_poll()) {
    milliseconds wait = policy_.patience(gathered());
    if (more_work_) wait = milliseconds{0};
    if (blocked_) wait = std::max(wait, kBlockedPause);
    source_->poll(wait, policy_.poll_records(), &batch_);
    take(batch_);
    start_events_when_due();
  } else {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kBlockedPause, [this] { return stop_.load(); });
  }
  commit_when_due();
  work();
  if (Clock::now() - status_at_ >= kStatusEvery) publish_status();
}

bool ShardWorker::may_poll() const {
  return healthy() && !source_finished_ && !policy_.full(gathered()) && !dead_letters_.full();
}

void ShardWorker::start_events_when_due() {
  if (started_[static_cast<size_t>(Topic::kEvents)]) return;
  const int64_t next = next_[static_cast<size_t>(Topic::kOwnership)];
  if (ownership_target_ >= 0 && next >= ownership_target_) ownership_read_ = true;
  if (!ownership_read_ && Clock::now() - ownership_progress_ < kOwnershipPatience) return;
  source_->start(Topic::kEvents, writer_.checkpoint().events);
  started_[static_cast<size_t>(Topic::kEvents)] = true;
}

void ShardWorker::take_requests() {
  std::deque<Replay> replays;
  {
    std::lock_guard lock(mutex_);
    replays.swap(replays_);
  }
  for (Replay& replay : replays) {
    const SourceRecord record{replay.record.topic, replay.record.offset, -1, replay.record.key,
                              replay.record.value};
    if (auto reason = projector_.replay(record, writer_)) {
      replay.done.set_value(std::string(schemas::reason_name(*reason)));
    } else {
      replays_uncommitted_.push_back(std::move(replay.done));
    }
  }
  if (!replays.empty() && !was_dirty_) {
    was_dirty_ = true;
    first_gathered_ = Clock::now();
  }
}

// What the probe found out and only the writer may write down.
void ShardWorker::take_verdicts() {
  for (Topic t : kTopics) {
    const auto i = static_cast<size_t>(t);
    if (watch(t) == nullptr || marked_recreated_[i] || !watch(t)->recreated()) continue;
    marked_recreated_[i] = true;
    writer_.mark_recreated(t);
    log(LogLevel::kError, "topic " + options_.topic_names[i] +
                              ": the last record applied was not found again; the topic has been "
                              "recreated, rebuild the shard from its beginning");
  }
}

void ShardWorker::take(const SourceBatch& batch) {
  if (batch.empty()) return;
  for (const Condition& condition : batch.conditions) take_condition(condition);
  std::array<size_t, 2> last{SIZE_MAX, SIZE_MAX};
  for (size_t i = 0; i < batch.records.size(); ++i) {
    last[static_cast<size_t>(batch.records[i].topic)] = i;
  }
  for (size_t i = 0; i < batch.records.size(); ++i) {
    if (i + kRecordsAhead < batch.records.size()) fetch_soon(batch.records[i + kRecordsAhead]);
    take_record(batch.records[i], last[static_cast<size_t>(batch.records[i].topic)] == i);
  }
  for (const EndMark& end : batch.ends) {
    int64_t& next = next_[static_cast<size_t>(end.topic)];
    if (end.next_offset > next) {
      next = end.next_offset;
      writer_.advance(end.topic, next);
    }
    if (end.topic == Topic::kOwnership) ownership_read_ = true;
  }
  if (batch.finished) source_finished_ = true;
  for (Topic t : kTopics) {
    if (watch(t) != nullptr) watch(t)->set_position(next_[static_cast<size_t>(t)]);
  }
  if (!was_dirty_ && writer_.dirty()) {
    was_dirty_ = true;
    first_gathered_ = Clock::now();
  }
}

void ShardWorker::take_condition(const Condition& condition) {
  const auto i = static_cast<size_t>(condition.topic);
  if (wiring_.metrics != nullptr && condition.kind != ConditionKind::kReading) {
    wiring_.metrics->source_condition(condition.topic, name(condition.kind));
  }
  const std::string where = "topic " + options_.topic_names[i] + " partition " +
                            std::to_string(options_.partition) + ": ";
  switch (condition.kind) {
    case ConditionKind::kGap:
      log(LogLevel::kError, where + "records from " + std::to_string(next_[i]) + " to " +
                                std::to_string(condition.next_offset) +
                                " were deleted before they were read; reading on behind them");
      writer_.mark_gap(condition.topic);
      writer_.advance(condition.topic, condition.next_offset);
      next_[i] = condition.next_offset;
      break;
    case ConditionKind::kBeyondEnd:
      log(LogLevel::kError, where + "the position " + std::to_string(condition.next_offset) +
                                " is beyond the end (" + condition.detail + "): waiting");
      break;
    case ConditionKind::kReading:
      log(LogLevel::kInfo, where + "reading from " + std::to_string(condition.next_offset));
      if (condition.topic == Topic::kOwnership && ownership_target_ < 0 &&
          watch(Topic::kOwnership)) {
        ownership_target_ = watch(Topic::kOwnership)->high();
      }
      break;
    case ConditionKind::kTrouble:
      // The source tries again twice a second for as long as it lasts.
      if (Clock::now() - trouble_logged_at_[i] < kTroubleLogEvery) break;
      trouble_logged_at_[i] = Clock::now();
      log(LogLevel::kWarning, where + condition.detail);
      break;
  }
}

void ShardWorker::take_record(const SourceRecord& record, bool last_of_topic) {
  // Commits come between batches only, so only a batch's last record can become the checkpoint's
  // last one.
  const uint64_t hash =
      last_of_topic ? store::record_hash(record.key, record.value, record.timestamp_ms) : 0;
  if (auto reason = projector_.project(record, hash, writer_)) {
    dead_letters_.report(options_.topic_names[static_cast<size_t>(record.topic)],
                         options_.partition, record, *reason, schemas::system_clock().wall_ns());
    if (wiring_.metrics != nullptr) wiring_.metrics->dead_letter(record.topic, *reason);
  }
  next_[static_cast<size_t>(record.topic)] = record.offset + 1;
  if (record.topic == Topic::kOwnership) ownership_progress_ = Clock::now();
  if (!policy_.catching_up() && record.timestamp_ms >= 0 &&
      timestamps_ms_.size() < kTimestampsMax) {
    timestamps_ms_.push_back(record.timestamp_ms);
  }
}

int64_t ShardWorker::lag() const {
  int64_t lag = 0;
  for (Topic t : kTopics) {
    const int64_t high = watch(t) != nullptr ? watch(t)->high() : -1;
    if (high < 0) return -1;
    lag += std::max<int64_t>(high - std::max<int64_t>(next_[static_cast<size_t>(t)], 0), 0);
  }
  return lag;
}

Gathered ShardWorker::gathered() const {
  Gathered g;
  g.dirty = writer_.dirty();
  g.records = writer_.gathered_records();
  g.bytes = writer_.gathered_bytes();
  if (was_dirty_) g.age = Clock::now() - first_gathered_;
  g.lag = lag();
  g.finished = source_finished_;
  return g;
}

// While it follows, those who ask go first; a catch-up needs the cores it can get.
void ShardWorker::take_thread_class() {
  policy_.catching_up() ? schemas::schedule_as_usual() : schemas::schedule_behind_others();
}

void ShardWorker::commit_when_due() {
  const bool was_catching_up = policy_.catching_up();
  const CommitDecision decision = policy_.decide(gathered());
  if (policy_.catching_up() != was_catching_up) take_thread_class();
  catching_up_.store(policy_.catching_up(), std::memory_order_relaxed);
  blocked_ = decision != CommitDecision::kWait && !commit(decision);
  // Arrived: the files of the catch-up are joined while the live ones go on.
  if (was_catching_up && !policy_.catching_up()) writer_.settle_in_background();
}

bool ShardWorker::commit(CommitDecision path) {
  const bool settled = dead_letters_.settled();
  if (wiring_.metrics != nullptr) {
    wiring_.metrics->dead_letters_pending(options_.partition, dead_letters_.pending());
  }
  if (!settled || Clock::now() < retry_at_) return false;
  const store::Checkpoint before = writer_.checkpoint();
  const size_t records = writer_.gathered_records();
  const Time began = Clock::now();
  auto done = writer_.commit(path == CommitDecision::kBulk ? store::WritePath::kBulk
                                                           : store::WritePath::kLive);
  if (!done) {
    weather("commit", done.error());
    return false;
  }
  committed(before, path, began, records);
  return true;
}

void ShardWorker::committed(const store::Checkpoint& before, CommitDecision path, Time began,
                            size_t records) {
  fair();
  was_dirty_ = false;
  more_work_ = true;
  const store::Checkpoint& after = writer_.checkpoint();
  tell_partitioners();
  for (auto& promise : replays_uncommitted_) promise.set_value(std::string());
  replays_uncommitted_.clear();
  if (wiring_.metrics != nullptr) {
    wiring_.metrics->committed(before, after, path == CommitDecision::kBulk, Clock::now() - began,
                               records);
    const int64_t now_ms = schemas::system_clock().wall_ns() / 1'000'000;
    for (int64_t& t : timestamps_ms_) t = now_ms - t;
    wiring_.metrics->visible_after(timestamps_ms_);
  }
  timestamps_ms_.clear();
}

void ShardWorker::tell_partitioners() {
  const uint8_t fit = writer_.checkpoint().partitioners;
  if (wiring_.board == nullptr || partitioners_told_ == fit) return;
  partitioners_told_ = fit;
  wiring_.board->set_partitioners(options_.partition, fit);
}

void ShardWorker::work() {
  const Time now = Clock::now();
  if ((!more_work_ && now < next_work_) || now < retry_at_) return;
  if (policy_.catching_up() && !source_finished_ &&
      work_spent_ * kCatchUpWorkShare > now - caught_since_) {
    return;
  }
  auto more = writer_.work_step(schemas::system_clock().wall_ns());
  const Time after = Clock::now();
  next_work_ = after + kWorkInterval;
  if (policy_.catching_up()) {
    work_spent_ += after - now;
  } else {
    work_spent_ = {};
    caught_since_ = after;
  }
  if (!more) return weather("work", more.error());
  more_work_ = *more;
  fair();
}

void ShardWorker::weather(const char* doing, const Status& status) {
  retry_after_ = std::clamp(retry_after_ * 2, kRetryMin, kRetryMax);
  retry_at_ = Clock::now() + retry_after_;
  if (wiring_.metrics != nullptr) wiring_.metrics->commit_failed();
  if (healthy_.exchange(false)) {
    log(LogLevel::kError, std::string("shard ") + std::to_string(options_.partition) + " " + doing +
                              ": " + status.message + "; reading stops until it passes");
  }
  publish_status();
}

void ShardWorker::fair() {
  retry_after_ = {};
  retry_at_ = {};
  if (!healthy_.exchange(true)) {
    log(LogLevel::kInfo, "shard " + std::to_string(options_.partition) + ": writing again");
  }
}

void ShardWorker::finish() {
  const Time deadline = Clock::now() + kStopPatience;
  while (writer_.dirty() && Clock::now() < deadline) {
    const bool small = writer_.gathered_records() < options_.limits.live_path_records;
    if (commit(small ? CommitDecision::kLive : CommitDecision::kBulk)) break;
    std::this_thread::sleep_for(kBlockedPause);
  }
  source_.reset();
  std::lock_guard lock(mutex_);
  for (auto& promise : replays_uncommitted_) {
    promise.set_value(schemas::unavailable("the shard stopped"));
  }
  for (Replay& replay : replays_) replay.done.set_value(schemas::unavailable("the shard stopped"));
  replays_uncommitted_.clear();
  replays_.clear();
}

std::future<Result<std::string>> ShardWorker::replay(ReplayRecord record) {
  Replay replay{std::move(record), {}};
  auto future = replay.done.get_future();
  std::lock_guard lock(mutex_);
  if (stop_.load() || replays_.size() >= kReplaysMax) {
    replay.done.set_value(Status{schemas::StatusCode::kOverloaded, "too many replays wait"});
  } else {
    replays_.push_back(std::move(replay));
  }
  return future;
}

void ShardWorker::publish_status() {
  status_at_ = Clock::now();
  const store::Checkpoint& at = writer_.checkpoint();
  std::string line = "partition " + std::to_string(options_.partition) + ": " +
                     (policy_.catching_up() ? "catching up" : "live") +
                     (healthy() ? "" : ", WRITES FAIL") + ", events at " +
                     std::to_string(at.events.next_offset) + ", ownership at " +
                     std::to_string(at.ownership.next_offset) + ", behind " + std::to_string(lag());
  if (const size_t pending = dead_letters_.pending(); pending > 0) {
    line += ", dead letters waiting " + std::to_string(pending);
  }
  std::lock_guard lock(mutex_);
  status_ = std::move(line);
}

std::string ShardWorker::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void ShardWorker::log(LogLevel level, const std::string& text) const {
  if (options_.log) options_.log(level, text);
}

}  // namespace satindex::ingest
