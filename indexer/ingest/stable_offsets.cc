#include "indexer/ingest/stable_offsets.h"

#include <pthread.h>

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTimeout{1'000};
constexpr milliseconds kIdle{100};

}  // namespace

StableOffsets::StableOffsets(rd_kafka_t* client, const IngestSettings& settings,
                             std::vector<Place> places)
    : questions_(client, settings), places_(std::move(places)), seen_(places_.size()) {}

StableOffsets::~StableOffsets() { stop(); }

void StableOffsets::start() {
  thread_ = std::thread([this] { run(); });
}

void StableOffsets::request_stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

void StableOffsets::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void StableOffsets::ask(std::vector<std::vector<size_t>> groups, milliseconds every) {
  std::lock_guard lock(mutex_);
  const bool sooner = groups_.empty() != groups.empty() || every < every_;
  groups_ = std::move(groups);
  every_ = every;
  if (sooner) changed_.notify_all();
}

StableOffsets::Seen StableOffsets::of(size_t place) const {
  std::lock_guard lock(mutex_);
  return seen_[place];
}

void StableOffsets::run() {
  pthread_setname_np(pthread_self(), "stable-offsets");
  auto asked_at = Clock::now() - std::chrono::hours(1);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (groups_.empty() || Clock::now() - asked_at < every_) {
      changed_.wait_until(lock, groups_.empty() ? Clock::now() + kIdle : asked_at + every_);
      continue;
    }
    asked_at = Clock::now();
    const auto groups = groups_;
    for (const auto& group : groups) {
      if (stop_) break;
      lock.unlock();
      ask_group(group);
      lock.lock();
    }
  }
}

void StableOffsets::ask_group(const std::vector<size_t>& group) {
  std::vector<PartitionRef> refs;
  for (const size_t place : group) refs.push_back(places_[place].ref);
  const auto ends = questions_.offsets(refs, Boundary::kEnd, kTimeout);
  const auto now = Clock::now();
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < group.size(); ++i) {
    if (ends[i] < 0) continue;
    places_[group[i]].watch->put_stable(ends[i]);
    Seen& seen = seen_[group[i]];
    if (seen.first < 0) seen.first = ends[i];
    if (seen.last != ends[i]) {
      seen.last = ends[i];
      seen.since = now;
    }
  }
}

}  // namespace satindex::ingest
