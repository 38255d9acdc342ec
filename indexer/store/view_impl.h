// What a ShardView is made of. Internal to indexer/store: shared by the view and its cursors.
#pragma once

#include "indexer/store/commit_clock.h"
#include "indexer/store/reader.h"
#include "indexer/store/shard_impl.h"

namespace satindex::store {

struct ShardView::Impl {
  const Shard::Impl* shard = nullptr;
  const rocksdb::Snapshot* snapshot = nullptr;
  // Of the snapshot, among the commits that change ledgers and among those that change rows of devices.
  uint64_t moment = 0;
  uint64_t row_moment = 0;
};

}  // namespace satindex::store
