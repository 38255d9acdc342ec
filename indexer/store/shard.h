// Shard: one Kafka partition's index, open. Owns the RocksDB and the dictionary; hands out snapshots (reader.h) and is
// written through one ShardWriter (writer.h). Open in one process at a time (a lock file). Thread-safe as stated there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/checkpoint.h"
#include "schemas/sat_event.h"
#include "schemas/status.h"

namespace satindex::store {

// A device about which a portfolio must say that something may be missing.
struct FlaggedDevice {
  schemas::DeviceId device;
  bool unreadable = false;  // an unreadable ownership record stands against it
  bool misplaced = false;   // records of it lie on a partition that no fitting partitioner gives it
};

// Shared by all shards of the process: one block cache, one write-buffer budget charged to it.
class StoreResources {
 public:
  // cache_bytes covers blocks, filters and memtables.
  StoreResources(size_t cache_bytes, size_t write_buffer_bytes, int background_jobs);
  ~StoreResources();
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

class Shard;

struct ShardOptions {
  std::filesystem::path path;  // created when missing
  int32_t partition =
      0;  // index of the shard in this process; the Kafka partition, or from backfill
  int64_t retention_ns = 0;  // 0: keep for ever
  // Whose index it is, in the caller's words: kept at first, compared ever after. Empty: not asked (who only reads).
  std::string identity = {};
  // Back-filled shards served beside this one, of a topic: their rows and ledgers count in its owner trails (INV-8). They
  // have no writer and outlive it.
  std::vector<Shard*> backfilled = {};
};

class Shard {
 public:
  // kCorrupt when the bytes are not ours or of a format this release does not read; kUnavailable when it is locked; kConfig
  // when it is another's, both identities named.
  static schemas::Result<std::unique_ptr<Shard>> open(const ShardOptions& options,
                                                      std::shared_ptr<StoreResources> resources);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  int32_t partition() const;
  // As kept; empty when nobody has said yet.
  const std::string& identity() const;
  // The last committed checkpoint. Any thread.
  Checkpoint checkpoint() const;
  // The checkpoint's `placed`, without a copy of the rest.
  uint8_t placed() const;
  // Reconciliation tasks of this party not yet worked in (the portfolio's "pending"). Any thread.
  bool pending(schemas::Relation relation, std::string_view party) const;
  bool any_pending() const;
  // At most kFlaggedDevicesMax; `overflow` when there were more. Any thread.
  std::vector<FlaggedDevice> flagged_devices(bool* overflow) const;

  struct Stats {
    uint64_t sst_bytes = 0;
    uint64_t live_files = 0;
    uint64_t memtable_bytes = 0;
    uint64_t stalled_micros = 0;
    uint64_t compaction_bytes_written = 0;
    uint64_t flush_bytes_written = 0;
    uint64_t ingested_bytes = 0;
    bool background_error = false;
    uint32_t symbols[4] = {0, 0, 0, 0};
    uint64_t pending_tasks = 0;
  };
  Stats stats() const;
  // A consistent copy while running.
  schemas::Result<void> checkpoint_to(const std::filesystem::path& directory) const;

  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit Shard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::store
