#include "indexer/store/ref_chunk.h"

#include <gtest/gtest.h>

#include "indexer/store/keys.h"
#include "schemas/limits.h"
#include "tests/store/random_rows.h"

namespace satindex::store {
namespace {

using testing::RowMaker;
using testing::test_seed;

std::vector<TrailRef> random_refs(RowMaker& m, uint16_t bucket, size_t n) {
  std::vector<TrailRef> refs;
  const int64_t units[] = {1, 1000, 1'000'000, 1'000'000'000};
  const int64_t unit = units[m.below(4)];
  const int64_t start = (bucket_start(bucket) + unit - 1) / unit * unit;
  const uint64_t base = m.rng();
  const uint64_t spread = uint64_t{1} << m.below(64);
  for (size_t i = 0; i < n; ++i) {
    TrailRef r;
    r.time_ns =
        start + static_cast<int64_t>(m.below(uint64_t{1} << (m.one_in(2) ? 50 : 33))) / unit * unit;
    if (m.one_in(4) && !refs.empty()) r.time_ns = refs.back().time_ns;
    r.has_device = !m.one_in(6);
    if (r.has_device) r.device = base + m.below(spread);
    refs.push_back(r);
  }
  std::sort(refs.begin(), refs.end());
  refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
  return refs;
}

TEST(RefChunk, EveryChunkRoundTrips) {
  const uint64_t seed = test_seed();
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(seed));
  RowMaker m(seed);
  for (int round = 0; round < 3000; ++round) {
    const uint16_t bucket = static_cast<uint16_t>(m.below(4090));
    const auto refs =
        random_refs(m, bucket, 1 + m.below(m.one_in(2) ? schemas::limits::kRefChunkRowsMax : 5));
    std::string bytes;
    encode_ref_chunk(bucket, refs, &bytes);
    std::vector<TrailRef> back;
    ASSERT_TRUE(decode_ref_chunk(bucket, bytes, &back));
    ASSERT_EQ(back.size(), refs.size());
    for (size_t i = 0; i < refs.size(); ++i) {
      ASSERT_TRUE(back[i] == refs[i]) << i;
    }
    RefChunkHeader h;
    ASSERT_TRUE(read_ref_chunk_header(bucket, bytes, &h));
    ASSERT_EQ(h.rows, refs.size());
    ASSERT_EQ(h.newest_ns, refs.front().time_ns);
    ASSERT_EQ(h.oldest_ns, refs.back().time_ns);
  }
}

// The catch-up names devices by their rank in the batch: the bytes are the same, whatever was encoded before with the set.
TEST(RefChunk, RanksGiveTheSameBytes) {
  const uint64_t seed = test_seed();
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(seed));
  RowMaker m(seed);
  for (int batch = 0; batch < 40; ++batch) {
    const uint16_t bucket = static_cast<uint16_t>(m.below(4090));
    std::vector<std::vector<TrailRef>> chunks;
    std::vector<uint64_t> devices;
    for (int i = 0; i < 20; ++i) {
      const size_t n = m.one_in(2) ? schemas::limits::kRefChunkRowsMax : 5;
      chunks.push_back(random_refs(m, bucket, 1 + m.below(n)));
      for (const TrailRef& r : chunks.back()) {
        if (r.has_device) devices.push_back(r.device);
      }
    }
    std::sort(devices.begin(), devices.end());
    devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
    RankSet ranks(devices);
    for (const auto& refs : chunks) {
      std::vector<RankedRef> ranked;
      for (const TrailRef& r : refs) {
        const auto at = std::lower_bound(devices.begin(), devices.end(), r.device);
        ranked.push_back({r.time_ns, r.has_device ? static_cast<uint32_t>(at - devices.begin())
                                                  : RankedRef::kNoDevice});
      }
      std::string by_device;
      encode_ref_chunk(bucket, refs, &by_device);
      std::string by_rank;
      encode_ref_chunk(bucket, ranked, &ranks, &by_rank);
      ASSERT_EQ(by_rank, by_device);
    }
  }
}

// Transactions of three events each, 100 ms apart, over devices of random ids: the everyday owner trail.
TEST(RefChunk, AReferenceCostsFourBytesAtMost) {
  std::mt19937_64 rng(7);
  std::vector<TrailRef> refs;
  const int64_t start = (bucket_start(780) / 1'000'000 + 1) * 1'000'000;
  for (int i = 0; i < 340; ++i) {
    const uint64_t device = 0x00DB120000000000 + (rng() & 0xFFFFFFFFFF);
    for (int event = 0; event < 3; ++event) {
      refs.push_back({start + int64_t{i * 3 + event} * 100'000'000, true, device});
    }
  }
  std::sort(refs.begin(), refs.end());
  std::string bytes;
  encode_ref_chunk(780, refs, &bytes);
  EXPECT_LE(bytes.size(), refs.size() * 4);
}

TEST(RefChunk, SpoiltBytesNeverDoMoreThanFail) {
  const uint64_t seed = test_seed();
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(seed));
  RowMaker m(seed);
  for (int round = 0; round < 30000; ++round) {
    const uint16_t bucket = static_cast<uint16_t>(m.below(4090));
    std::string bytes;
    encode_ref_chunk(bucket, random_refs(m, bucket, 1 + m.below(12)), &bytes);
    if (m.one_in(2)) bytes.resize(m.below(bytes.size() + 1));
    for (uint64_t i = m.below(4); i > 0 && !bytes.empty(); --i)
      bytes[m.below(bytes.size())] = static_cast<char>(m.rng());
    std::vector<TrailRef> back;
    if (!decode_ref_chunk(bucket, bytes, &back)) {
      ASSERT_TRUE(back.empty());
    }
  }
}

}  // namespace
}  // namespace satindex::store
