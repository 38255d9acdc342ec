// Server: one listener speaking HTTP/1.1, plain or TLS, on Asio coroutines: a strand a connection,
// any number of threads over one io_context. It brings what Beast leaves to us: bounds on target,
// fields, connections and requests in flight, time-outs for handshake, idle, head, body, write and
// the whole request, and an orderly stop. Handlers run on the server's threads and may block for
// the length of one page's work; a listener that must answer whatever happens gets a Server of its
// own. Owned by app; handler and metrics outlive it. Fails only at start.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "query/http/http_metrics.h"
#include "query/http/message.h"
#include "query/http/tls.h"
#include "schemas/status.h"

namespace satindex::http {

struct ServerSettings {
  std::string listen = "127.0.0.1:0";  // host:port, [v6]:port; an empty host is every address
  int threads = 2;
  std::string thread_name = "http";
  size_t connections_max = 4096;
  // Queued behind the threads; beyond it a 503 now is kinder than an answer after the client has
  // given up.
  size_t requests_in_flight_max = 512;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds body_timeout{10'000};
  std::chrono::milliseconds write_timeout{30'000};  // one answer, or one part of a streamed one
  std::chrono::milliseconds request_timeout{
      60'000};  // from the whole head to the whole answer, streams apart
  std::chrono::milliseconds stream_timeout{3'600'000};
  std::optional<TlsSettings> tls;
};

class Server {
 public:
  // Listens when it returns. kConfig when the address or the TLS files cannot be used.
  static schemas::Result<std::unique_ptr<Server>> start(ServerSettings settings,
                                                        RequestHandler handler,
                                                        HttpMetrics* metrics);
  ~Server();  // stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;  // the bound one
  size_t connections() const;
  // Stops accepting, closes idle connections, lets what is in flight finish until the deadline,
  // then closes the rest and joins the threads. Again: nothing.
  void stop(std::chrono::milliseconds deadline);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::http
