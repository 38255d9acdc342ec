// Router: from a request of the public listener to its answer. The order of the checks is part of
// the behaviour: target, route, method, readiness, credentials, parameters, and only then anything
// is read. Thread-safe; what it is given outlives it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "query/http/authenticator.h"
#include "query/http/message.h"
#include "query/http/static_content.h"
#include "query/http/trail_endpoints.h"

namespace satindex::http {

class Router {
 public:
  // `ready`: true once the index may answer (CONTRACT 4, Readiness); before, the audit-trail routes
  // are 503.
  Router(const TrailEndpoints* trail, Authenticator* authenticator, std::function<bool()> ready)
      : trail_(trail), authenticator_(authenticator), ready_(std::move(ready)) {}

  void answer(const Request& request, Response* response) const;

 private:
  std::shared_ptr<const trail::Caller> authenticate(const Request& request,
                                                    Response* response) const;

  const TrailEndpoints* const trail_;
  Authenticator* const authenticator_;
  const std::function<bool()> ready_;
  const StaticContent content_;
};

}  // namespace satindex::http
