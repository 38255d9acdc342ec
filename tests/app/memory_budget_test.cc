// The limits that apply to a process, from trees that look like /proc and /sys/fs/cgroup.
#include "app/memory_budget.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace satindex::app {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class MemoryLimit : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "satindex-memory-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    put("proc/meminfo", "MemFree: 1 kB\nMemTotal:       8388608 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  std::filesystem::path root_;
};

TEST_F(MemoryLimit, IsTheMachineWithoutCgroups) {
  EXPECT_EQ(memory_limit_bytes(root_), 8192 * kMiB);
}

TEST_F(MemoryLimit, IsTheLeastOfTheGroupsAbove) {
  put("proc/self/cgroup", "0::/pods/one\n");
  put("sys/fs/cgroup/pods/one/memory.max", "max\n");
  put("sys/fs/cgroup/pods/memory.max", "1073741824\n");
  EXPECT_EQ(memory_limit_bytes(root_), 1024 * kMiB);
  put("sys/fs/cgroup/pods/one/memory.max", "536870912\n");
  EXPECT_EQ(memory_limit_bytes(root_), 512 * kMiB);
}

TEST_F(MemoryLimit, IsAtTheMountInsideAContainer) {
  put("proc/self/cgroup", "0::/../../somewhere/of/the/host\n");
  put("sys/fs/cgroup/memory.max", "268435456\n");
  EXPECT_EQ(memory_limit_bytes(root_), 256 * kMiB);
}

TEST_F(MemoryLimit, ReadsTheOldHierarchyToo) {
  put("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a\n");
  put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2147483648\n");
  EXPECT_EQ(memory_limit_bytes(root_), 2048 * kMiB);
  put("sys/fs/cgroup/memory/a/memory.limit_in_bytes",
      "9223372036854771712\n");  // what v1 says for none
  EXPECT_EQ(memory_limit_bytes(root_), 8192 * kMiB);
}

TEST(MemoryPlan, StaysWithinTheBudget) {
  for (const uint64_t budget : {128 * kMiB, 1024 * kMiB, 65536 * kMiB}) {
    const MemoryPlan plan = plan_memory(budget);
    EXPECT_LE(plan.cache_bytes + plan.ingest_bytes, budget);
    EXPECT_LT(plan.write_buffer_bytes, plan.cache_bytes);
    EXPECT_GE(plan.cache_bytes, budget / 4);
  }
}

}  // namespace
}  // namespace satindex::app
