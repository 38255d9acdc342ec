#include "indexer/ingest/freshness_probe.h"

#include <pthread.h>

#include <algorithm>
#include <map>

#include "schemas/time.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::FreshnessFault;
using store::Topic;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTick{50};
constexpr milliseconds kAskEvery{500};  // the contract wants once a second at least
constexpr milliseconds kAskTimeout{1'000};
constexpr milliseconds kStableUntilReady{250};
constexpr milliseconds kStableAfter{2'000};
// librdkafka 2.0.2 looks at a full queue again only when something wakes its broker thread, else
// once a second; a question on the same connection does.
constexpr milliseconds kPokeEvery{100};
constexpr milliseconds kStableTimeout{2'000};
constexpr milliseconds kSearchTimeout{2'000};
constexpr milliseconds kSearchAgain{500};
constexpr milliseconds kSearchBudget{300};  // a tick, so that questions keep their pace
constexpr seconds kHangingAfter{5};
constexpr seconds kCommitEvery{1};
constexpr milliseconds kLastCommitPatience{300};
constexpr seconds kGaugesEvery{2};
constexpr size_t kQuestionsMax = 64;

int64_t position(const store::Checkpoint& at, Topic t) {
  return std::max<int64_t>(at.of(t).next_offset, 0);
}

}  // namespace

FreshnessProbe::FreshnessProbe(const IngestSettings& settings, ProbeWiring wiring)
    : settings_(settings),
      wiring_(std::move(wiring)),
      stable_questions_(wiring_.streams->client(), settings) {
  for (Topic t : kTopics) {
    for (size_t p = 0; p < wiring_.shards.size(); ++p) {
      Partition partition;
      partition.ref = {t, static_cast<int32_t>(p)};
      partition.shard = wiring_.shards[p];
      partition.watch = wiring_.watches[static_cast<size_t>(t)][p];
      partitions_.push_back(std::move(partition));
    }
  }
}

FreshnessProbe::~FreshnessProbe() { stop(); }

void FreshnessProbe::start() {
  thread_ = std::thread([this] { run(); });
}

void FreshnessProbe::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FreshnessProbe::run() {
  pthread_setname_np(pthread_self(), "freshness");
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    tick();
    lock.lock();
    wake_.wait_for(lock, kTick, [this] { return stop_; });
  }
  lock.unlock();
  commit_for_information();
  const Time until = Clock::now() + kLastCommitPatience;
  while (wiring_.questions->open_commits() > 0 && Clock::now() < until) {
    wiring_.questions->serve();
    std::this_thread::sleep_for(milliseconds{5});
  }
}

void FreshnessProbe::tick() {
  wiring_.streams->serve();
  wiring_.questions->serve();
  const Time now = Clock::now();
  if (now - ends_at_ >= kAskEvery) {
    ends_at_ = now;
    ask_ends();
  }
  answer_raised();
  const bool catching_up = wiring_.catching_up && wiring_.catching_up();
  const milliseconds every = catching_up       ? kPokeEvery
                             : read_to_start() ? kStableAfter
                                               : kStableUntilReady;
  if (Clock::now() - stable_at_ >= every) {
    ask_stable();
    stable_at_ = Clock::now();
  }
  bool all_read = true;
  for (Partition& p : partitions_) {
    settle(p);
    all_read = all_read && p.read_to_start;
  }
  if (all_read) read_to_start_.store(true, std::memory_order_relaxed);
  if (now - commits_at_ >= kCommitEvery) {
    commits_at_ = now;
    commit_for_information();
  }
  if (now - gauges_at_ >= kGaugesEvery) {
    gauges_at_ = now;
    export_gauges();
  }
}

std::vector<std::vector<FreshnessProbe::Partition*>> FreshnessProbe::by_leader(
    bool reachable_only) {
  std::map<int32_t, std::vector<Partition*>> groups;
  for (Partition& p : partitions_) {
    const TopicMetadata& topic = metadata_[static_cast<size_t>(p.ref.topic)];
    const auto i = static_cast<size_t>(p.ref.partition);
    if (i >= topic.leaders.size() || topic.leaders[i] < 0) {
      lost(p);
    } else if (p.reachable || !reachable_only) {
      groups[topic.leaders[i]].push_back(&p);
    }
  }
  std::vector<std::vector<Partition*>> out;
  for (auto& [leader, group] : groups) out.push_back(std::move(group));
  return out;
}

// An error of the topic: its last record is looked for when it answers again.
void FreshnessProbe::lost(Partition& p) {
  if (p.reachable) p.watch->raise();
  p.reachable = false;
}

void FreshnessProbe::ask_ends() {
  // The time of sending, of the earlier of the two questions.
  const int64_t wall = schemas::system_clock().wall_ns();
  const int64_t boot = schemas::system_clock().boot_ns();
  auto metadata = wiring_.questions->metadata(kAskTimeout);
  if (!metadata) {
    for (Partition& p : partitions_) lost(p);
    return;
  }
  metadata_ = std::move(*metadata);
  bool unread = false;
  for (const TopicMetadata& topic : metadata_) {
    unread = unread || topic.leaders.size() > wiring_.shards.size();
  }
  if (unread != unread_partitions_.exchange(unread)) {
    wiring_.board->set_unread_partitions(unread);
    if (wiring_.metrics != nullptr) wiring_.metrics->unread_partitions(unread);
    if (unread && settings_.kafka.log) {
      settings_.kafka.log(LogLevel::kError,
                          "a topic has more partitions than are read: nothing is fresh until a "
                          "restart reads them");
    }
  }
  for (const auto& group : by_leader(false)) ask_group(group, wall, boot);
}

void FreshnessProbe::ask_group(const std::vector<Partition*>& group, int64_t wall_ns,
                               int64_t boot_ns) {
  std::vector<PartitionRef> refs;
  std::vector<int64_t> applied;
  for (const Partition* p : group) {
    refs.push_back(p->ref);
    applied.push_back(position(p->shard->checkpoint(), p->ref.topic));
  }
  const auto ends = wiring_.questions->offsets(refs, Boundary::kEnd, kAskTimeout);
  for (size_t i = 0; i < group.size(); ++i) {
    take_end(*group[i], applied[i], {wall_ns, boot_ns, ends[i]});
  }
}

void FreshnessProbe::take_end(Partition& p, int64_t applied, const Question& question) {
  if (question.high < 0) return lost(p);
  p.reachable = true;
  p.watch->put_high(question.high);
  // Before the stream notices, and whether or not it does: what was applied is not in this log.
  if (question.high < applied) {
    if (!p.beyond_end) p.watch->raise();
    p.beyond_end = true;
    return;
  }
  if (p.beyond_end) p.watch->raise();  // the end has come: what was applied last must be looked for
  p.beyond_end = false;
  // Thinned from the middle: the oldest is the next to come true, the newest the best.
  if (p.questions.size() >= kQuestionsMax) p.questions.erase(p.questions.begin() + 1);
  p.questions.push_back(question);
}

void FreshnessProbe::ask_stable() {
  // A leader that is away would hold up all others for the whole timeout.
  for (const auto& group : by_leader(true)) {
    std::vector<PartitionRef> refs;
    for (const Partition* p : group) refs.push_back(p->ref);
    const auto ends = stable_questions_.offsets(refs, Boundary::kEnd, kStableTimeout);
    const Time now = Clock::now();
    for (size_t i = 0; i < group.size(); ++i) {
      Partition& p = *group[i];
      if (ends[i] < 0) continue;
      p.watch->put_stable(ends[i]);
      if (p.start_stable < 0) p.start_stable = ends[i];
      if (p.stable_seen != ends[i]) {
        p.stable_seen = ends[i];
        p.stable_since = now;
      }
    }
  }
}

bool FreshnessProbe::verified(const Partition& p, Time now) const {
  return p.ever_verified && p.verified_question == p.watch->question() &&
         now - p.verified_at <= settings_.max_staleness;
}

void FreshnessProbe::answer_raised() {
  const Time began = Clock::now();
  const auto half = settings_.max_staleness / 2;
  for (Partition& p : partitions_) {
    const Time now = Clock::now();
    if (now - began > kSearchBudget) return;
    const bool due = !verified(p, now) || !p.watch->answered() || now - p.verified_at > half;
    if (!due || !p.reachable || now < p.search_again_at) continue;
    if (!search(p)) p.search_again_at = Clock::now() + kSearchAgain;
  }
}

Sought FreshnessProbe::look(Partition& p, const Anchor& at) {
  if (at.offset < 0) return Sought::kFound;
  return wiring_.questions->seek_record(p.ref, at.offset, at.hash, kSearchTimeout);
}

// After a look that did not find it. Looked for again now that its offset is known to be inside the
// log: the first look may have come too early. kUnknown: not to be decided, also while its offset
// is beyond the end.
Sought FreshnessProbe::look_again(Partition& p, const Anchor& at, PartitionRange range) {
  if (at.offset < range.low)
    return Sought::kFound;  // deleted with the records before the low watermark
  if (at.offset >= range.high) return Sought::kUnknown;
  const Sought again = look(p, at);
  if (again == Sought::kOther) p.watch->put_recreated();
  return again;
}

// False when it has to be tried again.
bool FreshnessProbe::search(Partition& p) {
  const uint64_t question = p.watch->question();
  const store::TopicProgress at = p.shard->checkpoint().of(p.ref.topic);
  const Anchor last{at.last_record_offset, at.last_record_hash};
  std::vector<Anchor> sought = {last};
  for (const Anchor& anchor : {p.anchor, p.first_since}) {
    if (anchor.offset != last.offset) sought.push_back(anchor);
  }
  std::vector<Anchor> missed;
  for (const Anchor& anchor : sought) {
    const Sought found = look(p, anchor);
    if (found == Sought::kUnknown) return false;
    if (found == Sought::kOther) missed.push_back(anchor);
  }
  const PartitionRef ref[] = {p.ref};
  const PartitionRange range = {
      wiring_.questions->offsets(ref, Boundary::kBeginning, kAskTimeout)[0],
      wiring_.questions->offsets(ref, Boundary::kEnd, kAskTimeout)[0]};
  if (range.low < 0 || range.high < 0) return false;
  bool decided = true;
  for (const Anchor& anchor : missed) {
    if (look_again(p, anchor, range) == Sought::kUnknown) decided = false;
  }
  if (decided) {
    p.ever_verified = true;
    p.verified_question = question;
    p.verified_at = Clock::now();
    p.anchor = last;
    p.first_since = {};
  }
  // Beyond the end nothing can be decided: the source waits, and asks again when that has passed.
  // Otherwise it must not read on before it is known that this is still the same topic.
  if (decided || at.next_offset > range.high) p.watch->put_answer(question, range);
  return decided;
}

void FreshnessProbe::settle(Partition& p) {
  const store::Checkpoint at = p.shard->checkpoint();
  const int64_t applied = at.of(p.ref.topic).next_offset;
  const Time now = Clock::now();
  if (p.start_stable >= 0 && position(at, p.ref.topic) >= p.start_stable) p.read_to_start = true;
  const store::TopicProgress& progress = at.of(p.ref.topic);
  if (p.first_since.offset < 0 && progress.last_record_offset != p.anchor.offset) {
    p.first_since = {progress.last_record_offset, progress.last_record_hash};
  }
  settle_fault(p, at);
  note_hanging(p, position(at, p.ref.topic));
  if (p.told == FreshnessFault::kBeyondEnd || !verified(p, now)) return;
  const Question* proved = nullptr;
  while (!p.questions.empty() && p.questions.front().high <= applied) {
    proved = &p.questions.front();
    wiring_.board->confirm(p.ref.topic, p.ref.partition, proved->wall_ns, proved->boot_ns);
    p.questions.pop_front();
  }
  if (proved != nullptr) {
    p.confirmed_at = now;
    p.ever_confirmed = true;
  }
}

void FreshnessProbe::settle_fault(Partition& p, const store::Checkpoint& at) {
  const auto i = static_cast<size_t>(p.ref.topic);
  FreshnessFault fault = FreshnessFault::kNone;
  if (at.recreated[i] || p.watch->recreated()) {
    fault = FreshnessFault::kRecreated;
  } else if (at.sealed_gap[i]) {
    fault = FreshnessFault::kGap;
  } else if (p.beyond_end || p.watch->beyond_end()) {
    fault = FreshnessFault::kBeyondEnd;
  }
  if (fault == p.told) return;
  p.told = fault;
  if (fault == FreshnessFault::kBeyondEnd) p.questions.clear();
  wiring_.board->set_fault(p.ref.topic, p.ref.partition, fault);
  const bool lasting = fault == FreshnessFault::kGap || fault == FreshnessFault::kRecreated;
  if (lasting && p.ref.topic == Topic::kOwnership) {
    p.told_never_fresh = true;
    wiring_.board->set_never_fresh_reason(p.ref.partition, fault == FreshnessFault::kGap
                                                               ? "records were passed over unread"
                                                               : "the topic has been recreated");
  }
}

// A transaction that nobody ends keeps the last stable offset where it is: all that can be read has
// been read, and the real end is never reached. Readiness must not wait for it.
void FreshnessProbe::note_hanging(Partition& p, int64_t applied) {
  if (p.told_never_fresh || p.ever_confirmed || p.ref.topic != Topic::kOwnership) return;
  if (p.stable_seen < 0 || p.watch->high() <= p.stable_seen || applied < p.stable_seen) return;
  if (Clock::now() - p.stable_since < kHangingAfter) return;
  p.told_never_fresh = true;
  wiring_.board->set_never_fresh_reason(
      p.ref.partition,
      "an open transaction holds the last stable offset at " + std::to_string(p.stable_seen));
}

void FreshnessProbe::commit_for_information() {
  std::vector<std::pair<PartitionRef, int64_t>> positions;
  for (Partition& p : partitions_) {
    const int64_t applied = p.shard->checkpoint().of(p.ref.topic).next_offset;
    if (applied < 0 || applied == p.committed_to_kafka) continue;
    p.committed_to_kafka = applied;
    positions.emplace_back(p.ref, applied);
  }
  wiring_.questions->commit_for_information(positions);
}

void FreshnessProbe::export_partition(const Partition& p, Time now) {
  const store::Checkpoint at = p.shard->checkpoint();
  const auto i = static_cast<size_t>(p.ref.topic);
  IngestMetrics::PartitionView view;
  const int64_t high = p.watch->high();
  if (high >= 0) view.lag = std::max<int64_t>(high - position(at, p.ref.topic), 0);
  if (high >= 0 && p.stable_seen >= 0) {
    view.stable_distance = std::max<int64_t>(high - p.stable_seen, 0);
  }
  if (p.ever_confirmed) {
    view.freshness_age_seconds = std::chrono::duration<double>(now - p.confirmed_at).count();
  }
  view.fault = static_cast<int>(p.told);
  view.gap = at.sealed_gap[i];
  view.recreated = at.recreated[i];
  wiring_.metrics->partition(p.ref.topic, p.ref.partition, view);
}

void FreshnessProbe::export_gauges() {
  bool failing = false;
  for (size_t p = 0; p < wiring_.shards.size(); ++p) {
    const store::Shard::Stats stats = wiring_.shards[p]->stats();
    failing = failing || stats.background_error;
    if (wiring_.metrics != nullptr) {
      wiring_.metrics->shard(static_cast<int32_t>(p), stats, wiring_.shards[p]->checkpoint());
    }
  }
  store_failing_.store(failing, std::memory_order_relaxed);
  if (wiring_.metrics == nullptr) return;
  const Time now = Clock::now();
  for (const Partition& p : partitions_) export_partition(p, now);
  wiring_.metrics->offset_commits_failed(wiring_.questions->failed_commits());
  wiring_.metrics->client_errors(wiring_.streams->errors());
  if (wiring_.ready) wiring_.metrics->ready(wiring_.ready());
}

}  // namespace satindex::ingest
