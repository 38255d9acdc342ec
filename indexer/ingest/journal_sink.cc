#include "indexer/ingest/journal_sink.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "indexer/ingest/journal_files.h"
#include "indexer/ingest/journal_forwarder.h"
#include "indexer/ingest/journal_frame.h"
#include "schemas/thread_class.h"

namespace satindex::ingest {

using schemas::Result;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

// Where records come one upon the other: a group costs the same CPU, half of it switches of threads, however many are in it;
// and while one is synced the next page can be read (docs/decisions/0005).
constexpr auto kGroupPace = std::chrono::microseconds(400);
constexpr auto kWatchEvery = milliseconds(100);
constexpr auto kLogEvery = std::chrono::seconds(1);

struct Waiting {
  std::string frame;
  SinkAnswer answer;
  Clock::time_point until;
};

void answer_all(std::vector<SinkAnswer>& answers, bool acknowledged) {
  for (SinkAnswer& answer : answers) answer(acknowledged);
}

}  // namespace

struct JournalSink::State {
  State(JournalSettings given, std::unique_ptr<JournalFiles> opened, RecordSink& inner)
      : settings(std::move(given)),
        files(std::move(opened)),
        forwarder(*files, inner,
                  {settings.window_records, settings.window_bytes, settings.pause_min,
                   settings.pause_max, settings.position_every, settings.pass_damage},
                  [this](const std::string& what) { report(what); }) {}

  const JournalSettings settings;
  const std::unique_ptr<JournalFiles> files;

  mutable std::mutex trouble_mutex;  // guards the next three; held while logging
  bool quiet = false;                // a thread left behind must not use the log any more
  std::string last_error;
  Clock::time_point logged_at{};

  JournalForwarder forwarder;

  mutable std::mutex mutex;  // guards the rest
  std::condition_variable work;
  std::condition_variable ended;
  std::deque<Waiting> waiting;
  size_t waiting_bytes = 0;
  std::vector<SinkAnswer> writing;  // of the group under way; the watch may take them
  Clock::time_point writing_until{};
  size_t writing_records = 0;
  size_t writing_bytes = 0;
  bool stopping = false;
  bool resting = false;  // the writing thread waits for nothing else but work
  int running = 0;
  JournalStatus counts;
  std::vector<std::thread> threads;  // the owner's

  void report(const std::string& what);
  bool take(const SinkRecord& record, SinkAnswer& answer);
  void write();
  void write_group(std::vector<Waiting> group);
  void watch();
  std::vector<SinkAnswer> take_expired(Clock::time_point now);
  static void start(const std::shared_ptr<State>& state, const char* name, void (State::*body)());
  void forward() { forwarder.run(); }
};

void JournalSink::State::report(const std::string& what) {
  const auto now = Clock::now();
  std::lock_guard lock(trouble_mutex);
  const bool again = what == last_error && now - logged_at < kLogEvery;
  last_error = what;
  if (again || quiet) return;
  logged_at = now;
  if (settings.log) settings.log(LogLevel::kError, what);
}

bool JournalSink::State::take(const SinkRecord& record, SinkAnswer& answer) {
  const size_t bytes = frame_bytes(record);
  const auto fits = [&] {
    return !stopping && bytes <= settings.record_bytes_max &&
           waiting.size() + writing_records < settings.waiting_records_max &&
           waiting_bytes + writing_bytes + bytes <= settings.waiting_bytes_max &&
           files->disk_bytes() + waiting_bytes + writing_bytes + bytes <= settings.disk_bytes_max;
  };
  std::string frame;
  if (bytes <= settings.record_bytes_max) frame = open_frame(record);
  {
    std::lock_guard lock(mutex);
    if (fits()) {
      waiting.push_back(
          {std::move(frame), std::move(answer), Clock::now() + settings.answer_deadline});
      waiting_bytes += bytes;
      if (resting) work.notify_one();
      return true;
    }
    ++counts.refused;
    if (stopping) return false;
  }
  report("access record refused: it is too large, or too much waits, or the journal is full");
  return false;
}

void JournalSink::State::write() {
  schemas::schedule_for_latency();  // every answer under way waits for it
  std::unique_lock lock(mutex);
  Clock::time_point next;  // no group begins before, so that those to come find company
  for (;;) {
    work.wait_until(lock, next, [this] { return stopping; });
    resting = true;
    work.wait(lock, [this] { return stopping || !waiting.empty(); });
    resting = false;
    if (waiting.empty()) return;
    std::vector<Waiting> group;
    writing_until = waiting.front().until;
    // Everything there is, in pieces of a segment.
    do {
      writing_bytes += waiting.front().frame.size();
      writing.push_back(std::move(waiting.front().answer));
      group.push_back(std::move(waiting.front()));
      waiting.pop_front();
    } while (!waiting.empty() &&
             writing_bytes + waiting.front().frame.size() <= settings.segment_bytes);
    waiting_bytes -= writing_bytes;
    writing_records = group.size();
    if (group.size() > 1) next = Clock::now() + kGroupPace;
    lock.unlock();
    write_group(std::move(group));
    lock.lock();
  }
}

