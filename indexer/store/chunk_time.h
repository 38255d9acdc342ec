// How chunks write times: in the largest unit that loses nothing, the newest relative to the bucket, the rest as deltas.
// Shared by both chunk codecs so that they cannot drift apart.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "indexer/store/bits.h"
#include "indexer/store/keys.h"

namespace satindex::store {

struct TimeUnit {
  int64_t ns;
  uint32_t first_bits;  // enough for one bucket, rounded out by the unit
};
inline constexpr std::array<TimeUnit, 4> kTimeUnits = {
    {{1, 51}, {1000, 42}, {1'000'000, 32}, {1'000'000'000, 22}}};

// Whole units in ns. The divisors are constants on purpose: a division by a variable takes as long
// as the rest of a row.
inline int64_t in_units(int64_t ns, uint32_t unit) {
  switch (unit) {
    case 0:
      return ns;
    case 1:
      return ns / kTimeUnits[1].ns;
    case 2:
      return ns / kTimeUnits[2].ns;
    default:
      return ns / kTimeUnits[3].ns;
  }
}

// Index of the largest unit that divides every time.
template <class Rows>
uint32_t common_unit(const Rows& rows) {
  uint32_t unit = 3;
  for (const auto& r : rows) {
    while (in_units(r.time_ns, unit) * kTimeUnits[unit].ns != r.time_ns) --unit;
    if (unit == 0) break;
  }
  return unit;
}

// Rice parameter near the best for values of this sum and count.
inline uint32_t rice_parameter(uint64_t sum, uint64_t count) {
  const uint64_t mean = count == 0 ? 0 : sum / count;
  const uint32_t k = mean == 0 ? 0 : 63 - std::countl_zero(mean);
  return k > 50 ? 50 : k;
}

inline void put_first_time(int64_t time_ns, uint16_t bucket, uint32_t unit, BitWriter* w) {
  w->put(static_cast<uint64_t>(in_units(time_ns, unit) - in_units(bucket_start(bucket), unit)),
         kTimeUnits[unit].first_bits);
}

inline int64_t get_first_time(uint16_t bucket, uint32_t unit, BitReader* r) {
  // A bucket number from a damaged key can be past the end of time: wrap, never overflow.
  const uint64_t t = static_cast<uint64_t>(in_units(bucket_start(bucket), unit)) +
                     r->get(kTimeUnits[unit].first_bits);
  return static_cast<int64_t>(t * static_cast<uint64_t>(kTimeUnits[unit].ns));
}

}  // namespace satindex::store
