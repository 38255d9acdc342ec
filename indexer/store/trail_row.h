// One row of a trail as readers see it, and the total order of rows. A value; the symbols it points at belong to the
// shard's Dictionary or, when the dictionary was full, to the arena of the cursor that read it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "indexer/store/symbols.h"
#include "schemas/ids.h"

namespace satindex::store {

// Place of a row in the order: time descending, then device ascending (none first), then hash ascending. It follows from
// the event alone, so every replica and every partition agrees (CONTRACT 3.4).
struct TrailPosition {
  int64_t time_ns = 0;
  bool has_device = false;
  uint64_t device = 0;
  uint64_t hash = 0;

  // Less: comes earlier in the answer (newer).
  std::strong_ordering operator<=>(const TrailPosition& o) const {
    if (auto c = o.time_ns <=> time_ns; c != 0) return c;
    if (auto c = has_device <=> o.has_device; c != 0) return c;
    if (auto c = device <=> o.device; c != 0) return c;
    return hash <=> o.hash;
  }
  bool operator==(const TrailPosition& o) const = default;
};

struct TrailRow {
  int64_t time_ns = 0;
  uint8_t decimals = 0;
  bool has_fingerprint = false;
  uint16_t fingerprint = 0;  // of the eventId
  std::optional<schemas::DeviceId> device;
  std::optional<schemas::RequestId> request;
  const Symbol* user = nullptr;          // never null
  const Symbol* service = nullptr;       // never null (fields inside may be absent)
  const Symbol* device_attrs = nullptr;  // never null
  const Symbol* outcome = nullptr;       // never null

  // Hash of everything that makes two records one event, the precision of the time left out.
  uint64_t identity_hash() const;
  // True when the two are one event (CONTRACT 1.3). Compares contents, so rows of different shards compare too.
  bool same_event(const TrailRow& o) const;
  TrailPosition position() const {
    return {time_ns, device.has_value(), device ? device->eui.value : 0, identity_hash()};
  }
};

struct TimeWindow {
  int64_t from_ns = 0;        // inclusive
  int64_t to_ns = INT64_MAX;  // exclusive
  bool empty() const { return from_ns >= to_ns; }
  bool contains(int64_t t) const { return t >= from_ns && t < to_ns; }
};

}  // namespace satindex::store
