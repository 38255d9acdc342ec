#include "query/http/session.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "query/http/problem.h"
#include "query/http/request_head.h"
#include "query/http/response_head.h"

namespace satindex::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
template <class T>
using Task = net::awaitable<T, StrandExecutor>;

constexpr size_t kReadBytes = 8 * 1024;
// After an answer to a request not wholly read, so much more is thrown away that the client can
// read the answer before a reset reaches it.
constexpr size_t kLingerBytesMax = 512 * 1024;
constexpr std::chrono::seconds kLingerTime{2};
constexpr auto kAwait = net::as_tuple(net::use_awaitable_t<StrandExecutor>{});

// Counts a request in and out, whatever way the session leaves it.
class InFlight {
 public:
  InFlight(ServerShared* shared, Connection* connection, const Response* response)
      : shared_(shared), connection_(connection), response_(response), began_(SteadyClock::now()) {
    admitted_ = shared_->in_flight.fetch_add(1) < shared_->settings.requests_in_flight_max;
    if (shared_->metrics != nullptr) shared_->metrics->request_started();
    if (!admitted_ && shared_->metrics != nullptr)
      shared_->metrics->refused(HttpMetrics::Refusal::kRequests);
  }
  ~InFlight() {
    shared_->in_flight.fetch_sub(1);
    connection_->busy = false;
    const std::chrono::duration<double> took = SteadyClock::now() - began_ - held_back_;
    if (shared_->metrics != nullptr) {
      shared_->metrics->request_ended(response_->route, response_->status, took.count());
    }
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  bool admitted() const { return admitted_; }
  TimePoint began() const { return began_; }
  void held_back(std::chrono::duration<double> wait) {
    held_back_ += wait;
    if (shared_->metrics != nullptr) shared_->metrics->gate_waited(wait.count());
  }

 private:
  ServerShared* const shared_;
  Connection* const connection_;
  const Response* const response_;
  const TimePoint began_;
  std::chrono::duration<double> held_back_{0};
  bool admitted_ = false;
};

template <class Stream>
class Session {
 public:
  Session(Stream stream, std::shared_ptr<Connection> connection,
          std::shared_ptr<ServerShared> shared)
      : stream_(std::move(stream)), connection_(std::move(connection)), shared_(std::move(shared)) {
    connection_->stream = &tcp();
  }
  ~Session() { connection_->stream = nullptr; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Task<void> run();

 private:
  enum class Next : uint8_t { kAgain, kClose, kLinger, kAbort };

  TcpStream& tcp() { return beast::get_lowest_layer(stream_); }
  const ServerSettings& settings() const { return shared_->settings; }
  std::string_view unread() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }
  void timed_out(const error_code& ec, HttpMetrics::Timeout what) {
    if (ec == beast::error::timeout && shared_->metrics != nullptr)
      shared_->metrics->timed_out(what);
  }
  Task<bool> read_more(HttpMetrics::Timeout phase);
  Task<bool> skip_empty_lines();
  Task<std::optional<HeadState>> read_head(HeadScanner* scanner);
  Task<bool> skip_body(uint64_t bytes);
  Task<Next> one_request();
  Task<Next> refuse(Problem problem);
  Task<Next> send(bool http11, bool keep_alive, TimePoint began);
  Task<Next> send_stream(bool http11, bool keep_alive);
  bool written_at_once(error_code* ec);
  Task<bool> write_all(TimePoint deadline);
  Task<void> close(Next how);
  // Everything that could be read by now is answered first, then the answers leave one behind the other: a client that
  // sleeps is woken once for many of them, and waking it is a quarter of what an answer costs.
  auto behind_others() { return net::post(net::use_awaitable_t<StrandExecutor>{}); }
  void call_handler(const Request& request);
  Task<void> pass_gate(InFlight* in_flight);

