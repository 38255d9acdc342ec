// Found by PagesUnderIngest: in one batch, an event without a device at the very instant of the last device's oldest event
// was ordered among the device rows and written into the trail of a device that does not exist.
#include <gtest/gtest.h>

#include <filesystem>

#include "indexer/store/reader.h"
#include "indexer/store/writer.h"

namespace satindex::store {
namespace {

TEST(Issues, AnEventWithoutDeviceAtTheInstantOfADeviceEventIsKept) {
  for (const WritePath path : {WritePath::kLive, WritePath::kBulk}) {
    const std::filesystem::path dir =
        ::testing::TempDir() + "/satindex_issue_loose_" + std::to_string(static_cast<int>(path));
    std::filesystem::remove_all(dir);
    auto shard = Shard::open({dir, 0, 0}, std::make_shared<StoreResources>(8 << 20, 8 << 20, 1));
    ASSERT_TRUE(shard) << shard.error().message;
    const schemas::UserId user{{0x90B3D51F30010000}};
    schemas::SatEvent e;
    e.time_ns = 1'700'000'000'000'000'000;
    e.event_type = "SERVICE_REQUEST";
    e.user = user;
    e.user_role = "OU";
    ShardWriter writer(**shard);
    writer.add_event(e, {0, 1, kPartitionerAll});  // no device
    e.device = schemas::DeviceId{{0x00DB1234567890A0}};
    writer.add_event(e, {1, 2, kPartitionerAll});
    ASSERT_TRUE(writer.commit(path));

    const ShardView view(**shard);
    RowCursor loose(view, std::nullopt, user, {}, {});
    ASSERT_TRUE(loose.peek());
    std::vector<TrailRow> rows;
    loose.take(&rows);
    EXPECT_EQ(rows.size(), 1u);
    EXPECT_FALSE(rows[0].device);
    RowCursor device(view, e.device, user, {}, {});
    rows.clear();
    ASSERT_TRUE(device.peek());
    device.take(&rows);
    EXPECT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].device, e.device);
    std::filesystem::remove_all(dir);
  }
}

}  // namespace
}  // namespace satindex::store
