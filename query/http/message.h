// What passes between the server and what answers: a request as views into the connection's buffer
// (valid until the answer is returned) and an answer as bytes. Values of one thread at a time; the
// server reuses one Response a connection, so that a page is written into a buffer that already has
// its size.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/status.h"

namespace satindex::http {

// Names for metrics: never a device, user or party.
enum class RouteName : uint8_t { kDevice, kOwned, kOwn, kVariants, kOpenapi, kScreen, kOps, kNone };
inline constexpr size_t kRouteNames = 8;
std::string_view route_label(RouteName route);

struct Request {
  std::string_view method;
  std::string_view target;
  std::string_view authorization;  // empty: none
  bool authorization_repeated = false;
  std::string_view accept;  // empty: none
};

struct Response;

// Appends the next part of a streamed body; false at its end. An error aborts the body: the
// connection is closed in a way that the client can tell from an end.
using BodySource = std::function<schemas::Result<bool>(std::string* out)>;

// Holds an answer back until something is durable (its access record): no server thread waits for it.
struct Gate {
  // Called once. Calls what it is given once, from any thread, with whether the answer may leave.
  std::function<void(std::function<void(bool)>)> wait;
  // When it may not: makes the other answer to the same request.
  std::function<void(Response*)> instead;
};

struct Response {
  int status = 200;
  RouteName route = RouteName::kNone;
  std::string_view content_type;  // of static storage
  std::string headers;            // further whole lines, each ending in CRLF
  std::string body;
  std::string_view fixed_body;  // used when `body` is empty: bytes that outlive the server
  BodySource more;              // when set, `body` is the first part of a streamed body
  std::optional<Gate> gate;     // not for streamed bodies

  // Ready for another answer; keeps the buffers unless they have grown out of proportion.
  void reset();
};

using RequestHandler = std::function<void(const Request&, Response*)>;

std::string_view reason_phrase(int status);

}  // namespace satindex::http