  Stream stream_;
  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<ServerShared> shared_;
  beast::flat_buffer buffer_;
  Response response_;
  std::string head_;
  // The answer to HEAD, which is a refusal, must not have a body: the client would take it for the
  // next answer.
  bool bodiless_ = false;
  // It leaves behind others already: what held them all back let them go at once.
  bool together_ = false;
  // What write_all sends; empty ones are passed over.
  std::array<net::const_buffer, 3> parts_;
};

template <class Stream>
Task<bool> Session<Stream>::read_more(HttpMetrics::Timeout phase) {
  auto [ec, bytes] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kAwait);
  if (ec) {
    timed_out(ec, phase);
    co_return false;
  }
  buffer_.commit(bytes);
  co_return true;
}

// A client may send an empty line between two requests (RFC 9112, 2.2).
template <class Stream>
Task<bool> Session<Stream>::skip_empty_lines() {
  for (int lines = 0; lines <= 4;) {
    const std::string_view bytes = unread();
    if (bytes.substr(0, 2) == "\r\n") {
      buffer_.consume(2);
      ++lines;
      continue;
    }
    if (!bytes.empty() && bytes != "\r") co_return true;
    const bool read = co_await read_more(HttpMetrics::Timeout::kIdle);
    if (!read) co_return false;
  }
  co_return false;
}

template <class Stream>
Task<std::optional<HeadState>> Session<Stream>::read_head(HeadScanner* scanner) {
  tcp().expires_after(settings().idle_timeout);
  const bool begun = co_await skip_empty_lines();
  if (!begun) co_return std::nullopt;
  connection_->busy = true;
  // One deadline for the whole head: a byte now and then does not extend it.
  tcp().expires_after(settings().head_timeout);
  for (;;) {
    const HeadState state = scanner->scan(unread());
    if (state != HeadState::kMore) co_return state;
    const bool read = co_await read_more(HttpMetrics::Timeout::kHeader);
    if (!read) co_return std::nullopt;
  }
}

template <class Stream>
Task<bool> Session<Stream>::skip_body(uint64_t bytes) {
  tcp().expires_after(settings().body_timeout);
  for (;;) {
    const uint64_t here = std::min<uint64_t>(bytes, buffer_.size());
    buffer_.consume(static_cast<size_t>(here));
    bytes -= here;
    if (bytes == 0) co_return true;
    const bool read = co_await read_more(HttpMetrics::Timeout::kBody);
    if (!read) co_return false;
  }
}

template <class Stream>
void Session<Stream>::call_handler(const Request& request) {
  try {
    shared_->handler(request, &response_);
  } catch (const std::exception&) {
    const RouteName route = response_.route;
    response_.reset();
    response_.route = route;
    write_problem(Problem::kInternal, {}, &response_);
  }
}

// Waits on the connection's strand, not on a thread. Whoever owns the gate answers it within a deadline of its own.
template <class Stream>
Task<void> Session<Stream>::pass_gate(InFlight* in_flight) {
  const Gate gate = *std::exchange(response_.gate, std::nullopt);
  const TimePoint began = SteadyClock::now();
  tcp().expires_never();
  const auto initiate = [&gate, executor = connection_->executor](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto work = net::make_work_guard(executor);
    gate.wait([shared, executor, work = std::move(work)](bool may_leave) {
      net::post(executor, [shared, may_leave] { (*shared)(may_leave); });
    });
  };
  const bool may_leave =
      co_await net::async_initiate<const net::use_awaitable_t<StrandExecutor>, void(bool)>(
          initiate, net::use_awaitable_t<StrandExecutor>{});
  together_ = true;
  in_flight->held_back(SteadyClock::now() - began);
  if (may_leave) co_return;
  const RouteName route = response_.route;
  response_.reset();
  response_.route = route;
  try {
    gate.instead(&response_);
    response_.gate.reset();
  } catch (const std::exception&) {
    response_.reset();
    response_.route = route;
    write_problem(Problem::kInternal, {}, &response_);
  }
}

