#include "query/trail/service.h"

#include <algorithm>

#include "query/trail/reading.h"

namespace satindex::trail {

using schemas::kNanosPerSecond;
using schemas::Result;
using schemas::Status;
using schemas::StatusCode;

TrailService::TrailService(std::vector<store::Shard*> shards, const store::FreshnessBoard* board,
                           AccessPolicy policy, TrailSettings settings, const schemas::Clock* clock)
    : shards_(std::move(shards)),
      board_(board),
      policy_(std::move(policy)),
      settings_(settings),
      clock_(clock),
      latest_now_(settings.latest_now_ns) {}

bool TrailService::clock_good(int64_t now_ns) const {
  int64_t latest = latest_now_.load();
  while (now_ns > latest && !latest_now_.compare_exchange_weak(latest, now_ns)) {
  }
  return now_ns >= latest - kNanosPerSecond;
}

Result<Page> TrailService::read(const Caller& caller, const AuditTrailQuery& query) const {
  const int64_t now = clock_->wall_ns();
  const int64_t boot = clock_->boot_ns();
  const bool own_route = query.route == Route::kOwn;
  const auto relation = own_route ? std::nullopt : policy_.cross_relation(caller);
  if (query.route == Route::kOwned && !relation) {
    return Status{StatusCode::kForbidden, "scope=owned is not open to this credential"};
  }
  Page page;
  const auto whole_seconds = [](std::optional<int64_t> t) {
    if (t) *t -= *t % kNanosPerSecond;
    return t;
  };
  // Freshness first, snapshots after: what was proved applied is then in what answers.
  const auto known =
      board_->look(query.route == Route::kDevice ? std::optional(query.device) : std::nullopt, now,
                   boot, settings_.max_staleness_ns);
  page.events_as_of_ns = whole_seconds(known.events_as_of_ns);
  page.ownership_as_of_ns = whole_seconds(known.ownership_as_of_ns);
  if (query.min_ownership_ns &&
      (!page.ownership_as_of_ns || *page.ownership_as_of_ns < *query.min_ownership_ns)) {
    return schemas::unavailable("the ownership ledger is older than minOwnership");
  }
  bool cross_allowed = false;
  if (relation) {
    cross_allowed = known.fresh && clock_good(now) && !query.withhold_others;
    page.cross_user = cross_allowed ? CrossUser::kIncluded : CrossUser::kWithheld;
  }
  const auto pending = [&] {
    return query.route == Route::kOwned &&
           std::any_of(shards_.begin(), shards_.end(),
                       [&](const store::Shard* s) { return s->pending(*relation, caller.party); });
  };
  // Asked before and after the snapshots: a ledger change that the snapshots hold shows on one side or the other.
  page.pending = pending();
  store::TimeWindow window = query.filters.window;
  if (settings_.retention_ns > 0)
    window.from_ns = std::max(window.from_ns, now - settings_.retention_ns);
  Reading reading({shards_, policy_, caller, query, relation, cross_allowed, now,
                   board_->partitions(), window});
  page.pending = page.pending || pending();
  Result<void> done = query.route == Route::kDevice  ? reading.device_page(&page)
                      : query.route == Route::kOwned ? reading.owned_page(&page)
                                                     : reading.own_page(&page);
  if (!done) return done.error();
  return page;
}

}  // namespace satindex::trail
