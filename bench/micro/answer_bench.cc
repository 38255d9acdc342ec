// What an answer costs above the store: the policy's decisions, and 50 entries as JSON.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/country.h"
#include "indexer/store/reader.h"
#include "query/http/trail_writer.h"

namespace satindex::bench {
namespace {

void BM_PolicyGrant(benchmark::State& state) {
  const auto device = country().busy_devices().front();
  const auto shards = country().shards();
  std::vector<store::DeviceLedger> ledgers;
  for (const store::Shard* shard : shards)
    ledgers.push_back(**store::ShardView(*shard).ledger(device));
  std::vector<const store::DeviceLedger*> all;
  for (const auto& ledger : ledgers) all.push_back(&ledger);
  const auto& policy = country().service().policy();
  const int64_t now = schemas::system_clock().wall_ns();
  for (auto _ : state) benchmark::DoNotOptimize(policy.grant(country().supplier(), all, now));
}
BENCHMARK(BM_PolicyGrant);

void BM_PolicyVisible(benchmark::State& state) {
  const auto& policy = country().service().policy();
  trail::DeviceGrant grant;
  grant.entitled = true;
  grant.cross = {{0, INT64_MAX}};
  int64_t time = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        policy.visible(false, policy.cross_type("SERVICE_RESPONSE"), ++time, grant));
}
BENCHMARK(BM_PolicyVisible);

void BM_LedgerRead(benchmark::State& state) {
  const auto& devices = country().busy_devices();
  const store::ShardView view(*country().shards().front());
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(view.ledger(devices[i++ % devices.size()]));
}
BENCHMARK(BM_LedgerRead);

void BM_WritePageJson50(benchmark::State& state) {
  trail::AuditTrailQuery query;
  query.device = country().busy_devices().front();
  const auto page = country().service().read(country().supplier(), query);
  if (!page) return state.SkipWithError("no page");
  std::string out;
  for (auto _ : state) {
    out.clear();
    http::append_page_json(*page, "a-cursor-of-the-usual-length-sealed-and-in-base64url", out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(out.size()) * state.iterations());
  state.counters["rows"] = static_cast<double>(page->entries.size());
}
BENCHMARK(BM_WritePageJson50)->Unit(benchmark::kMicrosecond);

// Four shards hold parts of one party's trail: the merge of their references into one order.
void BM_MergeShardReferences(benchmark::State& state) {
  const auto shards = country().shards();
  constexpr int kTaken = 1000;
  for (auto _ : state) {
    std::vector<std::unique_ptr<store::ShardView>> views;
    std::vector<store::RefCursor> cursors;
    for (const store::Shard* shard : shards) {
      views.push_back(std::make_unique<store::ShardView>(*shard));
      cursors.push_back(store::RefCursor::owner(
          *views.back(), schemas::Relation::kResponsibleSupplier, country().supplier().party, {}));
    }
    for (int taken = 0; taken < kTaken; ++taken) {
      store::RefCursor* first = nullptr;
      std::optional<store::TrailRef> best;
      for (store::RefCursor& c : cursors) {
        const auto ref = c.peek();
        if (!ref || (best && !(*ref < *best))) continue;
        best = ref;
        first = &c;
      }
      if (first == nullptr) break;
      first->advance();
    }
  }
  state.SetItemsProcessed(kTaken * state.iterations());
}
BENCHMARK(BM_MergeShardReferences)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace satindex::bench
