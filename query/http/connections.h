// Connections: which connections are open, so that a stop can close the idle ones at once and the
// rest at its deadline. Thread-safe; a connection's own state is only touched on its strand.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace satindex::http {

using StrandExecutor = boost::asio::strand<boost::asio::io_context::executor_type>;
using TcpStream = boost::beast::basic_stream<boost::asio::ip::tcp, StrandExecutor>;

struct Connection {
  explicit Connection(StrandExecutor e) : executor(std::move(e)) {}
  const StrandExecutor executor;
  // No further request is taken. Set from outside, so that an answer being made on the strand already says so.
  std::atomic<bool> draining{false};
  // Below: on the strand only.
  TcpStream* stream = nullptr;  // null once the session has ended
  bool busy = false;            // a request has begun and its answer has not wholly left
};

class Connections {
 public:
  explicit Connections(size_t max) : max_(max) {}
  // False when the bound is reached or the server is stopping.
  bool add(const std::shared_ptr<Connection>& connection);
  void remove(const std::shared_ptr<Connection>& connection);
  size_t size() const;

  // No further ones; idle ones are closed.
  void drain();
  void close_all();
  // True when none is left before the deadline.
  bool wait_empty(std::chrono::steady_clock::time_point deadline);

 private:
  void close_each(bool busy_too);

  const size_t max_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::unordered_set<std::shared_ptr<Connection>> open_;
  bool draining_ = false;
};

}  // namespace satindex::http
