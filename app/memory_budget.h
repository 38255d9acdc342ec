// How much memory the process may use, and who gets how much of it. Reads the cgroup (v2, then v1)
// and /proc once at start.
#pragma once

#include <cstdint>
#include <filesystem>

namespace satindex::app {

// The least limit that applies to this process: of its cgroup and every one above, or of the
// machine.
uint64_t memory_limit_bytes(const std::filesystem::path& root = "/");
// What --memory-budget auto means: a quarter is left to the kernel's page cache, stacks and malloc.
uint64_t default_memory_budget_bytes();

// The shares of a serving process.
struct MemoryPlan {
  uint64_t cache_bytes = 0;         // RocksDB: blocks, filters, and memtables charged to it
  uint64_t write_buffer_bytes = 0;  // the part of cache_bytes that memtables may take
  uint64_t ingest_bytes = 0;        // queues from Kafka and gathered records, all shards together
};
MemoryPlan plan_memory(uint64_t budget_bytes);
// Before the first thread starts. Fetched sets of records are a megabyte and more, and malloc by
// default gives such blocks back to the kernel at once, to be faulted in and cleared again for the
// next: a fifth of a catch-up (docs/decisions/0007). What is kept is bounded by what was in use at
// once, which the budget bounds. An operator's GLIBC_TUNABLES win.
void keep_freed_memory();

}  // namespace satindex::app
