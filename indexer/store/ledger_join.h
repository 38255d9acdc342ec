// LedgerJoin over a shard: who holds each device of a batch. Ledgers changed by the batch itself come first, the rest from
// the store: single look-ups for a few devices, one ordered walk for many. Internal to indexer/store; the writer's thread.
#pragma once

#include <map>

#include "indexer/store/shard_impl.h"
#include "indexer/store/trail_builder.h"

namespace satindex::store {

using ChangedLedgers = std::map<uint64_t, DeviceLedger>;  // by device

schemas::Result<void> join_ledgers(const Shard::Impl& shard, const ChangedLedgers& changed,
                                   std::span<const uint64_t> devices,
                                   const std::function<void(uint32_t, const Holding&)>& sink);

// The ledger of one device in a snapshot, or as committed.
schemas::Result<DeviceLedger> load_ledger(const Shard::Impl& shard, uint64_t device,
                                          const rocksdb::Snapshot* snapshot = nullptr);

// The same by way of the cache. `moment`: of the snapshot; without one, of the writer between its commits.
schemas::Result<KnownLedger> known_ledger(const Shard::Impl& shard, uint64_t device,
                                          uint64_t moment, const rocksdb::Snapshot* snapshot);

// The ledgers of many devices, in order.
schemas::Result<std::vector<DeviceLedger>> load_ledgers(const Shard::Impl& shard,
                                                        std::span<const schemas::DeviceId> devices,
                                                        const rocksdb::Snapshot* snapshot);

}  // namespace satindex::store
