#include "indexer/store/merge_count.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace satindex::store {

bool MergeCount::due(std::string_view key) {
  const uint64_t hash = XXH3_64bits(key.data(), key.size());
  Slot& slot = slots_[hash % kSlots];
  const auto tag = static_cast<uint32_t>(hash >> 32);
  if (slot.key != tag) {
    // Held by another: whoever comes more often wins.
    if (slot.count > 0) {
      --slot.count;
      return false;
    }
    slot.key = tag;
  }
  if (++slot.count < kMergesMax) return false;
  slot.count = 0;
  return true;
}

}  // namespace satindex::store
