// Sorting, joining and packing one batch of a partition: 250,000 rows, dense (100,000 devices) and
// national (3 million).
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/micro/rows.h"
#include "indexer/store/trail_builder.h"

namespace satindex::bench {
namespace {

constexpr size_t kRows = 250'000;

void build(benchmark::State& state, uint64_t devices, app::Density density) {
  store::Dictionary dictionary;
  const store::LiteralTable literals;
  const auto gathered = traffic_rows(kRows, devices, density, &dictionary);
  store::TrailBuilder builder;
  store::SortedBatch batch;
  // Two holdings a device, always: a supplier and a network operator.
  const store::LedgerJoin join = [](std::span<const uint64_t> ids, const auto& sink) {
    for (uint32_t i = 0; i < ids.size(); ++i) {
      sink(i, store::Holding{ids[i] % 60, {}});
      sink(i, store::Holding{1'000 + ids[i] % 14, {}});
    }
    return schemas::Result<void>();
  };
  uint32_t next_chunk = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto rows = gathered;
    batch.clear();
    state.ResumeTiming();
    if (!builder.build({&rows, &literals, &dictionary, &next_chunk}, join, &batch))
      state.SkipWithError("failed");
  }
  size_t bytes = 0;
  for (const auto& table : batch.tables) bytes += table.bytes();
  state.SetItemsProcessed(static_cast<int64_t>(kRows) * state.iterations());
  state.counters["bytes_per_row"] = static_cast<double>(bytes) / kRows;
}

void BM_BuildDense(benchmark::State& state) { build(state, 100'000, app::Density::kDense); }
void BM_BuildNational(benchmark::State& state) { build(state, 3'000'000, app::Density::kNational); }
BENCHMARK(BM_BuildDense)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_BuildNational)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace satindex::bench