void JournalSink::State::write_group(std::vector<Waiting> group) {
  const uint64_t first = files->next_sequence();
  std::string bytes;
  for (size_t i = 0; i < group.size(); ++i) {
    seal_frame(group[i].frame, first + i, first);
    bytes += group[i].frame;
  }
  const auto written = files->append(bytes, group.size());
  if (written) {
    forwarder.wake();
  } else {
    report(written.error().message);
  }
  std::vector<SinkAnswer> answers;
  {
    std::lock_guard lock(mutex);
    answers.swap(writing);
    writing_records = 0;
    writing_bytes = 0;
    if (written) {
      ++counts.groups;
      counts.recorded += group.size();
    } else {
      ++counts.write_failures;
    }
  }
  answer_all(answers, static_cast<bool>(written));
}

std::vector<SinkAnswer> JournalSink::State::take_expired(Clock::time_point now) {
  std::vector<SinkAnswer> expired;
  if (!writing.empty() && now >= writing_until) expired.swap(writing);
  while (!waiting.empty() && now >= waiting.front().until) {
    waiting_bytes -= waiting.front().frame.size();
    expired.push_back(std::move(waiting.front().answer));
    waiting.pop_front();
  }
  counts.expired += expired.size();
  return expired;
}

// A sync can hang for as long as a disk likes; those who wait for it may not.
void JournalSink::State::watch() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    ended.wait_for(lock, kWatchEvery, [this] { return stopping; });
    auto expired = take_expired(Clock::now());
    if (expired.empty()) continue;
    lock.unlock();
    report("access records were not written in time");
    answer_all(expired, false);
    lock.lock();
  }
}

void JournalSink::State::start(const std::shared_ptr<State>& state, const char* name,
                               void (State::*body)()) {
  ++state->running;
  state->threads.emplace_back([state, name, body] {
    pthread_setname_np(pthread_self(), name);
    (state.get()->*body)();
    std::lock_guard lock(state->mutex);
    --state->running;
    state->ended.notify_all();
  });
}

Result<std::unique_ptr<JournalSink>> JournalSink::open(JournalSettings settings,
                                                       RecordSink& inner) {
  if (settings.record_bytes_max > std::min<uint64_t>(settings.segment_bytes, kFrameBytesMax))
    return schemas::config_error("journal: a segment must hold the largest record");
  // One segment grows while another is forwarded; else a full journal could never empty.
  if (settings.disk_bytes_max < 2 * settings.segment_bytes)
    return schemas::config_error("journal: the bytes on disk must hold two segments");
  auto files = JournalFiles::open(settings.directory, settings.segment_bytes);
  if (!files) return files.error();
  auto state = std::make_shared<State>(std::move(settings), std::move(*files), inner);
  state->counts.cut_bytes = state->files->cut_bytes();
  if (state->counts.cut_bytes > 0)
    state->report("journal: a torn tail of " + std::to_string(state->counts.cut_bytes) +
                  " bytes was cut");
  std::unique_ptr<JournalSink> sink(new JournalSink(state));
  std::unique_lock lock(state->mutex);  // no thread ends before all are counted
  State::start(state, "journal", &State::write);
  State::start(state, "journal-forward", &State::forward);
  State::start(state, "journal-watch", &State::watch);
  return sink;
}

JournalSink::~JournalSink() { stop(milliseconds(2'000)); }

void JournalSink::append(const SinkRecord& record, SinkAnswer answer) {
  if (!state_->take(record, answer)) answer(false);
}

void JournalSink::stop(milliseconds deadline) {
  const auto until = Clock::now() + deadline;
  std::vector<SinkAnswer> unanswered;
  {
    std::unique_lock lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
    state_->work.notify_all();
    state_->ended.notify_all();
  }
  // Leaves time to keep the position.
  state_->forwarder.stop(until - deadline / 4);
  {
    std::unique_lock lock(state_->mutex);
    const bool ended =
        state_->ended.wait_until(lock, until, [this] { return state_->running == 0; });
    unanswered.swap(state_->writing);
    for (Waiting& one : state_->waiting) unanswered.push_back(std::move(one.answer));
    state_->waiting.clear();
    state_->waiting_bytes = 0;
    lock.unlock();
    // A thread that a stuck disk holds keeps the state, and the inner sink is not its any more.
    for (std::thread& thread : state_->threads) ended ? thread.join() : thread.detach();
    state_->threads.clear();
  }
  {
    std::lock_guard lock(state_->trouble_mutex);
    state_->quiet = true;
  }
  answer_all(unanswered, false);
}

JournalStatus JournalSink::status() const {
  JournalStatus out;
  {
    std::lock_guard lock(state_->mutex);
    out = state_->counts;
    out.waiting_records = state_->waiting.size() + state_->writing_records;
    out.waiting_bytes = state_->waiting_bytes + state_->writing_bytes;
  }
  const JournalForwarder& forwarder = state_->forwarder;
  const uint64_t position = forwarder.position();
  const uint64_t next = state_->files->next_sequence();
  out.unforwarded = next > position ? next - position : 0;
  out.disk_bytes = state_->files->disk_bytes();
  out.forwarded = forwarder.forwarded();
  out.forward_failures = forwarder.failures();
  out.lost = forwarder.lost();
  out.damaged = forwarder.damaged();
  std::lock_guard lock(state_->trouble_mutex);
  out.last_error = state_->last_error;
  return out;
}

}  // namespace satindex::ingest
