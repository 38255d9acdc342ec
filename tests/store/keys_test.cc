#include "indexer/store/keys.h"

#include <gtest/gtest.h>

#include "tests/store/random_rows.h"

namespace satindex::store {
namespace {

// INV-7: every key round-trips and sorts as its tuple (bucket descending, entity, base first, newest first, sequence).
TEST(Keys, RoundTripAndSortAsTheirTuple) {
  testing::RowMaker m(testing::test_seed());
  const auto random_key = [&] {
    TrailKey k;
    k.bucket = static_cast<uint16_t>(m.below(3) + 700);
    k.entity = m.one_in(2) ? m.below(3) : m.rng();
    k.base = m.one_in(3);
    if (!k.base) {
      k.coarse = static_cast<uint32_t>(m.one_in(2) ? m.below(3) : m.below(1 << 24));
      k.seq = static_cast<uint32_t>(m.one_in(2) ? m.below(3) : m.rng());
    }
    return k;
  };
  const auto tuple = [](const TrailKey& k) {
    return std::tuple(-static_cast<int>(k.bucket), k.entity, k.base ? 0 : 1,
                      -static_cast<int64_t>(k.coarse), k.seq);
  };
  for (int i = 0; i < 20000; ++i) {
    const TrailKey a = random_key();
    const TrailKey b = random_key();
    const KeyBytes ka = encode_key(a);
    const KeyBytes kb = encode_key(b);
    ASSERT_EQ(tuple(a) < tuple(b), ka.view() < kb.view());
    const auto back = TrailKey::parse(ka.view());
    ASSERT_TRUE(back);
    ASSERT_EQ(tuple(*back), tuple(a));
    ASSERT_EQ(back->base, a.base);
  }
}

TEST(Keys, BytesAreFixed) {
  const KeyBytes base = encode_key({0x0102, 0x1112131415161718, true, 0, 0});
  EXPECT_EQ(base.view(), std::string_view("\xFE\xFD\x11\x12\x13\x14\x15\x16\x17\x18", 10));
  const KeyBytes chunk = encode_key({0x0102, 0x1112131415161718, false, 0x0000FF, 0x21222324});
  EXPECT_EQ(
      chunk.view(),
      std::string_view("\xFE\xFD\x11\x12\x13\x14\x15\x16\x17\x18\xFF\xFF\x00\x21\x22\x23\x24", 17));
  EXPECT_EQ(party_entity(schemas::Relation::kResponsibleSupplier, "SUP-A"),
            party_entity(schemas::Relation::kResponsibleSupplier, "SUP-A"));
  EXPECT_NE(party_entity(schemas::Relation::kResponsibleSupplier, "SUP-A"),
            party_entity(schemas::Relation::kNetworkOperator, "SUP-A"));
}

TEST(Keys, NewestBoundIsNeverBelowTheRow) {
  testing::RowMaker m(testing::test_seed());
  for (int i = 0; i < 20000; ++i) {
    const int64_t t =
        static_cast<int64_t>(m.below(static_cast<uint64_t>(schemas::kEventTimeMaxNs)));
    const TrailKey k{bucket_of(t), 1, false, TrailKey::coarse_of(t), 0};
    ASSERT_GE(k.newest_bound(), t);
    ASSERT_LT(k.newest_bound() - t, int64_t{1} << kCoarseShift);
  }
}

TEST(Keys, OtherLengthsAreNoKeys) {
  for (size_t n = 0; n < 24; ++n) {
    EXPECT_EQ(TrailKey::parse(std::string(n, 'x')).has_value(), n == 10 || n == 17) << n;
  }
}

}  // namespace
}  // namespace satindex::store
