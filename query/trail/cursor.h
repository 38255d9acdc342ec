// What a cursor says and what it belongs to, before it is sealed (CONTRACT 3.4). A pure layer without cryptography: the
// HTTP room seals encode_position() under the cursor key, with cursor_binding() as the additional data, so that a cursor
// used with another query does not open. Values, thread-safe. A cursor grants nothing: every page is decided afresh.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "indexer/store/trail_row.h"
#include "query/trail/caller.h"
#include "query/trail/query.h"
#include "schemas/status.h"

namespace satindex::trail {

inline constexpr size_t kCursorPositionBytes = 26;

// Always kCursorPositionBytes: the length of a sealed cursor tells nothing.
std::string encode_position(const store::TrailPosition& position);
// kInvalid for everything that encode_position does not write.
schemas::Result<store::TrailPosition> decode_position(std::string_view bytes);

// The caller (party, user ids), route, device and filters in canonical bytes: equal for two queries exactly when a cursor
// of one may be used with the other. Lists count as sets. Not in it: limit, min_ownership, after, and what a fresh token
// may change (sub, role, channel).
std::string cursor_binding(const Caller& caller, const AuditTrailQuery& query);

}  // namespace satindex::trail
