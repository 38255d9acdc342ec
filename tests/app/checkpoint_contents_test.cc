// What tells a whole checkpoint from a part of one.
#include "app/checkpoint_contents.h"

#include <fstream>

#include "tests/app/scratch.h"

namespace satindex::app {
namespace {

class CheckpointContents : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    for (const char* shard : {"partition-0", "partition-10", "partition-2", "backfill-0"})
      std::filesystem::create_directories(directory_ / shard);
    std::ofstream(directory_ / "backfill-1") << "the file beside a folder that is not there";
    ASSERT_TRUE(write_contents(copy()));
  }
  DataDir copy() const { return DataDir(directory_); }
  std::string why() const {
    const auto checked = check_contents(copy());
    return checked ? "" : checked.error().message;
  }
};

TEST_F(CheckpointContents, OfAWholeOneAreRight) {
  EXPECT_TRUE(has_contents(copy()));
  EXPECT_EQ(why(), "");
}

TEST_F(CheckpointContents, NameWhatIsMissingAndWhatIsTooMuch) {
  std::filesystem::remove_all(directory_ / "backfill-0");
  EXPECT_NE(why().find("backfill-0 is missing"), std::string::npos) << why();
  std::filesystem::create_directories(directory_ / "backfill-0");
  std::filesystem::create_directories(directory_ / "partition-3");
  EXPECT_NE(why().find("partition-3 is not part"), std::string::npos) << why();
}

TEST_F(CheckpointContents, WithoutThemItIsNotFinished) {
  std::filesystem::remove(copy().contents_file());
  EXPECT_FALSE(has_contents(copy()));
  EXPECT_NE(why().find("not a finished checkpoint"), std::string::npos) << why();
}

TEST_F(CheckpointContents, ARestoreUnderWayIsSeen) {
  EXPECT_TRUE(copy().whole());
  std::ofstream(copy().restoring_file()) << "";
  ASSERT_FALSE(copy().whole());
  EXPECT_EQ(copy().whole().error().code, schemas::StatusCode::kConfig);
}

}  // namespace
}  // namespace satindex::app
