// Invariants: a key alone is due at every kMergesMax-th merge; one that is often merged to becomes due however many others
// come by; and a key that is written whole reads as if it had been merged to.
#include "indexer/store/merge_count.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "indexer/store/reader.h"
#include "indexer/store/writer.h"

namespace satindex::store {
namespace {

TEST(MergeCount, AKeyIsDueAtEveryLastMerge) {
  MergeCount count;
  for (int round = 0; round < 3; ++round) {
    for (uint32_t i = 1; i < MergeCount::kMergesMax; ++i) EXPECT_FALSE(count.due("hot"));
    EXPECT_TRUE(count.due("hot"));
  }
}

TEST(MergeCount, TwoKeysCountApart) {
  MergeCount count;
  for (uint32_t i = 1; i < MergeCount::kMergesMax; ++i) {
    EXPECT_FALSE(count.due("one"));
    EXPECT_FALSE(count.due("other"));
  }
  EXPECT_TRUE(count.due("one"));
  EXPECT_TRUE(count.due("other"));
}

TEST(MergeCount, AHotKeyIsDueAmongManyColdOnes) {
  MergeCount count;
  uint64_t merged = 0;
  uint64_t due = 0;
  for (int i = 0; i < 400'000; ++i) {
    count.due("cold " + std::to_string(i));
    if (i % 20 != 0) continue;
    ++merged;
    due += count.due("hot") ? 1 : 0;
  }
  // Cold keys take some of the counts away, not most of them.
  EXPECT_GE(due * MergeCount::kMergesMax * 2, merged);
  EXPECT_LE(due * MergeCount::kMergesMax, merged + MergeCount::kMergesMax);
}

// One event a commit, all of one device, User and party: every key of theirs is written whole several times.
TEST(MergeCount, ManySmallCommitsReadAsOneLargeOne) {
  constexpr int64_t kEvents = 5 * MergeCount::kMergesMax + 7;
  constexpr int64_t kStart = int64_t{1'700'000'000} * 1'000'000'000;
  const schemas::DeviceId device{{0x00DB123400000001}};
  std::string pattern =
      (std::filesystem::temp_directory_path() / "satindex-merges-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path directory = pattern;
  const auto resources = std::make_shared<StoreResources>(16 << 20, 8 << 20, 1);
  struct Seen {
    std::vector<int64_t> rows, own, owner;
    bool operator==(const Seen&) const = default;
  };
  std::vector<Seen> seen;
  for (const bool small : {true, false}) {
    ShardOptions options;
    options.path = directory / (small ? "small" : "large");
    auto shard = Shard::open(options, resources);
    ASSERT_TRUE(shard) << shard.error().message;
    ShardWriter writer(**shard);
    schemas::OwnershipRecord held;
    held.device = device;
    held.party = "SUP-A";
    held.valid_from = *schemas::WrittenTime::parse("2020-01-01T00:00:00Z");
    held.version = 1;
    writer.add_ownership(held, {0, 0, kPartitionerAll});
    ASSERT_TRUE(writer.commit(WritePath::kLive));
    for (int64_t i = 0; i < kEvents; ++i) {
      schemas::SatEvent e;
      e.time_ns = kStart + i * 1'000'000;
      e.decimals = 3;
      e.user = {schemas::Eui64{0x90B3D51F30000001}};
      e.user_role = "IS";
      e.event_type = "SERVICE_REQUEST";
      e.device = device;
      writer.add_event(e, {i, 0, kPartitionerAll});
      if (small) {
        ASSERT_TRUE(writer.commit(WritePath::kLive));
      }
    }
    ASSERT_TRUE(writer.commit(WritePath::kBulk));
    const ShardView view(**shard);
    Seen& s = seen.emplace_back();
    RowCursor rows(view, device, {}, {}, {});
    std::vector<TrailRow> taken;
    while (rows.peek()) rows.take(&taken);
    for (const TrailRow& r : taken) s.rows.push_back(r.time_ns);
    const auto times = [](RefCursor refs, std::vector<int64_t>* out) {
      for (; refs.peek(); refs.advance()) out->push_back(refs.peek()->time_ns);
      EXPECT_TRUE(refs.ok());
    };
    times(RefCursor::own(view, {schemas::Eui64{0x90B3D51F30000001}}, {}), &s.own);
    times(RefCursor::owner(view, schemas::Relation::kResponsibleSupplier, "SUP-A", {}), &s.owner);
    EXPECT_TRUE(rows.ok());
    EXPECT_EQ(s.rows.size(), static_cast<size_t>(kEvents));
    EXPECT_EQ(s.own.size(), static_cast<size_t>(kEvents));
    EXPECT_EQ(s.owner.size(), static_cast<size_t>(kEvents));
  }
  EXPECT_EQ(seen[0], seen[1]);
  std::error_code ec;
  std::filesystem::remove_all(directory, ec);
}

}  // namespace
}  // namespace satindex::store
