#include "indexer/store/row_chunk.h"

#include <gtest/gtest.h>

#include "schemas/limits.h"
#include "tests/store/random_rows.h"

namespace satindex::store {
namespace {

using testing::describe;
using testing::RowMaker;
using testing::test_seed;

std::string hex(std::string_view s) {
  std::string out;
  for (const char c : s) {
    char b[3];
    std::snprintf(b, sizeof b, "%02x", static_cast<uint8_t>(c));
    out += b;
  }
  return out;
}

CodedRow plain_row(int64_t t) {
  CodedRow r;
  r.time_ns = t;
  r.device = 0x00DB1234567890A0;
  r.decimals = 3;
  r.flags = kRowHasDevice | kRowRequestFlags | kRowHasFingerprint;
  r.counter = 1000;
  r.fingerprint = 0xBEEF;
  r.symbol[0] = r.symbol[1] = r.symbol[2] = r.symbol[3] = 1;
  return r;
}

// A transaction of three events a second apart, as the log of every day has it: pinned to the byte, so that no change of
// the code changes what is on disk unnoticed.
TEST(RowChunk, BytesOfAnEverydayTransactionAreFixed) {
  const int64_t t = bucket_start(780) + 5'000'000'000'000 - bucket_start(780) % 1'000'000;
  std::vector<CodedRow> rows = {plain_row(t + 2'000'000'000), plain_row(t + 1'000'000'000),
                                plain_row(t)};
  rows[0].symbol[3] = 3;
  rows[1].symbol[3] = 2;
  rows[1].fingerprint = 0x1234;
  LiteralTable none;
  std::string bytes;
  encode_row_chunk({780, true, 0x00DB1234567890A0}, rows, none, &bytes);
  EXPECT_EQ(hex(bytes), "5488292680e444502321204ed0e7ddb7d0d34818fa775f")
      << "rows: 3, bytes: " << bytes.size();
  std::vector<CodedRow> back;
  LiteralTable literals;
  ASSERT_TRUE(decode_row_chunk({780, true, 0x00DB1234567890A0}, bytes, &back, &literals));
  ASSERT_EQ(back.size(), 3u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(describe(back[i], literals), describe(rows[i], none)) << i;
}

TEST(RowChunk, EveryChunkRoundTrips) {
  const uint64_t seed = test_seed();
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(seed));
  RowMaker maker(seed);
  for (int round = 0; round < 3000; ++round) {
    const bool device_rows = !maker.one_in(3);
    const ChunkContext context{static_cast<uint16_t>(maker.below(4090)), device_rows,
                               device_rows ? maker.rng() : 0};
    const size_t n = 1 + maker.below(maker.one_in(3) ? schemas::limits::kChunkRowsMax : 6);
    const auto rows = maker.rows(n, context.device, device_rows, context.bucket);
    std::string bytes = "before";
    encode_row_chunk(context, rows, maker.literals, &bytes);
    const std::string_view chunk = std::string_view(bytes).substr(6);
    ASSERT_EQ(static_cast<uint8_t>(chunk[0]) & 3, 0) << "the version bits frame values";
    std::vector<CodedRow> back;
    LiteralTable literals;
    ASSERT_TRUE(decode_row_chunk(context, chunk, &back, &literals));
    ASSERT_EQ(back.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(describe(back[i], literals), describe(rows[i], maker.literals))
          << "row " << i << " of " << n;
    }
    const int64_t not_before = rows[maker.below(n)].time_ns;
    std::vector<CodedRow> newest;
    ASSERT_TRUE(decode_row_chunk(context, chunk, &newest, &literals, not_before));
    const auto wanted = std::count_if(rows.begin(), rows.end(),
                                      [&](const CodedRow& r) { return r.time_ns >= not_before; });
    ASSERT_EQ(newest.size(), static_cast<size_t>(wanted));
    RowChunkHeader header;
    ASSERT_TRUE(read_row_chunk_header(context, chunk, &header));
    ASSERT_EQ(header.rows, rows.size());
    ASSERT_EQ(header.newest_ns, rows.front().time_ns);
    ASSERT_LE(header.oldest_ns, rows.back().time_ns);
    if (n > 16) {
      ASSERT_EQ(header.oldest_ns, rows.back().time_ns);
    }
    for (const CodedRow& r : rows) {
      const uint32_t user = r.symbol[0] & kLiteralBit ? kNoCode : r.symbol[0];
      ASSERT_NE(std::find(header.users.begin(), header.users.end(), user), header.users.end());
      const uint32_t outcome = r.symbol[3] & kLiteralBit ? kNoCode : r.symbol[3];
      ASSERT_NE(std::find(header.outcomes.begin(), header.outcomes.end(), outcome),
                header.outcomes.end());
    }
  }
}

TEST(RowChunk, SpoiltBytesNeverDoMoreThanFail) {
  const uint64_t seed = test_seed();
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(seed));
  RowMaker maker(seed);
  for (int round = 0; round < 20000; ++round) {
    const ChunkContext context{static_cast<uint16_t>(maker.below(4090)), true, maker.rng()};
    const auto rows = maker.rows(1 + maker.below(20), context.device, true, context.bucket);
    std::string bytes;
    encode_row_chunk(context, rows, maker.literals, &bytes);
    if (maker.one_in(2)) bytes.resize(maker.below(bytes.size() + 1));
    for (uint64_t i = maker.below(4); i > 0 && !bytes.empty(); --i) {
      bytes[maker.below(bytes.size())] = static_cast<char>(maker.rng());
    }
    std::vector<CodedRow> back;
    LiteralTable literals;
    RowChunkHeader header;
    read_row_chunk_header(context, bytes, &header);
    if (decode_row_chunk(context, bytes, &back, &literals)) {
      ASSERT_LE(back.size(), schemas::limits::kChunkRowsMax);
    } else {
      ASSERT_TRUE(back.empty());
    }
  }
}

TEST(RowChunk, RandomBytesNeverDoMoreThanFail) {
  std::mt19937_64 rng(test_seed());
  for (int round = 0; round < 50000; ++round) {
    std::string bytes(rng() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(rng());
    std::vector<CodedRow> back;
    LiteralTable literals;
    decode_row_chunk({static_cast<uint16_t>(rng()), rng() % 2 == 0, rng()}, bytes, &back,
                     &literals);
  }
}

}  // namespace
}  // namespace satindex::store
