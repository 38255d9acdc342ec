#include "app/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace satindex::app {
namespace {

TEST(EditDistance, CountsSingleEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("brokers", "broker"), 1u);
  EXPECT_EQ(edit_distance("data-dir", "data_dir"), 1u);
  EXPECT_EQ(edit_distance("jkws", "jwks"), 1u) << "neighbours swapped are one slip";
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(EditDistance, IsSymmetric) {
  EXPECT_EQ(edit_distance("retention", "retantions"), edit_distance("retantions", "retention"));
}

TEST(Nearest, TakesTheFirstOfTheClosest) {
  const std::vector<std::string> names = {"run", "restore", "token"};
  EXPECT_EQ(nearest("rum", names), "run");
  EXPECT_EQ(nearest("tokens", names), "token");
  EXPECT_EQ(nearest("anything", {}), "");
}

}  // namespace
}  // namespace satindex::app
