// What a ShardView is made of. Internal to indexer/store: shared by the view and its cursors.
#pragma once

#include "indexer/store/reader.h"
#include "indexer/store/shard_impl.h"

namespace satindex::store {

struct ShardView::Impl {
  const Shard::Impl* shard = nullptr;
  std::shared_ptr<const Snapshots::Taken> taken;
};

}  // namespace satindex::store
