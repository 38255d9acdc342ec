// Claims of a token as CONTRACT 3.1 wants them: read strictly from the payload, nothing defaulted.
// Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "query/trail/caller.h"
#include "schemas/status.h"

namespace satindex::http {

struct ClaimRules {
  std::string issuer;
  std::string audience;
  int64_t leeway_s = 30;  // for clocks that differ, 0..60; applied to exp and nbf
};

struct Claims {
  trail::Caller caller;
  bool has_scope = false;  // sat:screen or sat:report; the caller's channel says which
  int64_t not_before_s = INT64_MIN;
  int64_t expires_s = 0;  // both with the leeway already applied
};

// kUnauthorized with a fixed text when a claim is missing or malformed, or issuer or audience are
// others. Times are read, not judged.
schemas::Result<Claims> read_claims(std::string_view payload, const ClaimRules& rules);

}  // namespace satindex::http
