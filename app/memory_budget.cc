#include "app/memory_budget.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "app/values.h"

namespace satindex::app {
namespace {

constexpr uint64_t kMiB = 1ull << 20;

// A file with one number in it; nullopt when there is none, as for "max".
std::optional<uint64_t> read_number(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string text;
  if (!(in >> text)) return std::nullopt;
  const auto number = parse_count(text);
  return number ? std::optional(*number) : std::nullopt;
}

// The smallest `file` in the directory of the group and those above it.
uint64_t least_limit(const std::filesystem::path& mount, std::filesystem::path group,
                     const char* file) {
  uint64_t least = std::numeric_limits<uint64_t>::max();
  // In a container the path of the group is often that of the host and not there; its own limit is
  // then at the mount.
  if (!std::filesystem::exists(mount / group.relative_path())) group = "/";
  for (;;) {
    if (const auto limit = read_number(mount / group.relative_path() / file)) {
      least = std::min(least, *limit);
    }
    if (group == group.parent_path()) return least;
    group = group.parent_path();
  }
}

uint64_t machine_bytes(const std::filesystem::path& root) {
  std::ifstream in(root / "proc/meminfo");
  std::string name;
  uint64_t kib = 0;
  while (in >> name >> kib) {
    if (name == "MemTotal:") return kib * 1024;
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 1024 * kMiB;
}

}  // namespace

uint64_t memory_limit_bytes(const std::filesystem::path& root) {
  uint64_t limit = machine_bytes(root);
  const std::filesystem::path mount = root / "sys/fs/cgroup";
  std::ifstream in(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(in, line)) {  // hierarchy:controllers:/path; v2 is "0::/path"
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      limit = std::min(limit, least_limit(mount, group, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      limit = std::min(limit, least_limit(mount / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

uint64_t default_memory_budget_bytes() { return memory_limit_bytes() / 4 * 3; }

MemoryPlan plan_memory(uint64_t budget_bytes) {
  // Queues and batches have a floor below which ingest crawls (facts: 64 MiB ran three times
  // slower), and gain nothing from more than this.
  constexpr uint64_t kIngestUseful = 2048 * kMiB;
  MemoryPlan plan;
  plan.ingest_bytes = std::min(budget_bytes / 2, kIngestUseful);
  plan.cache_bytes =
      budget_bytes - plan.ingest_bytes - budget_bytes / 8;  // an eighth for requests in flight
  plan.write_buffer_bytes = plan.cache_bytes / 3;
  return plan;
}

void keep_freed_memory() {
  if (std::getenv("GLIBC_TUNABLES") != nullptr) return;
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that malloc accepts
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

}  // namespace satindex::app
