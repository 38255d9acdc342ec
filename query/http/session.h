// Session: one connection from its first byte to its close, as a coroutine on the connection's
// strand. Requests are answered in order, one at a time, so pipelining needs no more than the bytes
// left in the buffer. Never throws.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "query/http/connections.h"
#include "query/http/server.h"

namespace satindex::http {

// What all sessions of a server share.
struct ServerShared {
  ServerSettings settings;
  RequestHandler handler;
  HttpMetrics* metrics = nullptr;
  std::shared_ptr<boost::asio::ssl::context> tls;  // null: plain
  Connections connections;
  std::atomic<size_t> in_flight{0};

  ServerShared(ServerSettings s, RequestHandler h, HttpMetrics* m)
      : settings(std::move(s)),
        handler(std::move(h)),
        metrics(m),
        connections(settings.connections_max) {}
};

using SessionTask = boost::asio::awaitable<void, StrandExecutor>;

// Takes a connection that is already in shared->connections, and removes it when it ends.
SessionTask run_session(
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, StrandExecutor> socket,
    std::shared_ptr<Connection> connection, std::shared_ptr<ServerShared> shared);

}  // namespace satindex::http
