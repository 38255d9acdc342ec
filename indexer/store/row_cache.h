// RowCache: the newest rows of a device, decoded, in the memory of the block cache: a device that is looked at is looked at
// again, and seeking and decoding are most of what a page costs. A hit is what the asker's snapshot holds, or no hit. The
// rows are all there are, other Users' too: what may be seen of them is decided for each page. Thread-safe.
#pragma once

#include <vector>

#include "indexer/store/commit_clock.h"
#include "indexer/store/device_cache.h"
#include "indexer/store/trail_row.h"

namespace satindex::store {

struct NewestRows {
  std::vector<TrailRow> rows;  // newest first; those of one time in no order, copies included
  int64_t from_ns = 0;         // no row of the device at or after this is missing
  bool full = false;           // those of the next time are too many
};

class RowCache {
 public:
  // What a page of the usual size walks through when its caller may see every tenth row: 50 KiB.
  static constexpr size_t kRowsMax = 512;

  explicit RowCache(std::shared_ptr<rocksdb::Cache> memory) : kept_(std::move(memory)) {}

  CommitClock& clock() { return clock_; }
  const CommitClock& clock() const { return clock_; }

  // nullptr: not known here; read them from the snapshot.
  std::shared_ptr<const NewestRows> find(uint64_t device, uint64_t moment) const {
    return kept_.find(clock_, device, moment,
                      [](const NewestRows& found) { __builtin_prefetch(found.rows.data()); });
  }
  // What the snapshot of that moment gave; their symbols are the shard's dictionary's. None at all is not kept: filters
  // answer for devices that do not exist.
  void keep(uint64_t device, uint64_t moment, NewestRows newest) {
    if (newest.rows.empty()) return;
    if (newest.rows.capacity() > newest.rows.size() + kRowsMax / 8) newest.rows.shrink_to_fit();
    const size_t bytes = sizeof(NewestRows) + newest.rows.capacity() * sizeof(TrailRow);
    kept_.keep(device, moment, std::make_shared<const NewestRows>(std::move(newest)), bytes);
  }

 private:
  // A device is written to more often than its ledger: so many stripes that few share one with a busy device.
  CommitClock clock_{16};
  DeviceCache<NewestRows> kept_;
};

}  // namespace satindex::store
