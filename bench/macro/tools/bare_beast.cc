// bare_beast BODY_FILE: what one thread of Boost.Beast can answer when the answer costs nothing:
// the bytes of the file, to any request, kept alive. Prints its port, then serves until it is
// killed.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <string>

namespace satindex::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using Body = http::span_body<const char>;

asio::awaitable<void> serve(Tcp::socket socket, const std::string& body) {
  beast::tcp_stream stream(std::move(socket));
  stream.socket().set_option(Tcp::no_delay(true));
  beast::flat_buffer buffer;
  try {
    for (;;) {
      http::request<http::empty_body> request;
      co_await http::async_read(stream, buffer, request, asio::use_awaitable);
      http::response<Body> response(http::status::ok, request.version());
      response.set(http::field::content_type, "application/json");
      response.keep_alive(request.keep_alive());
      response.body() = {body.data(), body.size()};
      response.prepare_payload();
      co_await http::async_write(stream, response, asio::use_awaitable);
      if (!request.keep_alive()) break;
    }
  } catch (const boost::system::system_error&) {
    // The client has gone: that is how every connection ends here.
  }
}

asio::awaitable<void> listen(Tcp::acceptor acceptor, const std::string& body) {
  for (;;) {
    Tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), body), asio::detached);
  }
}

int run(const char* file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream read;
  read << in.rdbuf();
  const std::string body = read.str();
  asio::io_context io(1);
  Tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  std::printf("%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  asio::co_spawn(io, listen(std::move(acceptor), body), asio::detached);
  io.run();
  return 0;
}

}  // namespace
}  // namespace satindex::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bare_beast BODY_FILE\n", stderr);
    return 78;
  }
  try {
    return satindex::bench::run(argv[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bare_beast: %s\n", e.what());
    return 1;
  }
}
