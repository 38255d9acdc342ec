// Authenticator: the seam between a request's credentials and a Caller. Implementations are
// thread-safe and outlive the endpoints. A verified Caller is shared and immutable.
#pragma once

#include <memory>
#include <string_view>

#include "query/trail/caller.h"
#include "schemas/status.h"

namespace satindex::http {

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // `authorization`: the value of the one Authorization header, empty when there is none.
  // kUnauthorized when it proves nothing, kForbidden when it proves a caller without a scope of
  // ours, kUnavailable when it cannot be checked now. The message is a fixed text that quotes
  // neither the token nor a key.
  virtual schemas::Result<std::shared_ptr<const trail::Caller>> authenticate(
      std::string_view authorization) = 0;
};

}  // namespace satindex::http
