#include "indexer/ingest/journal_forwarder.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <optional>

namespace satindex::ingest {

using std::chrono::milliseconds;

// Nobody waits for a record to be forwarded: those of a few milliseconds go together, or each would cost the serving threads
// half a dozen switches to others (a quarter of a page on one core).
constexpr milliseconds kPace{5};

// What was sent since the last beginning, in order: the front is the first not acknowledged.
struct JournalForwarder::Window {
  enum class State : uint8_t { kUnderWay, kAcknowledged, kFailed };
  struct Sent {
    State state;
    size_t bytes;
  };
  std::mutex mutex;  // guards all
  std::condition_variable changed;
  std::deque<Sent> sent;
  uint64_t base = 1;  // the front's sequence
  size_t under_way = 0;
  size_t bytes = 0;
  bool failed = false;
  bool woken = false;
  bool resting = false;  // the thread waits for nothing else but to be woken
  std::optional<Clock::time_point> stop_at;

  void answer(uint64_t sequence, bool acknowledged) {
    std::lock_guard lock(mutex);
    // Only records that are answered leave the window, so this one is in it.
    sent[sequence - base].state = acknowledged ? State::kAcknowledged : State::kFailed;
    --under_way;
    failed = failed || !acknowledged;
    wake();
  }
  // mutex held. A thread that keeps its pace looks by itself.
  void wake() {
    woken = true;
    if (resting || stop_at) changed.notify_one();
  }
};

JournalForwarder::JournalForwarder(JournalFiles& files, RecordSink& sink, const Settings& settings,
                                   Report report)
    : files_(files),
      sink_(sink),
      settings_(settings),
      report_(std::move(report)),
      reader_(files),
      pause_(settings.pause_min),
      position_kept_(files.position_at_open()),
      window_(std::make_shared<Window>()),
      position_(files.position_at_open()) {
  window_->base = files.position_at_open();
  reader_.seek(window_->base);
}

void JournalForwarder::wake() {
  std::lock_guard lock(window_->mutex);
  window_->wake();
}

void JournalForwarder::stop(Clock::time_point until) {
  {
    std::lock_guard lock(sending_);
    may_send_ = false;
  }
  std::lock_guard lock(window_->mutex);
  window_->stop_at = until;
  window_->changed.notify_one();
}

void JournalForwarder::run() {
  for (;;) {
    {
      std::lock_guard lock(window_->mutex);
      window_->woken = false;
    }
    const bool ready = settle();
    while (ready && send_more()) {
    }
    const auto now = Clock::now();
    if (now - position_kept_at_ >= settings_.position_every) keep_position();
    auto look_again = Clock::now() + settings_.position_every;
    if (paused_until_ > now) look_again = std::min(look_again, paused_until_);
    std::unique_lock lock(window_->mutex);
    window_->changed.wait_until(lock, now + kPace, [this] { return window_->stop_at.has_value(); });
    if (window_->stop_at) {
      window_->changed.wait_until(lock, *window_->stop_at,
                                  [this] { return window_->under_way == 0; });
      break;
    }
    window_->resting = true;
    window_->changed.wait_until(lock, look_again,
                                [this] { return window_->woken || window_->stop_at; });
    window_->resting = false;
  }
  settle();
  keep_position();
}

// Moves the position; true when more may be sent.
bool JournalForwarder::settle() {
  std::unique_lock lock(window_->mutex);
  uint64_t done = 0;
  while (!window_->sent.empty() && window_->sent.front().state == Window::State::kAcknowledged) {
    window_->bytes -= window_->sent.front().bytes;
    window_->sent.pop_front();
    ++done;
  }
  window_->base += done;
  position_.store(window_->base, std::memory_order_relaxed);
  if (done > 0) {
    forwarded_.fetch_add(done, std::memory_order_relaxed);
    pause_ = settings_.pause_min;
  }
  if (window_->stop_at) return false;
  if (!window_->failed) return Clock::now() >= paused_until_;
  if (window_->under_way > 0) return false;
  lock.unlock();
  failures_.fetch_add(1, std::memory_order_relaxed);
  report_(reading_failed_ ? reader_.error()
                          : "access records are not taken: forwarding pauses and begins again");
  begin_again();
  return false;
}

// From the first that is not acknowledged, after a pause that doubles while nothing moves.
void JournalForwarder::begin_again() {
  std::lock_guard lock(window_->mutex);
  window_->sent.clear();
  window_->bytes = 0;
  window_->failed = false;
  reading_failed_ = false;
  reader_.seek(window_->base);
  paused_until_ = Clock::now() + pause_;
  pause_ = std::min(pause_ * 2, settings_.pause_max);
}

// True when it sent a record.
bool JournalForwarder::send_more() {
  if (damaged_.load(std::memory_order_relaxed)) return false;
  {
    std::lock_guard lock(window_->mutex);
    if (window_->stop_at || window_->failed || window_->sent.size() >= settings_.window_records ||
        window_->bytes >= settings_.window_bytes)
      return false;
  }
  JournalReader::Record record;
  switch (reader_.next(record)) {
    case JournalReader::Step::kRecord:
      send(record);
      return true;
    case JournalReader::Step::kNothingYet:
      return false;
    case JournalReader::Step::kDamaged:
      meet_damage();
      return false;
    case JournalReader::Step::kFailed: {
      reading_failed_ = true;
      std::lock_guard lock(window_->mutex);
      window_->failed = true;  // settle() begins again once all under way is answered
      window_->woken = true;
      return false;
    }
  }
  return false;
}

void JournalForwarder::send(const JournalReader::Record& record) {
  std::lock_guard sending(sending_);
  if (!may_send_) return;
  {
    std::lock_guard lock(window_->mutex);
    const size_t bytes = frame_bytes(record.record);
    window_->sent.push_back({Window::State::kUnderWay, bytes});
    window_->bytes += bytes;
    ++window_->under_way;
  }
  sink_.append(record.record, [window = window_, sequence = record.sequence](bool acknowledged) {
    window->answer(sequence, acknowledged);
  });
}

void JournalForwarder::meet_damage() {
  const JournalReader::Damage damage = reader_.damage();
  {
    std::lock_guard lock(window_->mutex);
    if (!window_->sent.empty()) return;  // first all before it
    if (settings_.pass_damage) {
      window_->base = damage.to;
      window_->woken = true;
    }
  }
  report_("journal: access records " + std::to_string(damage.from) + " to " +
          std::to_string(damage.to - 1) + " cannot be read, segment " +
          std::to_string(damage.segment) + " at byte " + std::to_string(damage.offset) +
          (settings_.pass_damage ? ": passed over, lost" : ": forwarding has stopped"));
  if (!settings_.pass_damage) {
    damaged_ = true;
    return;
  }
  lost_.fetch_add(damage.to - damage.from, std::memory_order_relaxed);
  files_.keep_damaged(damage.segment);
  reader_.pass_damage();
}

void JournalForwarder::keep_position() {
  const uint64_t position = position_.load(std::memory_order_relaxed);
  position_kept_at_ = Clock::now();
  if (position == position_kept_) return;
  if (auto kept = files_.retire(position); !kept) {
    report_(kept.error().message);
    return;
  }
  position_kept_ = position;
}

}  // namespace satindex::ingest
