// Keys of the trail tables. On disk: never change without a new format version (INV-7: every key round-trips and sorts as
// its tuple).
//
//   base key      [~bucket:2][entity:8]                          small chunks of the entity in the bucket, merged
//   chunk key     [~bucket:2][entity:8][~coarse newest:3][seq:4]  one full chunk
//
// All big-endian. A bucket is 2^51 ns (26.06 days) of event time; newer buckets and newer chunks sort first. Coarse time is
// the 24 high bits of the 51 (134 ms). Bucket first, because retention drops whole buckets and because a log in time order
// then writes into few key ranges, so that old files are not rewritten. The entity is the device, the User or the key of
// (relation, party).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/sat_event.h"

namespace satindex::store {

inline constexpr uint32_t kBucketBits = 51;
inline constexpr uint32_t kCoarseShift = kBucketBits - 24;
// Full chunks never cross a boundary of 2^45 ns (9.8 h), so that a page deep in a trail starts near its place.
inline constexpr uint32_t kSubBucketBits = 45;
inline constexpr size_t kEntityPrefixBytes = 10;
inline constexpr size_t kChunkKeyBytes = 17;

inline uint16_t bucket_of(int64_t time_ns) { return static_cast<uint16_t>(time_ns >> kBucketBits); }
inline int64_t bucket_start(uint16_t bucket) { return static_cast<int64_t>(bucket) << kBucketBits; }

struct TrailKey {
  uint16_t bucket = 0;
  uint64_t entity = 0;
  bool base = true;
  uint32_t coarse = 0;  // 24 bits; chunk keys only
  uint32_t seq = 0;     // chunk keys only

  // Latest time a row of this chunk may have.
  int64_t newest_bound() const {
    return bucket_start(bucket) + ((static_cast<int64_t>(coarse) + 1) << kCoarseShift) - 1;
  }
  static uint32_t coarse_of(int64_t time_ns) {
    return static_cast<uint32_t>((time_ns & ((int64_t{1} << kBucketBits) - 1)) >> kCoarseShift);
  }
  static std::optional<TrailKey> parse(std::string_view bytes);
};

class KeyBytes {
 public:
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  friend KeyBytes encode_key(const TrailKey& key);
  std::array<char, kChunkKeyBytes> bytes_{};
  size_t size_ = 0;
};
KeyBytes encode_key(const TrailKey& key);

// Entity of a party's owner trail: XXH3 of relation and party. Two parties that collide share candidates, nothing more: the
// policy decides each row when it is read.
uint64_t party_entity(schemas::Relation relation, std::string_view party);

// Key of the ledger table: the device, big-endian.
std::string_view ledger_key(schemas::DeviceId device, std::array<char, 8>* bytes);
std::optional<schemas::DeviceId> parse_ledger_key(std::string_view bytes);

}  // namespace satindex::store
