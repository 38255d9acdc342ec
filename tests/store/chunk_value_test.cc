#include "indexer/store/chunk_value.h"

#include <gtest/gtest.h>

#include <map>

#include "schemas/limits.h"
#include "tests/store/random_rows.h"

namespace satindex::store {
namespace {

using testing::describe;
using testing::RowMaker;
using testing::test_seed;

// All rows of a value, by their text without the precision, to the best precision seen.
std::map<std::string, uint8_t> contents(const ChunkContext& context, std::string_view value) {
  std::vector<std::string_view> chunks;
  EXPECT_TRUE(split_value(value, &chunks));
  std::map<std::string, uint8_t> out;
  for (const std::string_view c : chunks) {
    std::vector<CodedRow> rows;
    LiteralTable literals;
    EXPECT_TRUE(decode_row_chunk(context, c, &rows, &literals));
    for (CodedRow& r : rows) {
      const uint8_t decimals = std::exchange(r.decimals, 0);
      uint8_t& best = out[describe(r, literals)];
      best = std::max(best, decimals);
    }
  }
  return out;
}

TEST(ChunkValue, PackingAndJoiningKeepWhatTheyAreGiven) {
  const uint64_t seed = test_seed();
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(seed));
  RowMaker m(seed);
  for (int round = 0; round < 400; ++round) {
    const TrailKey key{static_cast<uint16_t>(m.below(4000)), m.rng(), true, 0, 0};
    const ChunkContext context = context_of(ChunkKind::kDeviceRows, key);
    std::vector<std::string> values;
    std::vector<CodedRow> again;
    for (uint64_t i = 1 + m.below(12); i > 0; --i) {
      auto rows = m.rows(1 + m.below(m.one_in(4) ? 128 : 5), key.entity, true, key.bucket);
      if (!again.empty() && m.one_in(2)) rows = again;  // a redelivery, its time written otherwise
      if (m.one_in(2)) {
        for (CodedRow& r : rows) r.decimals = static_cast<uint8_t>(m.below(10));
      }
      again = rows;
      encode_row_chunk(context, rows, m.literals, &values.emplace_back());
    }
    const std::vector<std::string_view> views(values.begin(), values.end());
    std::string joined;
    std::string packed;
    ASSERT_TRUE(concat_values(views, &joined));
    ASSERT_TRUE(pack_values(ChunkKind::kDeviceRows, key, views, &packed));
    const auto expected = contents(context, joined);
    ASSERT_EQ(contents(context, packed), expected);
    // Merging is the same whatever was merged before: the compaction does it in any steps.
    std::string left;
    std::string both;
    const size_t cut = m.below(views.size() + 1);
    if (cut > 0 && cut < views.size()) {
      ASSERT_TRUE(pack_values(ChunkKind::kDeviceRows, key, {views.data(), cut}, &left));
      std::vector<std::string_view> rest = {left};
      rest.insert(rest.end(), views.begin() + static_cast<ptrdiff_t>(cut), views.end());
      ASSERT_TRUE(pack_values(ChunkKind::kDeviceRows, key, rest, &both));
      ASSERT_EQ(contents(context, both), expected);
    }
    std::vector<std::string_view> chunks;
    ASSERT_TRUE(split_value(packed, &chunks));
    size_t small = 0;
    for (const std::string_view c : chunks) {
      RowChunkHeader h;
      ASSERT_TRUE(read_row_chunk_header(context, c, &h));
      ASSERT_LE(h.rows, schemas::limits::kChunkRowsMax);
      small += h.rows <= schemas::limits::kChunkRowsMax / 2 ? 1 : 0;
    }
    ASSERT_LE(small, 1u) << "packing leaves at most one small chunk";
  }
}

TEST(ChunkValue, BrokenFramingIsSeen) {
  std::vector<std::string_view> chunks;
  EXPECT_FALSE(split_value("", &chunks));
  EXPECT_FALSE(split_value("\x01", &chunks));
  EXPECT_FALSE(split_value(std::string_view("\x01\x00", 2), &chunks));
  EXPECT_FALSE(split_value("\x01\x05 abc", &chunks));
  EXPECT_FALSE(split_value("\x01\x03xyz", &chunks)) << "the last chunk has no frame";
  chunks.clear();
  EXPECT_TRUE(split_value("\x01\x03xyz4", &chunks));
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[0], "xyz");
  EXPECT_EQ(chunks[1], "4");
}

}  // namespace
}  // namespace satindex::store
