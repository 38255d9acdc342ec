// A data directory went on under other topics, at the offsets of the first, and a shard in the place of another passed for
// it: rows of both were served as one index.
#include <gtest/gtest.h>

#include <filesystem>

#include "indexer/store/shard.h"
#include "tests/ingest/fixture.h"

namespace satindex::store {
namespace {

TEST(IndexOfOtherTopics, IsRefusedAndBothAreNamed) {
  const tests::TempDir dir;
  const auto resources = std::make_shared<StoreResources>(8 << 20, 8 << 20, 1);
  const auto open = [&](const char* folder, const char* identity) {
    ShardOptions options;
    options.path = dir.path() / folder;
    options.identity = identity;
    return Shard::open(options, resources);
  };
  EXPECT_EQ((*open("a", ""))->identity(), "");
  EXPECT_EQ((*open("a", "A, partition 0"))->identity(), "A, partition 0");
  EXPECT_EQ((*open("a", ""))->identity(), "A, partition 0");
  EXPECT_TRUE(open("a", "A, partition 0"));
  const auto other = open("a", "B, partition 0");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, schemas::StatusCode::kConfig);
  EXPECT_EQ(other.error().message, "a is the index of A, partition 0, not of B, partition 0");
  // Nothing of the refusal stays.
  EXPECT_TRUE(open("a", "A, partition 0"));
  // In the place of another.
  ASSERT_TRUE(open("b", "A, partition 1"));
  std::filesystem::rename(dir.path() / "a", dir.path() / "c");
  std::filesystem::rename(dir.path() / "b", dir.path() / "a");
  EXPECT_FALSE(open("a", "A, partition 0"));
}

}  // namespace
}  // namespace satindex::store
