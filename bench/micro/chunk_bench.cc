// What a row costs to pack and to unpack, by rows a chunk: 3 is one transaction, 128 a full chunk.
// And a reference.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/micro/rows.h"
#include "indexer/store/chunk_value.h"
#include "indexer/store/ref_chunk.h"
#include "indexer/store/row_chunk.h"

namespace satindex::bench {
namespace {

// One device's rows, newest first, as many as asked for.
struct DeviceRows {
  store::Dictionary dictionary;
  store::LiteralTable literals;
  std::vector<store::CodedRow> rows;
  store::ChunkContext context;

  explicit DeviceRows(size_t count) {
    rows = traffic_rows(count, 1, app::Density::kDense, &dictionary);
    std::reverse(rows.begin(), rows.end());
    context = {store::bucket_of(rows.front().time_ns), true, rows.front().device};
  }
};

void per_row(benchmark::State& state, size_t rows, size_t bytes) {
  state.SetItemsProcessed(static_cast<int64_t>(rows) * state.iterations());
  state.counters["bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(rows);
}

void BM_RowChunkEncode(benchmark::State& state) {
  const DeviceRows d(static_cast<size_t>(state.range(0)));
  std::string out;
  for (auto _ : state) {
    out.clear();
    store::encode_row_chunk(d.context, d.rows, d.literals, &out);
    benchmark::DoNotOptimize(out.data());
  }
  per_row(state, d.rows.size(), out.size());
}
BENCHMARK(BM_RowChunkEncode)->Arg(3)->Arg(16)->Arg(128);

void BM_RowChunkDecode(benchmark::State& state) {
  const DeviceRows d(static_cast<size_t>(state.range(0)));
  std::string bytes;
  store::encode_row_chunk(d.context, d.rows, d.literals, &bytes);
  std::vector<store::CodedRow> rows;
  store::LiteralTable literals;
  for (auto _ : state) {
    rows.clear();
    if (!store::decode_row_chunk(d.context, bytes, &rows, &literals)) state.SkipWithError("broken");
    benchmark::DoNotOptimize(rows.data());
  }
  per_row(state, d.rows.size(), bytes.size());
}
BENCHMARK(BM_RowChunkDecode)->Arg(3)->Arg(16)->Arg(128);

void BM_RowChunkHeader(benchmark::State& state) {
  const DeviceRows d(128);
  std::string bytes;
  store::encode_row_chunk(d.context, d.rows, d.literals, &bytes);
  store::RowChunkHeader header;
  for (auto _ : state) {
    if (!store::read_row_chunk_header(d.context, bytes, &header)) state.SkipWithError("broken");
    benchmark::DoNotOptimize(header.rows);
  }
}
BENCHMARK(BM_RowChunkHeader);

std::vector<store::TrailRef> references(size_t count) {
  store::Dictionary dictionary;
  std::vector<store::TrailRef> refs;
  for (const store::CodedRow& row : traffic_rows(count, 10'000, app::Density::kDense, &dictionary))
    refs.push_back({row.time_ns, true, row.device});
  std::sort(refs.begin(), refs.end());
  refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
  return refs;
}

void BM_RefChunkEncode(benchmark::State& state) {
  const auto refs = references(static_cast<size_t>(state.range(0)));
  const uint16_t bucket = store::bucket_of(refs.front().time_ns);
  std::string out;
  for (auto _ : state) {
    out.clear();
    store::encode_ref_chunk(bucket, refs, &out);
    benchmark::DoNotOptimize(out.data());
  }
  per_row(state, refs.size(), out.size());
}
BENCHMARK(BM_RefChunkEncode)->Arg(64)->Arg(1024);

void BM_RefChunkDecode(benchmark::State& state) {
  const auto refs = references(static_cast<size_t>(state.range(0)));
  const uint16_t bucket = store::bucket_of(refs.front().time_ns);
  std::string bytes;
  store::encode_ref_chunk(bucket, refs, &bytes);
  std::vector<store::TrailRef> out;
  for (auto _ : state) {
    out.clear();
    if (!store::decode_ref_chunk(bucket, bytes, &out)) state.SkipWithError("broken");
    benchmark::DoNotOptimize(out.data());
  }
  per_row(state, refs.size(), bytes.size());
}
BENCHMARK(BM_RefChunkDecode)->Arg(64)->Arg(1024);

// Sixteen transactions of one device that came one by one become one chunk: what compaction does.
void BM_PackSmallChunks(benchmark::State& state) {
  const DeviceRows d(48);
  const store::TrailKey key{d.context.bucket, d.context.device, true, 0, 0};
  std::vector<std::string> values;
  for (size_t i = d.rows.size(); i >= 3; i -= 3)
    store::encode_row_chunk(d.context, std::span(d.rows).subspan(i - 3, 3), d.literals,
                            &values.emplace_back());
  const std::vector<std::string_view> views(values.begin(), values.end());
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!store::pack_values(store::ChunkKind::kDeviceRows, key, views, &out))
      state.SkipWithError("broken");
    benchmark::DoNotOptimize(out.data());
  }
  per_row(state, d.rows.size(), out.size());
}
BENCHMARK(BM_PackSmallChunks);

void BM_KeyEncode(benchmark::State& state) {
  store::TrailKey key{20'000, 0x00DB123456789000ull, false, 0, 0};
  for (auto _ : state) {
    ++key.seq;
    benchmark::DoNotOptimize(store::encode_key(key));
  }
}
BENCHMARK(BM_KeyEncode);

void BM_KeyParse(benchmark::State& state) {
  const auto bytes = store::encode_key({20'000, 0x00DB123456789000ull, false, 77, 3});
  for (auto _ : state) benchmark::DoNotOptimize(store::TrailKey::parse(bytes.view()));
}
BENCHMARK(BM_KeyParse);

}  // namespace
}  // namespace satindex::bench
