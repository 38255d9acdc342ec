// Errors as RFC 9457 problem+json with stable types (urn:satindex:problem:…). The one table that
// maps a Status to HTTP is here. What leaves is a fixed text, or one that names a parameter: never
// a path, a stack or key material, so messages of inner failures stay inside. Pure.
#pragma once

#include <string>
#include <string_view>

#include "query/http/message.h"
#include "schemas/status.h"

namespace satindex::http {

enum class Problem : uint8_t {
  kInvalidParameter,
  kBadRequest,
  kUnauthorized,
  kForbidden,
  kNotFound,
  kMethodNotAllowed,
  kBodyNotAccepted,
  kTargetTooLong,
  kHeadersTooLarge,
  kTooManyRequests,
  kUnavailable,
  kOverloaded,
  kInternal,
  kVersionNotSupported,
};

// Fills *response; an empty detail takes the problem's own.
void write_problem(Problem problem, std::string_view detail, Response* response);

// Maps a Status of the layers below. kInvalid's message names the parameter and is passed on; 5xx
// messages are not.
void write_status(const schemas::Status& status, Response* response);

}  // namespace satindex::http
