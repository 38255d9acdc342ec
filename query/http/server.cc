#include "query/http/server.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <vector>

#include "query/http/problem.h"
#include "query/http/response_head.h"
#include "query/http/session.h"
#include "schemas/thread_class.h"

namespace satindex::http {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using tcp = net::ip::tcp;
using Socket = net::basic_stream_socket<tcp, StrandExecutor>;

// Between two tries when no connection can be accepted (no file descriptor left, for instance).
constexpr std::chrono::milliseconds kAcceptPause{50};

struct HostPort {
  std::string host;
  std::string port;
};

std::optional<HostPort> split_host_port(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon + 1 == listen.size() || listen.size() - colon > 6)
    return std::nullopt;
  HostPort out{listen.substr(0, colon), listen.substr(colon + 1)};
  if (out.port.find_first_not_of("0123456789") != std::string::npos || std::stoi(out.port) > 65535)
    return std::nullopt;
  if (out.host.size() >= 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return std::nullopt;  // a v6 address needs its brackets
  }
  return out;
}

schemas::Result<void> open_acceptor(net::io_context* io, const std::string& listen,
                                    tcp::acceptor* acceptor) {
  const auto where = split_host_port(listen);
  if (!where) return schemas::config_error("listen address: not host:port");
  error_code ec;
  tcp::resolver resolver(*io);
  const auto flags = tcp::resolver::passive | tcp::resolver::numeric_service;
  const auto found = resolver.resolve(where->host, where->port, flags, ec);
  if (ec || found.empty())
    return schemas::config_error("listen address: the host is not known here");
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor->open(endpoint.protocol(), ec);
  if (!ec) acceptor->set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(net::socket_base::max_listen_connections, ec);
  if (ec)
    return schemas::config_error("listen address: cannot listen there (" + ec.message() + ")");
  return {};
}

// One try without waiting: a refusal must not itself become work.
void turn_away(Socket socket, const ServerShared& shared) {
  if (shared.metrics != nullptr) shared.metrics->refused(HttpMetrics::Refusal::kConnections);
  error_code ignored;
  if (!shared.tls) {
    Response response;
    write_problem(Problem::kOverloaded, {}, &response);
    std::string bytes;
    append_head(response, {true, false, false, response.body.size()}, bytes);
    bytes += response.body;
    socket.non_blocking(true, ignored);
    socket.write_some(net::buffer(bytes), ignored);
    socket.shutdown(net::socket_base::shutdown_send, ignored);
    // What has come meanwhile is taken, or the close would be a reset that overtakes the answer.
    char drop[4096];
    socket.read_some(net::buffer(drop), ignored);
  }
  socket.close(ignored);
}

}  // namespace

struct Server::Impl {
  net::io_context io;
  tcp::acceptor acceptor{net::make_strand(io)};  // closed from another thread: on its strand
  std::shared_ptr<ServerShared> shared;
  std::vector<std::thread> threads;
  uint16_t port = 0;
  bool stopped = false;

  explicit Impl(std::shared_ptr<ServerShared> s) : io(s->settings.threads), shared(std::move(s)) {}
  net::awaitable<void> accept_all();
  void run_threads();
};

net::awaitable<void> Server::Impl::accept_all() {
  constexpr auto kAwait = net::as_tuple(net::use_awaitable);
  net::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    auto [ec, socket] = co_await acceptor.async_accept(net::make_strand(io.get_executor()), kAwait);
    if (ec == net::error::operation_aborted || !acceptor.is_open()) co_return;
    if (ec) {
      pause.expires_after(kAcceptPause);
      auto [wait_ec] = co_await pause.async_wait(kAwait);
      if (wait_ec) co_return;
      continue;
    }
    const StrandExecutor strand = socket.get_executor();
    auto connection = std::make_shared<Connection>(strand);
    if (!shared->connections.add(connection)) {
      turn_away(std::move(socket), *shared);
      continue;
    }
    net::co_spawn(strand, run_session(std::move(socket), std::move(connection), shared),
                  net::detached);
  }
}

void Server::Impl::run_threads() {
  for (int i = 0; i < shared->settings.threads; ++i) {
    threads.emplace_back([this] {
      schemas::schedule_for_latency();
      io.run();
    });
    const std::string name = (shared->settings.thread_name + "-" + std::to_string(i)).substr(0, 15);
    pthread_setname_np(threads.back().native_handle(), name.c_str());
  }
}

schemas::Result<std::unique_ptr<Server>> Server::start(ServerSettings settings,
                                                       RequestHandler handler,
                                                       HttpMetrics* metrics) {
  settings.threads = std::max(1, settings.threads);
  auto impl = std::make_unique<Impl>(
      std::make_shared<ServerShared>(std::move(settings), std::move(handler), metrics));
  if (impl->shared->settings.tls) {
    auto tls = make_tls_context(*impl->shared->settings.tls);
    if (!tls) return tls.error();
    impl->shared->tls = std::move(*tls);
  }
  if (auto open = open_acceptor(&impl->io, impl->shared->settings.listen, &impl->acceptor); !open)
    return open.error();
  error_code ec;
  impl->port = impl->acceptor.local_endpoint(ec).port();
  net::co_spawn(impl->acceptor.get_executor(), impl->accept_all(), net::detached);
  impl->run_threads();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(std::chrono::milliseconds(0)); }
uint16_t Server::port() const { return impl_->port; }
size_t Server::connections() const { return impl_->shared->connections.size(); }

void Server::stop(std::chrono::milliseconds deadline) {
  if (impl_->stopped) return;
  impl_->stopped = true;
  const auto until = std::chrono::steady_clock::now() + deadline;
  net::post(impl_->acceptor.get_executor(), [impl = impl_.get()] {
    error_code ignored;
    impl->acceptor.close(ignored);
  });
  Connections& connections = impl_->shared->connections;
  connections.drain();
  if (!connections.wait_empty(until)) {
    connections.close_all();
    connections.wait_empty(std::chrono::steady_clock::now() + std::chrono::seconds(1));
  }
  impl_->io.stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

}  // namespace satindex::http
