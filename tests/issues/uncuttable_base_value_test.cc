// Found when reading the change: a base value beyond 16 KiB whose rows are spread so evenly that no sub-bucket fills half a
// chunk cannot be cut. Looking at it put it back on the queue of oversize values, and it was written anew for ever.
#include <gtest/gtest.h>

#include <filesystem>

#include "indexer/store/keys.h"
#include "indexer/store/reader.h"
#include "indexer/store/writer.h"
#include "schemas/limits.h"

namespace satindex::store {
namespace {

constexpr int kSubBuckets = 1 << (kBucketBits - kSubBucketBits);
constexpr int kRowsEach = 60;  // just below half a chunk
static_assert(kRowsEach < schemas::limits::kChunkRowsMax / 2);

TEST(Issues, ABaseValueThatCannotBeCutIsLeftAlone) {
  const std::filesystem::path dir =
      std::filesystem::path(::testing::TempDir()) / "satindex_uncuttable";
  std::filesystem::remove_all(dir);
  auto shard = Shard::open({dir, 0, 0}, std::make_shared<StoreResources>(8 << 20, 8 << 20, 1));
  ASSERT_TRUE(shard) << shard.error().message;
  ShardWriter writer(**shard);
  schemas::SatEvent e;
  e.event_type = "SERVICE_REQUEST";
  e.user = schemas::UserId{{0x90B3D51F30010000}};
  e.user_role = "OU";
  e.device = schemas::DeviceId{{0x00DB1234567890A0}};
  int64_t offset = 0;
  for (int sub = 0; sub < kSubBuckets; ++sub) {
    for (int i = 0; i < kRowsEach; ++i) {
      e.time_ns = bucket_start(780) + (int64_t{sub} << kSubBucketBits) + i * 577'000'000'123LL;
      e.request = schemas::RequestId{e.user.eui, e.device->eui,
                                     static_cast<uint64_t>(offset) * 7'919'123'457};
      writer.add_event(e, {offset++, 1, kPartitionerAll});
    }
    ASSERT_TRUE(writer.commit(WritePath::kLive));
  }
  ASSERT_TRUE(writer.settle());
  // Further rows, one a commit and one a sub-bucket, so that merges meet the value again.
  for (int sub = 0; sub < kSubBuckets; ++sub) {
    e.time_ns = bucket_start(780) + (int64_t{sub} << kSubBucketBits) + 1;
    writer.add_event(e, {offset++, 1, kPartitionerAll});
    ASSERT_TRUE(writer.commit(WritePath::kLive));
  }

  bool more = true;
  int steps = 0;
  while (more && steps < 50) {
    auto step = writer.work_step(e.time_ns);
    ASSERT_TRUE(step) << step.error().message;
    more = *step;
    ++steps;
  }
  EXPECT_FALSE(more) << "still at work after " << steps << " steps";

  const ShardView view(**shard);
  RowCursor rows(view, e.device, e.user, {}, {});
  std::vector<TrailRow> seen;
  while (rows.peek()) rows.take(&seen);
  EXPECT_TRUE(rows.ok());
  EXPECT_EQ(seen.size(), static_cast<size_t>(kSubBuckets) * (kRowsEach + 1));
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace satindex::store
