// A page of 50, warm, store only: from TrailService::read to the page, without HTTP; and what
// reading and decoding the same rows costs when nobody asks who may see them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "bench/micro/country.h"
#include "indexer/store/reader.h"

namespace satindex::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr uint32_t kRows = 50;

// Runs it warm once per target, then measured, with the percentiles that a mean hides.
template <class Read>
void measure(benchmark::State& state, size_t targets, const Read& read) {
  for (size_t i = 0; i < targets; ++i) read(i);
  std::vector<double> took;
  size_t rows = 0;
  size_t i = 0;
  for (auto _ : state) {
    const auto begun = Clock::now();
    rows += read(i++ % targets);
    took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
  }
  std::sort(took.begin(), took.end());
  state.counters["p99_us"] = took[took.size() * 99 / 100];
  state.counters["rows"] = static_cast<double>(rows) / static_cast<double>(took.size());
}

size_t page(const trail::AuditTrailQuery& query) {
  auto page = country().service().read(country().supplier(), query);
  if (!page) std::abort();
  benchmark::DoNotOptimize(page->entries.data());
  return page->entries.size();
}

trail::AuditTrailQuery device_query(schemas::DeviceId device) {
  trail::AuditTrailQuery query;
  query.device = device;
  query.limit = kRows;
  return query;
}

void BM_DevicePage50(benchmark::State& state) {
  const auto& devices = country().busy_devices();
  measure(state, devices.size(), [&](size_t i) { return page(device_query(devices[i])); });
}
BENCHMARK(BM_DevicePage50)->Unit(benchmark::kMicrosecond);

// The rows behind those pages, read and decoded from the shard that has them and put into a page;
// neither ledger nor policy asked, nor which shard it is.
void BM_DeviceRows50(benchmark::State& state) {
  const auto& devices = country().busy_devices();
  std::vector<const store::Shard*> homes;
  for (const schemas::DeviceId device : devices) {
    for (const store::Shard* shard : country().shards()) {
      const store::ShardView view(*shard);
      if (store::RowCursor(view, device, {}, {}, {}).peek()) homes.push_back(shard);
    }
  }
  if (homes.size() != devices.size()) std::abort();
  measure(state, devices.size(), [&](size_t i) {
    trail::Page page;
    page.entries.reserve(kRows);
    const store::ShardView view(*homes[i]);
    store::RowCursor cursor(view, devices[i], {}, {}, {});
    std::vector<store::TrailRow> rows;
    while (page.entries.size() < kRows && cursor.peek()) {
      rows.clear();
      cursor.take(&rows);
      for (const store::TrailRow& row : rows) page.entries.push_back({row});
    }
    benchmark::DoNotOptimize(page.entries.data());
    return page.entries.size();
  });
}
BENCHMARK(BM_DeviceRows50)->Unit(benchmark::kMicrosecond);

void BM_DevicePageAbsent(benchmark::State& state) {
  measure(state, 1000, [&](size_t i) { return page(device_query({{0xFFDB120000000000ull | i}})); });
}
BENCHMARK(BM_DevicePageAbsent)->Unit(benchmark::kMicrosecond);

void BM_PortfolioPage50(benchmark::State& state) {
  trail::AuditTrailQuery query;
  query.route = trail::Route::kOwned;
  query.limit = kRows;
  measure(state, 1, [&](size_t) { return page(query); });
}
BENCHMARK(BM_PortfolioPage50)->Unit(benchmark::kMicrosecond);

// From page to page, each a thousand times deeper than the chunk cache of one question would help.
void BM_PortfolioPage50Deeper(benchmark::State& state) {
  trail::AuditTrailQuery query;
  query.route = trail::Route::kOwned;
  query.limit = kRows;
  std::vector<std::optional<store::TrailPosition>> places = {std::nullopt};
  while (places.size() < 500) {
    query.after = places.back();
    auto found = country().service().read(country().supplier(), query);
    if (!found || !found->next) break;
    places.push_back(found->next);
  }
  measure(state, places.size(), [&](size_t i) {
    query.after = places[i];
    return page(query);
  });
}
BENCHMARK(BM_PortfolioPage50Deeper)->Unit(benchmark::kMicrosecond);

void BM_OwnPage50(benchmark::State& state) {
  trail::AuditTrailQuery query;
  query.route = trail::Route::kOwn;
  query.limit = kRows;
  measure(state, 1, [&](size_t) { return page(query); });
}
BENCHMARK(BM_OwnPage50)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace satindex::bench
