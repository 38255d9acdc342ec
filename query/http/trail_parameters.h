// The parameters of the audit-trail routes (CONTRACT 3.3), read to the letter: unknown, repeated,
// empty or malformed is kInvalid, and the message begins with the parameter's name. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query/http/format.h"
#include "query/http/target.h"
#include "query/trail/query.h"
#include "schemas/status.h"

namespace satindex::http {

struct TrailRequest {
  trail::AuditTrailQuery
      query;  // `after` is not set: the cursor is opened against the finished query
  std::optional<std::string> cursor;
  Format format = Format::kJson;
};

// `device`: the path segment of the device route, nullopt on /v1/audit-trail, where `scope` says
// which trail.
schemas::Result<TrailRequest> read_trail_request(const std::optional<std::string>& device,
                                                 const std::vector<Parameter>& parameters,
                                                 std::string_view accept);

}  // namespace satindex::http
