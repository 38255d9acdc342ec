#include "app/capacity.h"

#include <gtest/gtest.h>

namespace satindex::app {
namespace {

TEST(Capacity, FollowsFromTheMeasuredFigures) {
  Load load;
  load.retention_ns = 365 * 86'400ll * 1'000'000'000;
  const CapacityPlan plan = plan_capacity(load);
  EXPECT_DOUBLE_EQ(plan.events_kept, 20e9);
  EXPECT_NEAR(plan.mean_per_second, 634, 1);
  EXPECT_NEAR(plan.peak_per_second, 20 * plan.mean_per_second, 1);
  EXPECT_DOUBLE_EQ(plan.index_bytes, 20e9 * 21.3 + 80e6 * 50);
  EXPECT_GT(plan.disk_bytes, plan.index_bytes);
  EXPECT_GE(plan.cores, 2);
}

TEST(Capacity, GrowsWithTheLoad) {
  Load small;
  Load large = small;
  large.events_per_year *= 10;
  EXPECT_GT(plan_capacity(large).index_bytes, plan_capacity(small).index_bytes);
  EXPECT_GT(plan_capacity(large).partitions, plan_capacity(small).partitions);
  EXPECT_GE(plan_capacity(large).cores, plan_capacity(small).cores);
}

TEST(Capacity, ReportNamesEveryResource) {
  const std::string report = capacity_report({});
  for (const char* word : {"index", "disk", "memory", "cores", "rebuild", "partitions"}) {
    EXPECT_NE(report.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace satindex::app
