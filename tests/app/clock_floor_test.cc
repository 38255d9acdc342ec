// The latest now outlives the process, is written about once a second, and is forgotten only when
// the operator says so.
#include "app/clock_floor.h"

#include <fstream>

#include "app/data_dir.h"
#include "app/durable_file.h"
#include "schemas/time.h"
#include "tests/app/scratch.h"

namespace satindex::app {
namespace {

using schemas::kNanosPerSecond;
constexpr int64_t kNow = 1'800'000'000 * kNanosPerSecond;

class ClockFloorTest : public Scratch {};

TEST_F(ClockFloorTest, KeepsAtLeastWhatWasUsedAndAtMostASecondMore) {
  {
    auto floor = *ClockFloor::open(path("clock"), false);
    EXPECT_EQ(floor->kept_ns(), 0);
    EXPECT_TRUE(floor->cover(kNow));
  }
  const auto floor = *ClockFloor::open(path("clock"), false);
  EXPECT_GE(floor->kept_ns(), kNow);
  EXPECT_LE(floor->kept_ns(), kNow + kNanosPerSecond);
}

TEST_F(ClockFloorTest, WritesOnlyWhenTimeHasPassedWhatIsKept) {
  auto floor = *ClockFloor::open(path("clock"), false);
  ASSERT_TRUE(floor->cover(kNow));
  const auto first = std::filesystem::last_write_time(path("clock"));
  std::filesystem::last_write_time(path("clock"), first - std::chrono::hours(1));
  EXPECT_TRUE(floor->cover(kNow + kNanosPerSecond / 2));
  EXPECT_TRUE(floor->cover(kNow - 5 * kNanosPerSecond));
  EXPECT_EQ(std::filesystem::last_write_time(path("clock")), first - std::chrono::hours(1));
  EXPECT_TRUE(floor->cover(kNow + 2 * kNanosPerSecond));
  EXPECT_GE(std::filesystem::last_write_time(path("clock")), first);
}

TEST_F(ClockFloorTest, SaysSoWhenItCannotWrite) {
  auto floor = *ClockFloor::open(path("absent/clock"), false);
  EXPECT_FALSE(floor->cover(kNow));
}

TEST_F(ClockFloorTest, AcceptingTheClockForgetsWhatWasKept) {
  (*ClockFloor::open(path("clock"), false))->cover(kNow);
  EXPECT_EQ((*ClockFloor::open(path("clock"), true))->kept_ns(), 0);
  EXPECT_EQ((*ClockFloor::open(path("clock"), false))->kept_ns(), 0);
}

TEST_F(ClockFloorTest, ASpoiltFileIsAConfigurationErrorUntilTheClockIsAccepted) {
  std::ofstream(path("clock")) << "yesterday\n";
  const auto refused = ClockFloor::open(path("clock"), false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, schemas::StatusCode::kConfig);
  EXPECT_TRUE(ClockFloor::open(path("clock"), true));
}

using DurableFile = Scratch;

TEST_F(DurableFile, PrivateFilesAreNeverOverwritten) {
  ASSERT_TRUE(write_private_file(path("key"), "one"));
  EXPECT_FALSE(write_private_file(path("key"), "two"));
  const auto mode = std::filesystem::status(path("key")).permissions();
  EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
}

TEST_F(DurableFile, ReplacingLeavesNothingBeside) {
  ASSERT_TRUE(replace_file(path("f"), "one"));
  ASSERT_TRUE(replace_file(path("f"), "two"));
  std::ifstream in(path("f"));
  std::string text;
  in >> text;
  EXPECT_EQ(text, "two");
  EXPECT_FALSE(std::filesystem::exists(path("f.new")));
}

using DataDirTest = Scratch;

TEST_F(DataDirTest, FindsItsShardsByNumber) {
  const DataDir data_dir(directory_ / "data");
  ASSERT_TRUE(data_dir.make());
  for (const char* name :
       {"partition-10", "partition-2", "backfill-0", "partition-x", "partition-", "other"}) {
    std::filesystem::create_directory(data_dir.path() / name);
  }
  std::ofstream(data_dir.path() / "backfill-1.files") << "x";
  EXPECT_EQ(data_dir.partitions(), (std::vector<int32_t>{2, 10}));
  EXPECT_EQ(data_dir.backfills(), (std::vector<int32_t>{0}));
}

TEST_F(DataDirTest, UsableIsWhatMayBeMadeOrIsThere) {
  EXPECT_TRUE(DataDir(directory_).usable());
  EXPECT_TRUE(DataDir(directory_ / "to" / "be" / "made").usable());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "to")) << "asking makes nothing";
  std::ofstream(path("file")) << "x";
  EXPECT_FALSE(DataDir(directory_ / "file").usable());
  EXPECT_FALSE(DataDir(directory_ / "file" / "under").usable());
}

TEST_F(DataDirTest, IsForItsOwnerOnly) {
  const DataDir data_dir(directory_ / "a" / "b");
  ASSERT_TRUE(data_dir.make());
  EXPECT_EQ(std::filesystem::status(data_dir.path()).permissions(),
            std::filesystem::perms::owner_all);
  std::ofstream(path("file")) << "x";
  EXPECT_FALSE(DataDir(directory_ / "file" / "under").make());
}

}  // namespace
}  // namespace satindex::app
