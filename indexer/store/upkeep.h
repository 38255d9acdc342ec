// Upkeep: what commits leave behind, done in bounded steps by the shard's writer between its commits: late ownership,
// oversize base values, retention. Internal to indexer/store; the writer's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "indexer/store/adoption.h"
#include "indexer/store/batch.h"
#include "indexer/store/shard_impl.h"

namespace satindex::store {

class Upkeep {
 public:
  explicit Upkeep(Shard& shard);
  ~Upkeep();

  // One step. *checkpoint is what is committed; its next_chunk is advanced and written with the step's changes. True while
  // more is waiting.
  schemas::Result<bool> step(int64_t now_wall_ns, Checkpoint* checkpoint);
  schemas::Result<void> settle();
  void settle_in_background();
  // The event's bucket has been dropped by retention: it must not come back.
  bool dropped(int64_t event_time_ns) const { return bucket_of(event_time_ns) < dropped_below_; }

 private:
  schemas::Result<bool> adopt(Checkpoint* checkpoint);
  schemas::Result<bool> reconcile(Checkpoint* checkpoint);
  schemas::Result<bool> recut(Checkpoint* checkpoint);
  schemas::Result<void> retire(int64_t now_wall_ns);

  Shard& owner_;
  Shard::Impl& shard_;
  SortedBatch batch_;
  uint16_t dropped_below_ = 0;
  std::unique_ptr<Adoption> adoption_;  // while one is under way
  std::thread settling_;
  std::atomic<bool> settling_busy_{false};
  std::atomic<bool> cancel_{false};
};

}  // namespace satindex::store
