// How a SortedBatch becomes part of the index, atomically: by a WriteBatch with WAL (live) or by files that RocksDB takes
// over in one step across all tables (bulk). Internal to indexer/store; called by the one writer of the shard.
#pragma once

#include "indexer/store/batch.h"
#include "indexer/store/shard_impl.h"

namespace satindex::store {

schemas::Result<void> commit_live(Shard::Impl& shard, const SortedBatch& batch);
schemas::Result<void> commit_bulk(Shard::Impl& shard, const SortedBatch& batch);

}  // namespace satindex::store
