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
constexpr milliseconds kSearchTimeout{2'000};
constexpr milliseconds kSearchAgain{500};
constexpr size_t kAnchors = 3;  // at most, of one search
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
    : settings_(settings), wiring_(std::move(wiring)), partitions_(partitions(wiring_)) {
  make_stable();
}

std::vector<FreshnessProbe::Partition> FreshnessProbe::partitions(const ProbeWiring& wiring) {
  std::vector<Partition> out;
  for (Topic t : kTopics) {
    for (size_t p = 0; p < wiring.shards.size(); ++p) {
      Partition partition;
      partition.ref = {t, static_cast<int32_t>(p)};
      partition.shard = wiring.shards[p];
      partition.watch = wiring.watches[static_cast<size_t>(t)][p];
      out.push_back(std::move(partition));
    }
  }
  return out;
}

void FreshnessProbe::make_stable() {
  const KafkaStreams& streams = *wiring_.streams;
  std::vector<std::vector<StableOffsets::Place>> places(streams.clients());
  for (Partition& p : partitions_) {
    auto& of_client = places[streams.client_of(p.ref.partition)];
    p.stable_place = of_client.size();
    of_client.push_back({p.ref, p.watch});
  }
  for (size_t i = 0; i < places.size(); ++i) {
    stable_.push_back(
        std::make_unique<StableOffsets>(streams.client(i), settings_, std::move(places[i])));
  }
}

FreshnessProbe::~FreshnessProbe() { stop(); }

void FreshnessProbe::start() {
  for (auto& of_client : stable_) of_client->start();
  thread_ = std::thread([this] { run(); });
}

void FreshnessProbe::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (auto& of_client : stable_) of_client->request_stop();
  for (auto& of_client : stable_) of_client->stop();
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
  // A leader that is away would hold up all others for the whole timeout.
  const auto groups = by_leader(true);
  answer_raised(groups);
  pace_stable(groups);
  bool all_read = true;
  for (Partition& p : partitions_) {
    p.stable = stable_[wiring_.streams->client_of(p.ref.partition)]->of(p.stable_place);
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

FreshnessProbe::Groups FreshnessProbe::by_leader(bool reachable_only) {
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
  Groups out;
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

void FreshnessProbe::pace_stable(const Groups& reachable) {
  const bool catching_up = wiring_.catching_up && wiring_.catching_up();
  const milliseconds every = catching_up       ? kPokeEvery
                             : read_to_start() ? kStableAfter
                                               : kStableUntilReady;
  for (size_t client = 0; client < stable_.size(); ++client) {
    std::vector<std::vector<size_t>> groups;
    for (const auto& group : reachable) {
      std::vector<size_t> places;
      for (const Partition* p : group) {
        if (wiring_.streams->client_of(p->ref.partition) == client)
          places.push_back(p->stable_place);
      }
      if (!places.empty()) groups.push_back(std::move(places));
    }
    stable_[client]->ask(std::move(groups), every);
  }
}

bool FreshnessProbe::verified(const Partition& p, Time now) const {
  return p.ever_verified && p.verified_question == p.watch->question() &&
         now - p.verified_at <= settings_.max_staleness;
}

void FreshnessProbe::answer_raised(const Groups& reachable) {
  const auto half = settings_.max_staleness / 2;
  for (const auto& group : reachable) {
    const Time now = Clock::now();
    std::vector<Partition*> due;
    for (Partition* p : group) {
      const bool wanted =
          !verified(*p, now) || !p->watch->answered() || now - p->verified_at > half;
      if (wanted && now >= p->search_again_at) due.push_back(p);
    }
    if (!due.empty()) search(due);
  }
}

FreshnessProbe::Search FreshnessProbe::begin_search(Partition& p) {
  Search out{&p, p.watch->question(), p.shard->checkpoint().of(p.ref.topic), {}, {}};
  const Anchor last{out.at.last_record_offset, out.at.last_record_hash};
  out.sought = {last};
  for (const Anchor& anchor : {p.anchor, p.first_since}) {
    if (anchor.offset != last.offset) out.sought.push_back(anchor);
  }
  return out;
}

// All partitions side by side: one after the other they could take longer than they may be stale.
void FreshnessProbe::look(std::vector<Search>& searches, size_t anchor) {
  std::vector<RecordRef> records;
  std::vector<Search*> of;
  for (Search& one : searches) {
    if (one.failed || anchor >= one.sought.size() || one.sought[anchor].offset < 0) continue;
    records.push_back({one.of->ref, one.sought[anchor].offset, one.sought[anchor].hash});
    of.push_back(&one);
  }
  if (records.empty()) return;
  const auto sought = wiring_.questions->seek_records(records, kSearchTimeout);
  for (size_t i = 0; i < of.size(); ++i) {
    if (sought[i] == Sought::kUnknown) of[i]->failed = true;
    if (sought[i] == Sought::kOther) of[i]->missed.push_back(of[i]->sought[anchor]);
  }
}

// Of partitions of one leader.
void FreshnessProbe::search(const std::vector<Partition*>& group) {
  std::vector<Search> searches;
  std::vector<PartitionRef> refs;
  for (Partition* p : group) {
    searches.push_back(begin_search(*p));
    refs.push_back(p->ref);
  }
  for (size_t anchor = 0; anchor < kAnchors; ++anchor) look(searches, anchor);
  const auto lows = wiring_.questions->offsets(refs, Boundary::kBeginning, kAskTimeout);
  const auto highs = wiring_.questions->offsets(refs, Boundary::kEnd, kAskTimeout);
  for (size_t i = 0; i < searches.size(); ++i) {
    const bool told = !searches[i].failed && lows[i] >= 0 && highs[i] >= 0;
    if (!told || !end_search(searches[i], {lows[i], highs[i]}))
      searches[i].of->search_again_at = Clock::now() + kSearchAgain;
  }
}

// Looked for again now that its offset is known to be inside the log: the first look may have come
// too early. kUnknown: not to be decided, also while its offset is beyond the end.
Sought FreshnessProbe::look_again(Partition& p, const Anchor& at, PartitionRange range) {
  if (at.offset < range.low)
    return Sought::kFound;  // deleted with the records before the low watermark
  if (at.offset >= range.high) return Sought::kUnknown;
  const RecordRef record[] = {{p.ref, at.offset, at.hash}};
  const Sought again = wiring_.questions->seek_records(record, kSearchTimeout)[0];
  if (again == Sought::kOther) p.watch->put_recreated();
  return again;
}

// False when it has to be tried again.
bool FreshnessProbe::end_search(const Search& search, PartitionRange range) {
  Partition& p = *search.of;
  bool decided = true;
  for (const Anchor& anchor : search.missed) {
    if (look_again(p, anchor, range) == Sought::kUnknown) decided = false;
  }
  if (decided) {
    p.ever_verified = true;
    p.verified_question = search.question;
    p.verified_at = Clock::now();
    p.anchor = search.sought.front();
    p.first_since = {};
  }
  // Beyond the end nothing can be decided: the source waits, and asks again when that has passed.
  // Otherwise it must not read on before it is known that this is still the same topic.
  if (decided || search.at.next_offset > range.high) p.watch->put_answer(search.question, range);
  return decided;
}

void FreshnessProbe::settle(Partition& p) {
  const store::Checkpoint at = p.shard->checkpoint();
  const int64_t applied = at.of(p.ref.topic).next_offset;
  const Time now = Clock::now();
  if (p.stable.first >= 0 && position(at, p.ref.topic) >= p.stable.first) p.read_to_start = true;
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
  if (p.stable.last < 0 || p.watch->high() <= p.stable.last || applied < p.stable.last) return;
  if (Clock::now() - p.stable.since < kHangingAfter) return;
  p.told_never_fresh = true;
  wiring_.board->set_never_fresh_reason(
      p.ref.partition,
      "an open transaction holds the last stable offset at " + std::to_string(p.stable.last));
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
  if (high >= 0 && p.stable.last >= 0) {
    view.stable_distance = std::max<int64_t>(high - p.stable.last, 0);
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