template <class Stream>
auto Session<Stream>::refuse(Problem problem) -> Task<Next> {
  response_.reset();
  bodiless_ = false;
  const InFlight in_flight(shared_.get(), connection_.get(), &response_);
  write_problem(problem, {}, &response_);
  const Next next = co_await send(true, false, in_flight.began());
  co_return next == Next::kAbort ? next : Next::kLinger;
}

template <class Stream>
auto Session<Stream>::one_request() -> Task<Next> {
  HeadScanner scanner;
  const std::optional<HeadState> state = co_await read_head(&scanner);
  if (!state) co_return Next::kAbort;
  if (*state == HeadState::kTargetTooLong) co_return co_await refuse(Problem::kTargetTooLong);
  if (*state == HeadState::kHeadersTooLarge) co_return co_await refuse(Problem::kHeadersTooLarge);
  RequestHead head;
  const auto refused = head.parse(unread().substr(0, scanner.head_bytes()));
  if (refused) co_return co_await refuse(*refused);
  buffer_.consume(scanner.head_bytes());
  if (head.body_bytes > 0) {
    const bool skipped = co_await skip_body(head.body_bytes);
    if (!skipped) co_return Next::kAbort;
  }
  response_.reset();
  InFlight in_flight(shared_.get(), connection_.get(), &response_);
  if (in_flight.admitted()) {
    call_handler(head.request);
    if (response_.gate) co_await pass_gate(&in_flight);
  } else {
    write_problem(Problem::kOverloaded, {}, &response_);
  }
  const bool keep_alive = head.keep_alive && !connection_->draining;
  bodiless_ = head.request.method == "HEAD";
  if (response_.more) co_return co_await send_stream(head.http11, keep_alive);
  co_return co_await send(head.http11, keep_alive, in_flight.began());
}

// An answer nearly always fits into the socket's buffer: then there is nothing to wait for, and no deadline to keep.
template <class Stream>
bool Session<Stream>::written_at_once(error_code* ec) {
  if constexpr (std::is_same_v<Stream, TcpStream>) {
    size_t written = tcp().socket().write_some(parts_, *ec);
    if (*ec == net::error::would_block || *ec == net::error::interrupted) *ec = {};
    for (net::const_buffer& part : parts_) {
      const size_t of_it = std::min(written, part.size());
      part += of_it;
      written -= of_it;
    }
    return net::buffer_size(parts_) == 0;
  } else {
    return false;
  }
}

template <class Stream>
Task<bool> Session<Stream>::write_all(TimePoint deadline) {
  error_code failed;
  if (written_at_once(&failed)) co_return true;
  if (failed) co_return false;
  tcp().expires_at(deadline);
  auto [ec, bytes] = co_await net::async_write(stream_, parts_, kAwait);
  static_cast<void>(bytes);
  if (ec) timed_out(ec, HttpMetrics::Timeout::kWrite);
  co_return !ec;
}

template <class Stream>
auto Session<Stream>::send(bool http11, bool keep_alive, TimePoint began) -> Task<Next> {
  const std::string_view body =
      response_.body.empty() ? response_.fixed_body : std::string_view(response_.body);
  head_.clear();
  append_head(response_, {http11, keep_alive, false, body.size()}, head_);
  parts_ = {net::buffer(head_), net::buffer(body.data(), bodiless_ ? 0 : body.size()),
            net::const_buffer()};
  const TimePoint deadline =
      std::min(SteadyClock::now() + settings().write_timeout, began + settings().request_timeout);
  if (!std::exchange(together_, false)) co_await behind_others();
  const bool written = co_await write_all(deadline);
  if (!written) co_return Next::kAbort;
  // What else this client has sent waits behind what others have.
  if (keep_alive && buffer_.size() > 0) co_await behind_others();
  co_return keep_alive ? Next::kAgain : Next::kClose;
}

