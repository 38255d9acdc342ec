// What an open shard is made of. Internal to indexer/store: shared by shard.cc, the writer and the reader.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "indexer/store/ledger_cache.h"
#include "indexer/store/merge_count.h"
#include "indexer/store/row_cache.h"
#include "indexer/store/shard.h"
#include "indexer/store/snapshots.h"
#include "indexer/store/stall_count.h"
#include "indexer/store/symbols.h"
#include "indexer/store/tables.h"

namespace satindex::store {

inline constexpr uint32_t kFormatVersion = 1;

struct StoreResources::Impl {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  rocksdb::Env* env = nullptr;
};

// Which time buckets of each trail table hold anything, newest first. Thread-safe; readers copy.
class BucketList {
 public:
  void add(Table table, uint16_t bucket);
  void remove_below(uint16_t bucket);
  std::vector<uint16_t> of(Table table) const;

 private:
  mutable std::mutex mutex_;
  std::array<std::set<uint16_t, std::greater<>>, kTables> buckets_;
};

class ErrorWatch;

struct Shard::Impl {
  Dictionary dictionary;
  ShardOptions options;
  std::shared_ptr<StoreResources> resources;
  OversizeQueue oversize;
  std::shared_ptr<ErrorWatch> errors;
  std::shared_ptr<StallCount> stalls;
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kTables> handles{};
  BucketList buckets;
  Snapshots snapshots;
  std::unique_ptr<LedgerCache> ledger_cache;
  std::unique_ptr<RowCache> row_cache;
  std::array<MergeCount, kTables> merges;  // writer only
  std::string identity;
  std::atomic<uint8_t> placed{kPartitionerAll};  // as in `committed`, for readers of every page
  std::atomic<bool> adopting{false};  // back-filled shards are not yet taken into account
  mutable std::mutex mutex;           // guards all below
  Checkpoint committed;
  std::unordered_map<uint64_t, uint64_t> pending;  // party entity -> tasks not yet worked in
  std::map<uint64_t, uint8_t> flagged;             // device -> DeviceFlag bits
  bool flagged_overflow = false;

  ~Impl();
  rocksdb::ColumnFamilyHandle* cf(Table t) const { return handles[index_of(t)]; }
  rocksdb::ReadOptions read_options(const rocksdb::Snapshot* snapshot) const;
};

// Keys of the meta table. On disk: never change.
inline constexpr std::string_view kFormatKey = "F";
inline constexpr std::string_view kCheckpointKey = "C";
inline constexpr std::string_view kIdentityKey = "I";
std::string symbol_key(SymbolClass cls, SymbolCode code);  // "S" class code:4
std::string task_key(uint32_t seq);                        // "T" seq:4
std::string flag_key(uint64_t device);                     // "D" device:8, value: DeviceFlag bits
inline constexpr std::string_view kFlagOverflowKey = "D";
enum DeviceFlag : uint8_t { kFlagUnreadable = 1, kFlagMisplaced = 2 };

schemas::Status to_status(const rocksdb::Status& s);

}  // namespace satindex::store
