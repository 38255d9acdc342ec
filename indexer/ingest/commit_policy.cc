#include "indexer/ingest/commit_policy.h"

#include <algorithm>

namespace satindex::ingest {

CommitDecision CommitPolicy::decide(const Gathered& gathered) {
  const bool was_catching_up = catching_up_;
  if (!always_bulk_ && gathered.lag >= 0) {
    if (gathered.lag > limits_.catch_up_lag) catching_up_ = true;
    if (gathered.lag < limits_.live_lag) catching_up_ = false;
  }
  if (!gathered.dirty) return CommitDecision::kWait;
  const CommitDecision by_size =
      gathered.records > limits_.live_path_records || (always_bulk_ && gathered.records > 0)
          ? CommitDecision::kBulk
          : CommitDecision::kLive;
  const bool arrived = was_catching_up && !catching_up_;
  if (gathered.finished || full(gathered) || arrived) return by_size;
  if (catching_up_) return gathered.age >= limits_.bulk_age ? by_size : CommitDecision::kWait;
  if (gathered.records >= limits_.live_records || gathered.age >= limits_.live_age) return by_size;
  return CommitDecision::kWait;
}

std::chrono::milliseconds CommitPolicy::patience(const Gathered& gathered) const {
  using std::chrono::milliseconds;
  constexpr milliseconds kIdle{100};  // also how soon a stop is noticed
  if (!gathered.dirty || catching_up_) return kIdle;
  const auto left = std::chrono::ceil<milliseconds>(limits_.live_age - gathered.age);
  return std::clamp(left, milliseconds{0}, kIdle);
}

}  // namespace satindex::ingest
