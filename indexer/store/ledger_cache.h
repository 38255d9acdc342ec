// LedgerCache: decoded ledgers of one shard, kept in the memory of the block cache, so that the page of a device asked for
// again does not read and decode what its last one did. A hit is exactly what the asker's snapshot holds, or no hit: the
// rules decide on it (INV-5). Thread-safe. See docs/decisions/0008.
#pragma once

#include "indexer/store/commit_clock.h"
#include "indexer/store/device_cache.h"
#include "indexer/store/ledger.h"

namespace satindex::store {

class LedgerCache {
 public:
  explicit LedgerCache(std::shared_ptr<rocksdb::Cache> memory) : kept_(std::move(memory)) {}

  CommitClock& clock() { return clock_; }
  const CommitClock& clock() const { return clock_; }

  // nullptr: not known here; read it from the snapshot.
  KnownLedger find(uint64_t device, uint64_t moment) const;
  // What the snapshot of that moment gave. Large and empty ledgers are not kept: filters answer for the empty ones.
  void keep(uint64_t device, uint64_t moment, KnownLedger ledger);

 private:
  CommitClock clock_{12};
  DeviceCache<DeviceLedger> kept_;
};

}  // namespace satindex::store
