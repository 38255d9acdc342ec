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

// Runs it warm once per target, then measured, with the percentiles that a mean hides. `before` is not measured.
template <class Read, class Before>
void measure(benchmark::State& state, size_t targets, const Read& read, const Before& before) {
  for (size_t i = 0; i < targets; ++i) read(i);
  std::vector<double> took;
  size_t rows = 0;
  size_t i = 0;
  for (auto _ : state) {
    before(i % targets);
    const auto begun = Clock::now();
    rows += read(i++ % targets);
    took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
    state.SetIterationTime(took.back() / 1e6);
  }
  std::sort(took.begin(), took.end());
  state.counters["p99_us"] = took[took.size() * 99 / 100];
  state.counters["rows"] = static_cast<double>(rows) / static_cast<double>(took.size());
}
template <class Read>
void measure(benchmark::State& state, size_t targets, const Read& read) {
  measure(state, targets, read, [](size_t) {});
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
BENCHMARK(BM_DevicePage50)->UseManualTime()->Unit(benchmark::kMicrosecond);

// The first look after the device has changed: its rows are read and decoded.
void BM_DevicePage50Changed(benchmark::State& state) {
  const auto& devices = country().busy_devices();
  measure(
      state, devices.size(), [&](size_t i) { return page(device_query(devices[i])); },
      [&](size_t i) { country().forget_rows(devices[i]); });
}
BENCHMARK(BM_DevicePage50Changed)->UseManualTime()->Unit(benchmark::kMicrosecond);

// What a page walks through: the rows it shows, those between them that the caller may not see, and the one that tells it
// that more follow.
struct Walk {
  const store::Shard* home = nullptr;
  size_t rows = 0;
};

Walk walk_of(schemas::DeviceId device) {
  trail::AuditTrailQuery query = device_query(device);
  ++query.limit;
  auto page = country().service().read(country().supplier(), query);
  if (!page || page->entries.empty()) std::abort();
  const bool whole = page->entries.size() < query.limit;
  const int64_t last = page->entries.back().row.time_ns;
  Walk walk;
  for (const store::Shard* shard : country().shards()) {
    const store::ShardView view(*shard);
    store::RowCursor cursor(view, device, {}, {}, {});
    std::vector<store::TrailRow> rows;
    for (auto t = cursor.peek(); t && (whole || *t >= last); t = cursor.peek()) cursor.take(&rows);
    if (!rows.empty()) walk = {shard, rows.size()};
  }
  if (walk.home == nullptr) std::abort();
  return walk;
}

// The rows behind a page, read and decoded from the shard that has them and put into a page with the place where the next
// begins; neither ledger nor policy asked, nor which shard it is.
size_t rows_alone(schemas::DeviceId device, const Walk& walk) {
  trail::Page page;
  page.entries.reserve(walk.rows);
  const store::ShardView view(*walk.home);
  store::RowCursor cursor(view, device, {}, {}, {}, store::RowCursor::Kept::kYes);
  std::vector<store::TrailRow> rows;
  while (page.entries.size() < walk.rows && cursor.peek()) {
    rows.clear();
    cursor.take(&rows);
    for (const store::TrailRow& row : rows) page.entries.push_back({row});
  }
  if (cursor.peek()) page.next = page.entries.back().row.position();
  benchmark::DoNotOptimize(page.entries.data());
  return page.entries.size();
}

double median(std::vector<double>* values) {
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
  std::nth_element(values->begin(), middle, values->end());
  return *middle;
}

// What the rules cost: pages and the rows behind them in turns, so that a noisy machine is so to both; each device by far
// not the one before, so that neither finds what the other has fetched; none with its rows kept decoded.
void BM_DevicePageAgainstRows50(benchmark::State& state) {
  const auto& devices = country().busy_devices();
  std::vector<Walk> walks;
  for (const schemas::DeviceId device : devices) walks.push_back(walk_of(device));
  std::vector<double> pages;
  std::vector<double> rows;
  const auto timed = [](std::vector<double>* took, const auto& read) {
    const auto begun = Clock::now();
    read();
    took->push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
  };
  size_t i = 0;
  for (auto _ : state) {
    const size_t one = i++ % devices.size();
    const size_t other = (one + devices.size() / 2) % devices.size();
    country().forget_rows(devices[one]);
    country().forget_rows(devices[other]);
    timed(&pages, [&] { page(device_query(devices[one])); });
    timed(&rows, [&] { rows_alone(devices[other], walks[other]); });
  }
  state.counters["page_us"] = median(&pages);
  state.counters["rows_us"] = median(&rows);
  state.counters["rows_of_page"] = median(&rows) / median(&pages);
}
BENCHMARK(BM_DevicePageAgainstRows50)->Unit(benchmark::kMicrosecond);

void BM_DevicePageAbsent(benchmark::State& state) {
  measure(state, 1000, [&](size_t i) { return page(device_query({{0xFFDB120000000000ull | i}})); });
}
BENCHMARK(BM_DevicePageAbsent)->UseManualTime()->Unit(benchmark::kMicrosecond);

void BM_PortfolioPage50(benchmark::State& state) {
  trail::AuditTrailQuery query;
  query.route = trail::Route::kOwned;
  query.limit = kRows;
  measure(state, 1, [&](size_t) { return page(query); });
}
BENCHMARK(BM_PortfolioPage50)->UseManualTime()->Unit(benchmark::kMicrosecond);

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
BENCHMARK(BM_PortfolioPage50Deeper)->UseManualTime()->Unit(benchmark::kMicrosecond);

void BM_OwnPage50(benchmark::State& state) {
  trail::AuditTrailQuery query;
  query.route = trail::Route::kOwn;
  query.limit = kRows;
  measure(state, 1, [&](size_t) { return page(query); });
}
BENCHMARK(BM_OwnPage50)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace satindex::bench
