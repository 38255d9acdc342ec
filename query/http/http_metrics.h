// Metrics of both listeners. Labels are route, status class, reason: never a device, a user or a
// party. Registered once; every call is thread-safe and cheap. The registry outlives it.
#pragma once

#include <memory>

#include "query/http/message.h"
#include "schemas/status.h"

namespace prometheus {
class Registry;
}

namespace satindex::http {

class HttpMetrics {
 public:
  explicit HttpMetrics(prometheus::Registry* registry);
  ~HttpMetrics();
  HttpMetrics(const HttpMetrics&) = delete;
  HttpMetrics& operator=(const HttpMetrics&) = delete;

  void request_started();
  // Once for each request_started: the whole answer has left or the connection is gone.
  void request_ended(RouteName route, int status, double seconds);
  // How long an answer was held back at its gate; not part of the request's time.
  void gate_waited(double seconds);
  void connection_opened();
  void connection_closed();

  enum class Refusal : uint8_t { kConnections, kRequests };
  void refused(Refusal why);
  enum class Timeout : uint8_t { kIdle, kHeader, kBody, kWrite, kHandshake };
  void timed_out(Timeout what);
  void download_aborted();
  void auth_failure(schemas::StatusCode code);
  void token_cache(bool hit);

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace satindex::http
