#include "indexer/ingest/dead_letters.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "schemas/time.h"

namespace satindex::ingest {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{500};
using Clock = std::chrono::steady_clock;

}  // namespace

struct DeadLetters::State {
  struct Pending {
    SinkRecord record;
    bool failed = false;  // not with the sink: to be sent again at retry_at
    Clock::time_point retry_at;
  };
  RecordSink* sink = nullptr;
  mutable std::mutex mutex;  // guards all below
  std::map<uint64_t, Pending> pending;
  uint64_t next_id = 0;
  uint64_t failed = 0;  // entries of pending with failed set
  uint64_t failures = 0;

  void answer(uint64_t id, bool acknowledged) {
    std::lock_guard lock(mutex);
    auto it = pending.find(id);
    if (it == pending.end()) return;
    if (acknowledged) {
      pending.erase(it);
      return;
    }
    it->second.failed = true;
    it->second.retry_at = Clock::now() + kRetryAfter;
    ++failed;
    ++failures;
  }
};

SinkRecord dead_letter_of(const std::string& topic, int32_t partition, const SourceRecord& record,
                          schemas::Unreadable reason, int64_t wall_ns) {
  SinkRecord out;
  const std::string part = std::to_string(partition);
  const std::string offset = std::to_string(record.offset);
  out.key = topic + ":" + part + ":" + offset;
  std::optional<std::string> key;
  if (record.key.data() != nullptr) key = std::string(record.key);
  out.headers = {
      {"topic", topic},
      {"partition", part},
      {"offset", offset},
      {"key", std::move(key)},
      {"reason", std::string(schemas::reason_name(reason))},
      {"time", schemas::format_time(std::clamp<int64_t>(wall_ns, 0, schemas::kEventTimeMaxNs), 3)}};
  return out;
}

DeadLetters::DeadLetters(RecordSink* sink) : sink_(sink), state_(std::make_shared<State>()) {
  state_->sink = sink;
}

DeadLetters::~DeadLetters() = default;

void DeadLetters::send(const std::shared_ptr<State>& state, uint64_t id, const SinkRecord& record) {
  state->sink->append(record, [state, id](bool ok) { state->answer(id, ok); });
}

void DeadLetters::report(const std::string& topic, int32_t partition, const SourceRecord& record,
                         schemas::Unreadable reason, int64_t wall_ns) {
  if (sink_ == nullptr) return;
  SinkRecord letter = dead_letter_of(topic, partition, record, reason, wall_ns);
  uint64_t id = 0;
  {
    std::lock_guard lock(state_->mutex);
    id = state_->next_id++;
    state_->pending[id].record = letter;
  }
  send(state_, id, letter);
}

bool DeadLetters::settled() {
  std::vector<std::pair<uint64_t, SinkRecord>> due;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->pending.empty()) return true;
    if (state_->failed == 0) return false;
    const auto now = Clock::now();
    for (auto& [id, pending] : state_->pending) {
      if (!pending.failed || pending.retry_at > now) continue;
      pending.failed = false;
      --state_->failed;
      due.emplace_back(id, pending.record);
    }
  }
  for (const auto& [id, record] : due) send(state_, id, record);
  return false;
}

bool DeadLetters::full() const {
  // A poll brings up to 10,000 records, each of which may be unreadable: stop well before that.
  return pending() >= kPendingMax;
}

size_t DeadLetters::pending() const {
  std::lock_guard lock(state_->mutex);
  return state_->pending.size();
}

uint64_t DeadLetters::failures() const {
  std::lock_guard lock(state_->mutex);
  return state_->failures;
}

}  // namespace satindex::ingest
