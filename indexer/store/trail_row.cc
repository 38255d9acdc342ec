#include "indexer/store/trail_row.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace satindex::store {

uint64_t TrailRow::identity_hash() const {
  // On the wire inside cursors and the order of equal times: the same on every replica, so never change its input.
  const uint64_t words[12] = {
      static_cast<uint64_t>(time_ns),
      device ? device->eui.value : 0,
      request ? request->originator.value : 0,
      request ? request->target.value : 0,
      request ? request->counter : 0,
      user->hash,
      service->hash,
      device_attrs->hash,
      outcome->hash,
      static_cast<uint64_t>(fingerprint),
      (has_fingerprint ? 1u : 0u) | (device ? 2u : 0u) | (request ? 4u : 0u),
      0x736174696E646578ULL,
  };
  return XXH3_64bits(words, sizeof words);
}

bool TrailRow::same_event(const TrailRow& o) const {
  const auto same = [](const Symbol* a, const Symbol* b) {
    return a == b || (a->hash == b->hash && a->bytes == b->bytes);
  };
  return time_ns == o.time_ns && has_fingerprint == o.has_fingerprint &&
         fingerprint == o.fingerprint && device == o.device && request == o.request &&
         same(user, o.user) && same(service, o.service) && same(device_attrs, o.device_attrs) &&
         same(outcome, o.outcome);
}

}  // namespace satindex::store
