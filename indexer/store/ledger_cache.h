// LedgerCache: decoded ledgers of one shard, kept in the memory of the block cache, so that the page of a device asked for
// again does not read and decode what its last one did. A hit is exactly what the asker's snapshot holds, or no hit: the
// rules decide on it (INV-5). Thread-safe; one writer.
//
// How that is known without asking RocksDB: commits that change ledgers are numbered. A snapshot has a moment: how many of
// them it holds, or none when one was under way while it was taken. Each device falls into a stripe that remembers the last
// commit that changed one of its devices. A ledger read at one moment holds at another when the stripe has not changed
// since the earlier of the two.
#pragma once

#include <rocksdb/cache.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "indexer/store/batch.h"
#include "indexer/store/ledger.h"

namespace satindex::store {

class LedgerCache {
 public:
  explicit LedgerCache(std::shared_ptr<rocksdb::Cache> memory);

  // Ask before and after a snapshot is taken.
  uint64_t clock() const { return clock_.load(std::memory_order_acquire); }
  // The snapshot's moment; kNever when it cannot be told.
  static constexpr uint64_t kNever = 0;
  static uint64_t moment(uint64_t before, uint64_t after) {
    return before == after && before % 2 == 0 ? before : kNever;
  }

  // nullptr: not known here; read it from the snapshot.
  KnownLedger find(uint64_t device, uint64_t moment) const;
  // What the snapshot of that moment gave. Large and empty ledgers are not kept: filters answer for the empty ones.
  void keep(uint64_t device, uint64_t moment, KnownLedger ledger);

  // Held by the writer from before the first byte of `ledgers` can be seen until after the last, also when that fails.
  class Change {
   public:
    Change(LedgerCache& cache, const TableBatch& ledgers);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    LedgerCache* cache_;  // null: nothing changes
  };

 private:
  static constexpr size_t kStripes = 4096;
  static size_t stripe_of(uint64_t device);

  struct Kept;
  std::array<char, 17> key_of(uint64_t device) const;

  const std::shared_ptr<rocksdb::Cache> memory_;
  const uint64_t shard_id_;
  // Even: at rest; odd: a change is under way. Even values are moments.
  std::atomic<uint64_t> clock_{2};
  std::array<std::atomic<uint64_t>, kStripes> changed_{};  // the moment that first holds it
};

}  // namespace satindex::store
