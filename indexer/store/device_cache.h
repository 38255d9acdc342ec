// DeviceCache: things decoded from the trails or ledgers of one shard, by device, in the memory of the block cache. Each
// is kept with the moment it was read at, and found only where a CommitClock says that it holds. Thread-safe.
#pragma once

#include <rocksdb/cache.h>

#include <array>
#include <cstring>
#include <memory>

#include "indexer/store/commit_clock.h"

namespace satindex::store {

template <class Thing>
class DeviceCache {
 public:
  using Known = std::shared_ptr<const Thing>;

  explicit DeviceCache(std::shared_ptr<rocksdb::Cache> memory)
      : memory_(std::move(memory)), id_(memory_->NewId()) {}

  // nullptr: not here, or not what a snapshot of that moment holds. `meanwhile(thing)` is called for a hit.
  template <class Meanwhile>
  Known find(const CommitClock& clock, uint64_t device, uint64_t moment,
             const Meanwhile& meanwhile) const {
    const std::array<char, 17> key = key_of(device);
    rocksdb::Cache::Handle* handle = memory_->Lookup({key.data(), key.size()});
    if (handle == nullptr) return nullptr;
    const Kept* kept = static_cast<const Kept*>(memory_->Value(handle));
    Known found;
    if (clock.holds(device, kept->moment, moment)) {
      found = kept->thing;
      meanwhile(*found);
    }
    memory_->Release(handle);
    return found;
  }

  // What the snapshot of that moment gave; `bytes`: of the thing and all it owns.
  void keep(uint64_t device, uint64_t moment, Known thing, size_t bytes) const {
    const std::array<char, 17> key = key_of(device);
    auto kept = std::make_unique<Kept>(Kept{moment, std::move(thing)});
    const auto drop = [](const rocksdb::Slice&, void* value) { delete static_cast<Kept*>(value); };
    // Without a handle to give back it takes the value in any case; what does not fit is dropped at once.
    (void)memory_->Insert({key.data(), key.size()}, kept.release(), sizeof(Kept) + bytes, drop);
  }

 private:
  struct Kept {
    uint64_t moment;
    Known thing;
  };
  // Keys of blocks are of another length, and the id is this cache's alone.
  std::array<char, 17> key_of(uint64_t device) const {
    std::array<char, 17> key;
    std::memcpy(key.data(), &id_, 8);
    std::memcpy(key.data() + 8, &device, 8);
    key[16] = 'D';
    return key;
  }

  const std::shared_ptr<rocksdb::Cache> memory_;
  const uint64_t id_;
};

}  // namespace satindex::store
