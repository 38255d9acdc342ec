// The tables of a shard (RocksDB column families) and how each is tuned. Internal to indexer/store.
#pragma once

#include <rocksdb/merge_operator.h>
#include <rocksdb/options.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/chunk_value.h"

namespace satindex::store {

enum class Table : uint8_t {
  kMeta = 0,    // format, checkpoint, symbols, reconciliation tasks
  kDevice = 1,  // row chunks by device
  kLoose = 2,   // row chunks of events without a device, by User
  kOwn = 3,     // references by User
  kOwner = 4,   // references by (relation, party)
  kLedger = 5,  // DeviceLedger by device
};
inline constexpr size_t kTables = 6;
// On disk: never rename.
inline constexpr std::array<const char*, kTables> kTableNames = {"default", "device", "loose",
                                                                 "own",     "owner",  "ledger"};
inline constexpr std::array<Table, 4> kTrailTables = {Table::kDevice, Table::kLoose, Table::kOwn,
                                                      Table::kOwner};

inline constexpr size_t index_of(Table t) { return static_cast<size_t>(t); }
inline constexpr ChunkKind kind_of(Table t) {
  return t == Table::kDevice  ? ChunkKind::kDeviceRows
         : t == Table::kLoose ? ChunkKind::kLooseRows
                              : ChunkKind::kRefs;
}

inline rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

// Base keys whose value has outgrown a page: the merge finds them, the writer cuts them up (writer.h work_step).
// Bounded: what does not fit is found again by the next merge. Thread-safe.
class OversizeQueue {
 public:
  void push(Table table, std::string_view key);
  struct Item {
    Table table;
    std::string key;
  };
  bool pop(Item* item);
  bool empty() const;

 private:
  static constexpr size_t kItemsMax = 4096;
  mutable std::mutex mutex_;
  std::vector<Item> items_;
};

// A base value above this is cut into chunk keys: a page should not have to read more.
inline constexpr size_t kBaseValueBytesMax = 16 * 1024;

// While one lives, merges on this thread only join values: a reader wants its page, not a better layout.
class ReadScope {
 public:
  ReadScope();
  ~ReadScope();
  ReadScope(const ReadScope&) = delete;
  ReadScope& operator=(const ReadScope&) = delete;

 private:
  bool outer_;
};

rocksdb::ColumnFamilyOptions table_options(Table table,
                                           const std::shared_ptr<rocksdb::Cache>& cache,
                                           OversizeQueue* oversize);

}  // namespace satindex::store