template <class Stream>
auto Session<Stream>::send_stream(bool http11, bool keep_alive) -> Task<Next> {
  const TimePoint end = SteadyClock::now() + settings().stream_timeout;
  keep_alive = keep_alive && http11;
  head_.clear();
  append_head(response_, {http11, keep_alive, true, 0}, head_);
  const BodySource more = std::move(response_.more);
  const auto aborted = [this] {
    if (shared_->metrics != nullptr) shared_->metrics->download_aborted();
    return Next::kAbort;
  };
  bool whole = false;
  for (bool first = true; !whole; first = false) {
    if (!first) {
      head_.clear();
      response_.body.clear();
      schemas::Result<bool> got = false;
      try {
        got = more(&response_.body);
      } catch (const std::exception&) {
        got = schemas::internal("the body's source failed");
      }
      if (!got || SteadyClock::now() > end) co_return aborted();
      whole = !*got;
    }
    const bool framed = http11 && !response_.body.empty();
    if (framed) append_chunk_head(response_.body.size(), head_);
    const std::string_view tail = framed            ? "\r\n"
                                  : whole && http11 ? kLastChunk
                                                    : std::string_view();
    parts_ = {net::buffer(head_), net::buffer(response_.body),
              net::buffer(tail.data(), tail.size())};
    const bool written = co_await write_all(SteadyClock::now() + settings().write_timeout);
    if (!written) co_return aborted();
    // Other connections get their turn between two pages.
    co_await behind_others();
  }
  co_return keep_alive && !connection_->draining ? Next::kAgain : Next::kClose;
}

template <class Stream>
Task<void> Session<Stream>::close(Next how) {
  error_code ignored;
  if (how == Next::kAbort) {
    // A reset, not an end: a client that got half a download must not take it for a whole one.
    tcp().socket().set_option(net::socket_base::linger(true, 0), ignored);
    tcp().close();
    co_return;
  }
  tcp().expires_after(kLingerTime);
  if constexpr (!std::is_same_v<Stream, TcpStream>) {
    auto [ec] = co_await stream_.async_shutdown(kAwait);
    if (ec && ec != net::error::eof) co_return tcp().close();
  }
  tcp().socket().shutdown(net::socket_base::shutdown_send, ignored);
  // Nothing unread, nothing a close could turn into a reset.
  if (how == Next::kClose && buffer_.size() == 0) co_return tcp().close();
  size_t thrown_away = 0;
  while (thrown_away < kLingerBytesMax) {
    buffer_.clear();
    auto [ec, bytes] = co_await tcp().async_read_some(buffer_.prepare(kReadBytes), kAwait);
    if (ec) break;
    thrown_away += bytes;
  }
  tcp().close();
}

template <class Stream>
Task<void> Session<Stream>::run() {
  if constexpr (!std::is_same_v<Stream, TcpStream>) {
    tcp().expires_after(settings().handshake_timeout);
    auto [ec] = co_await stream_.async_handshake(net::ssl::stream_base::server, kAwait);
    if (ec) {
      timed_out(ec, HttpMetrics::Timeout::kHandshake);
      tcp().close();
      co_return;
    }
  }
  Next next = Next::kAgain;
  while (next == Next::kAgain && !connection_->draining) next = co_await one_request();
  connection_->busy = false;
  co_await close(next == Next::kAgain ? Next::kClose : next);
}

}  // namespace

SessionTask run_session(net::basic_stream_socket<net::ip::tcp, StrandExecutor> socket,
                        std::shared_ptr<Connection> connection,
                        std::shared_ptr<ServerShared> shared) {
  if (shared->metrics != nullptr) shared->metrics->connection_opened();
  try {
    error_code ignored;
    socket.set_option(net::ip::tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    TcpStream tcp(std::move(socket));
    if (shared->tls) {
      Session<beast::ssl_stream<TcpStream>> session({std::move(tcp), *shared->tls}, connection,
                                                    shared);
      co_await session.run();
    } else {
      Session<TcpStream> session(std::move(tcp), connection, shared);
      co_await session.run();
    }
  } catch (const std::exception&) {
    // Out of memory, or an operation torn down at the stop: this connection ends, nothing else
    // does.
  }
  if (shared->metrics != nullptr) shared->metrics->connection_closed();
  shared->connections.remove(connection);
}

}  // namespace satindex::http
