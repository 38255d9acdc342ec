// MergeCount: which keys have been merged to many times of late, so that what lies in the memtable under one key stays short
// for its readers. RocksDB's own bound (max_successive_merges) looks every key up for every merge, which was a third of what
// a live commit cost (docs/decisions/0007); this one remembers. Approximate, of fixed size; the writer's thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace satindex::store {

class MergeCount {
 public:
  // Merges to one key before it is time to write it whole: so many pieces a reader joins.
  static constexpr uint32_t kMergesMax = 32;

  // Counts one more; true when it is time, which begins the count anew. A key that is seldom merged to may lose its count to
  // one that is often.
  bool due(std::string_view key);

 private:
  static constexpr size_t kSlots = 4096;
  struct Slot {
    uint32_t key = 0;  // a part of its hash
    uint32_t count = 0;
  };
  std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
};

}  // namespace satindex::store
