// TrailService: reads one page of an audit trail for one caller. The only way from the index to an answer: access is
// decided here, for every row of every page, from the newest ledger (INV-4, INV-5, INV-8). Thread-safe; a call takes
// snapshots of the shards and runs to its end on the calling thread within the work bounds of limits.h.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "indexer/store/freshness.h"
#include "indexer/store/shard.h"
#include "query/trail/policy.h"
#include "query/trail/query.h"
#include "schemas/time.h"

namespace satindex::trail {

struct TrailSettings {
  int64_t max_staleness_ns = 60 * schemas::kNanosPerSecond;
  int64_t retention_ns = 0;  // 0: unlimited
  int64_t latest_now_ns =
      0;  // the latest now that answers were given for before, as it was kept (CONTRACT 2)
};

class TrailService {
 public:
  // `shards`: every hosted shard, the first `board->partitions()` of them the topic's partitions in order, the rest from
  // backfill. All outlive the service.
  TrailService(std::vector<store::Shard*> shards, const store::FreshnessBoard* board,
               AccessPolicy policy, TrailSettings settings, const schemas::Clock* clock);

  // kForbidden: scope=owned where there can be no entitlement (CONTRACT 3.2). kUnavailable: min_ownership not reached, or
  // the store cannot be read.
  schemas::Result<Page> read(const Caller& caller, const AuditTrailQuery& query) const;
  const AccessPolicy& policy() const { return policy_; }

 private:
  // False while the wall clock is more than a second behind the latest moment an answer was given for (CONTRACT 2).
  bool clock_good(int64_t now_ns) const;

  std::vector<store::Shard*> shards_;
  const store::FreshnessBoard* board_;
  AccessPolicy policy_;
  TrailSettings settings_;
  const schemas::Clock* clock_;
  mutable std::atomic<int64_t> latest_now_{0};
};

}  // namespace satindex::trail
