// CommitClock: tells whether what was read from one snapshot is also what another one holds, without asking RocksDB (whose
// sequence numbers do not tell: files ingested while no snapshot is open may take none of their own). What the caches of
// decoded ledgers and rows rest on. Thread-safe; one writer.
//
// Commits that change something in a table are numbered. A snapshot's moment is how many of them had been done before it was
// taken; it may hold some of the next besides. Each device falls into a stripe that remembers the last commit that changed
// one of its devices, from before the first byte of it can be seen. So a stripe that is not newer than a snapshot's moment
// tells that nothing of what the snapshot may hold besides is of that device; and what was read of a device from one
// snapshot is what another one holds when the stripe is not newer than the earlier of their moments.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "indexer/store/batch.h"

namespace satindex::store {

class CommitClock {
 public:
  explicit CommitClock(unsigned stripe_bits)
      : shift_(64 - stripe_bits), changed_(size_t{1} << stripe_bits) {}

  // The moment of a snapshot that is taken after this.
  uint64_t now() const { return done_.load(std::memory_order_acquire); }
  // Whether what was read of the device from a snapshot of the moment `read_at` is what one of `moment`, taken already, holds.
  bool holds(uint64_t device, uint64_t read_at, uint64_t moment) const {
    const uint64_t changed = changed_[stripe_of(device)].load(std::memory_order_acquire);
    return changed <= std::min(read_at, moment);
  }

  // Held by the writer from before the first byte of `batch` can be seen until after the last, also when that fails.
  // `device_of(key)`: optional<uint64_t>.
  class Change {
   public:
    template <class DeviceOf>
    Change(CommitClock& clock, const TableBatch& batch, const DeviceOf& device_of)
        : clock_(batch.empty() ? nullptr : &clock) {
      if (clock_ == nullptr) return;
      const uint64_t mine = clock_->done_.load(std::memory_order_relaxed) + 1;
      for (size_t i = 0; i < batch.size(); ++i) {
        if (const std::optional<uint64_t> device = device_of(batch.entry(i).key))
          clock_->changed_[clock_->stripe_of(*device)].store(mine, std::memory_order_release);
      }
    }
    ~Change() {
      if (clock_ != nullptr) clock_->done_.fetch_add(1, std::memory_order_release);
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    CommitClock* clock_;  // null: nothing changes
  };

 private:
  size_t stripe_of(uint64_t device) const { return (device * 0x9E3779B97F4A7C15ull) >> shift_; }

  const unsigned shift_;
  std::atomic<uint64_t> done_{0};
  std::vector<std::atomic<uint64_t>> changed_;  // by stripe: the number of the last commit
};

}  // namespace satindex::store
