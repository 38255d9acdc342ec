#include "query/http/router.h"

#include "query/http/problem.h"
#include "query/http/target.h"

namespace satindex::http {
namespace {

RouteName find_route(const Target& target) {
  const auto& s = target.segments;
  if (s.size() == 1 && s[0].empty()) return RouteName::kScreen;
  if (s.size() == 1 && s[0] == "openapi.yaml") return RouteName::kOpenapi;
  if (s.size() == 2 && s[0] == "v1" && s[1] == "service-request-variants")
    return RouteName::kVariants;
  if (s.size() == 2 && s[0] == "v1" && s[1] == "audit-trail")
    return RouteName::kOwn;  // scope says which of two
  if (s.size() == 4 && s[0] == "v1" && s[1] == "devices" && s[3] == "audit-trail")
    return RouteName::kDevice;
  return RouteName::kNone;
}

bool is_trail(RouteName route) { return route == RouteName::kDevice || route == RouteName::kOwn; }

// RFC 6750, 3: without credentials only the scheme, else why. The reason is one of our fixed texts,
// without quotes in it.
std::string challenge(const schemas::Status& status, bool had_credentials) {
  std::string out = "WWW-Authenticate: Bearer realm=\"satindex\"";
  if (status.code == schemas::StatusCode::kForbidden) {
    out += ", error=\"insufficient_scope\", scope=\"sat:screen sat:report\"";
  } else if (had_credentials) {
    out += ", error=\"invalid_token\", error_description=\"" + status.message + '"';
  }
  return out + "\r\n";
}

}  // namespace

std::shared_ptr<const trail::Caller> Router::authenticate(const Request& request,
                                                          Response* response) const {
  auto caller = request.authorization_repeated
                    ? schemas::Result<std::shared_ptr<const trail::Caller>>(schemas::Status{
                          schemas::StatusCode::kUnauthorized, "more than one Authorization header"})
                    : authenticator_->authenticate(request.authorization);
  if (caller) return *caller;
  const schemas::StatusCode code = caller.error().code;
  if (code == schemas::StatusCode::kUnauthorized || code == schemas::StatusCode::kForbidden) {
    response->headers += challenge(caller.error(), !request.authorization.empty());
  }
  write_status(caller.error(), response);
  return nullptr;
}

void Router::answer(const Request& request, Response* response) const {
  const auto target = parse_target(request.target);
  if (!target) return write_status(target.error(), response);
  const RouteName route = find_route(*target);
  if (route == RouteName::kNone) return write_problem(Problem::kNotFound, {}, response);
  response->route = route;
  if (request.method != "GET") return write_problem(Problem::kMethodNotAllowed, {}, response);
  if (route == RouteName::kScreen) return content_.screen(response);
  if (route == RouteName::kOpenapi) return content_.openapi(response);
  if (is_trail(route) && !ready_()) {
    return write_problem(Problem::kUnavailable, "The index is not ready yet.", response);
  }
  const auto caller = authenticate(request, response);
  if (!caller) return;
  if (route == RouteName::kVariants) {
    if (target->parameters.empty()) return content_.variants(response);
    const std::string name = quotable(target->parameters.front().name);
    return write_status(schemas::invalid(name + ": not a parameter of this route"), response);
  }
  const auto device =
      route == RouteName::kDevice ? std::optional(target->segments[2]) : std::nullopt;
  trail_->answer(caller, device, *target, request.accept, response);
}

}  // namespace satindex::http
