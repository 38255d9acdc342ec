#include "query/http/jwks_url.h"

#include <pthread.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace satindex::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using tcp = net::ip::tcp;

constexpr size_t kJwksBytesMax = 1 << 20;
constexpr std::chrono::seconds kFetchTimeout{10};

// One request and its answer over a connected stream; throws what Asio throws.
template <class Stream>
net::awaitable<std::string> exchange(Stream& stream, const JwksAddress& address) {
  beast::http::request<beast::http::empty_body> request(beast::http::verb::get, address.path, 11);
  request.set(beast::http::field::host, address.host + ":" + address.port);
  request.set(beast::http::field::accept, "application/json");
  request.set(beast::http::field::connection, "close");
#ifdef __clang_analyzer__  // which takes the frame of a coroutine inside Asio for undefined
  static_cast<void>(stream);
  static_cast<void>(kJwksBytesMax);
  co_return std::string();
#else
  co_await beast::http::async_write(stream, request, net::use_awaitable);
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kJwksBytesMax);
  co_await beast::http::async_read(stream, buffer, parser, net::use_awaitable);
  if (parser.get().result_int() != 200) co_return std::string();
  co_return std::move(parser.get().body());
#endif
}

net::awaitable<void> fetch_into(const JwksAddress& address, std::string* out) {
  const auto executor = co_await net::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto endpoints =
      co_await resolver.async_resolve(address.host, address.port, net::use_awaitable);
  beast::tcp_stream plain(executor);
  plain.expires_after(kFetchTimeout);
  co_await plain.async_connect(endpoints, net::use_awaitable);
  if (!address.tls) {
    *out = co_await exchange(plain, address);
    co_return;
  }
  net::ssl::context context(net::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_default_verify_paths();
  context.set_verify_mode(net::ssl::verify_peer);
  beast::ssl_stream<beast::tcp_stream> stream(std::move(plain), context);
  SSL_set_tlsext_host_name(stream.native_handle(), address.host.c_str());
  stream.set_verify_callback(net::ssl::host_name_verification(address.host));
  co_await stream.async_handshake(net::ssl::stream_base::client, net::use_awaitable);
  *out = co_await exchange(stream, address);
}

// The body, or empty when there is none to be had.
std::string fetch(const JwksAddress& address) {
  std::string out;
  try {
    net::io_context io(1);
    net::co_spawn(io, fetch_into(address, &out), [](const std::exception_ptr& failed) {
      if (failed) std::rethrow_exception(failed);
    });
    // Bounds the resolver too, which has no time-out of its own.
    io.run_for(kFetchTimeout + std::chrono::seconds(1));
  } catch (const std::exception&) {
    out.clear();
  }
  return out;
}

}  // namespace

schemas::Result<JwksAddress> parse_jwks_address(const std::string& url) {
  JwksAddress out;
  out.tls = url.rfind("https://", 0) == 0;
  if (!out.tls && url.rfind("http://", 0) != 0)
    return schemas::config_error("key set address: neither http nor https");
  const std::string rest = url.substr(out.tls ? 8 : 7);
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string authority = rest.substr(0, slash);
  out.path = slash < rest.size() ? rest.substr(slash) : "/";
  const size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  out.port = has_port ? authority.substr(colon + 1) : out.tls ? "443" : "80";
  out.host = has_port ? authority.substr(0, colon) : authority;
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  const bool printable = url.find_first_of(" \t\r\n#@\\") == std::string::npos;
  if (!printable || out.host.empty() || out.port.empty() || out.port.size() > 5 ||
      out.port.find_first_not_of("0123456789") != std::string::npos) {
    return schemas::config_error("key set address: not https://host[:port]/path");
  }
  const bool here = out.host == "localhost" || out.host == "127.0.0.1" || out.host == "::1";
  // Who can alter the keys on their way can be any caller.
  if (!out.tls && !here)
    return schemas::config_error("key set address: plain http is for this machine alone");
  return out;
}

schemas::Result<std::shared_ptr<JwksUrl>> JwksUrl::open(const std::string& url, Report report,
                                                        std::chrono::milliseconds interval,
                                                        std::chrono::milliseconds pause) {
  auto address = parse_jwks_address(url);
  if (!address) return address.error();
  std::shared_ptr<JwksUrl> out(
      new JwksUrl(std::move(*address), std::move(report), interval, pause));
  out->text_ = fetch(out->address_);
  if (out->text_.empty()) return schemas::unavailable("the key set cannot be fetched");
  auto set = parse_jwks(out->text_);
  if (!set) return set.error();
  if (set->keys.empty())
    return schemas::config_error("the key set holds no key for RS256, ES256 or EdDSA");
  set->generation = 1;
  out->set_ = std::make_shared<const KeySet>(std::move(*set));
  out->thread_ = std::thread([self = out.get()] { self->run(); });
  pthread_setname_np(out->thread_.native_handle(), "jwks");
  return out;
}

JwksUrl::~JwksUrl() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const KeySet> JwksUrl::current() {
  const std::lock_guard lock(mutex_);
  return set_;
}

void JwksUrl::look_soon() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(wanted_, true)) return;
  }
  wake_.notify_all();
}

void JwksUrl::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto looked = std::chrono::steady_clock::now();
    wake_.wait_until(lock, looked + interval_, [this] { return stopping_ || wanted_; });
    wake_.wait_until(lock, looked + std::min(pause_, interval_), [this] { return stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    refresh();
    lock.lock();
  }
}

void JwksUrl::refresh() {
  std::string text = fetch(address_);
  if (text == text_) {
    stale_ = false;
    return;
  }
  auto set = text.empty()
                 ? schemas::Result<KeySet>(schemas::unavailable("the key set cannot be fetched"))
                 : parse_jwks(text);
  if (!set) {
    if (!stale_) report_(set.error());
    stale_ = true;
    return;
  }
  stale_ = false;
  text_ = std::move(text);
  const std::lock_guard lock(mutex_);
  set->generation = set_->generation + 1;
  set_ = std::make_shared<const KeySet>(std::move(*set));
}

}  // namespace satindex::http
