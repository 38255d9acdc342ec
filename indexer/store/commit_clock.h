// CommitClock: tells whether what was read from one snapshot is also what another one holds, without asking RocksDB (whose
// sequence numbers do not tell: files ingested while no snapshot is open may take none of their own). What the caches of
// decoded ledgers and rows rest on. Thread-safe; one writer.
//
// Commits that change something in a table are numbered. A snapshot has a moment: how many of them it holds, or none when
// one was under way while it was taken. Each device falls into a stripe that remembers the last commit that changed one of
// its devices. What was read of a device at one moment holds at another when the stripe has not changed since the earlier
// of the two.
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

  // Ask before and after a snapshot is taken.
  uint64_t now() const { return clock_.load(std::memory_order_acquire); }
  // The snapshot's moment; kNever when it cannot be told.
  static constexpr uint64_t kNever = 0;
  static uint64_t moment(uint64_t before, uint64_t after) {
    return before == after && before % 2 == 0 ? before : kNever;
  }
  // Whether what was read of the device at `read_at` is what a snapshot of that moment holds.
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
      const uint64_t now = clock_->clock_.load(std::memory_order_relaxed);
      clock_->clock_.store(now + 1, std::memory_order_seq_cst);
      for (size_t i = 0; i < batch.size(); ++i) {
        if (const std::optional<uint64_t> device = device_of(batch.entry(i).key))
          clock_->changed_[clock_->stripe_of(*device)].store(now + 2, std::memory_order_release);
      }
    }
    ~Change() {
      if (clock_ != nullptr) clock_->clock_.fetch_add(1, std::memory_order_release);
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    CommitClock* clock_;  // null: nothing changes
  };

 private:
  size_t stripe_of(uint64_t device) const { return (device * 0x9E3779B97F4A7C15ull) >> shift_; }

  const unsigned shift_;
  // Even: at rest; odd: a change is under way. Even values are moments.
  std::atomic<uint64_t> clock_{2};
  std::vector<std::atomic<uint64_t>> changed_;  // by stripe: the moment that first holds the change
};

}  // namespace satindex::store
