// Bounds and time-outs over real sockets: what a hostile or broken client can do to a connection.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "query/http/server.h"
#include "tests/http/http_client.h"

namespace satindex::http {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

class ServerLimits : public testing::Test {
 protected:
  ServerLimits() {
    settings_.idle_timeout = milliseconds(400);
    settings_.head_timeout = milliseconds(300);
    settings_.body_timeout = milliseconds(300);
    settings_.write_timeout = milliseconds(400);
  }
  void start() {
    auto server = Server::start(
        settings_,
        [this](const Request& request, Response* response) {
          response->content_type = "text/plain";
          response->body = "ok";
          if (request.target == "/big") response->body.assign(64'000'000, 'x');
          if (request.target == "/block") {
            std::unique_lock lock(mutex_);
            ++blocked_;
            changed_.notify_all();
            changed_.wait_for(lock, milliseconds(5000), [this] { return released_; });
          }
        },
        nullptr);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  void wait_blocked(int count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, milliseconds(5000), [&] { return blocked_ >= count; }));
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  uint16_t port() const { return server_->port(); }
  int status_of(const std::string& bytes) {
    HttpClient client(port());
    client.send(bytes);
    const Reply reply = client.receive();
    if (reply.status >= 400) {
      EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json");
      EXPECT_EQ(reply.headers.at("connection"), "close");
      EXPECT_TRUE(reply.whole);
    }
    return reply.status;
  }
  // How long until the server gives up on this connection.
  milliseconds closed_after(HttpClient* client) {
    const auto began = SteadyClock::now();
    EXPECT_TRUE(client->closed());
    return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - began);
  }

  ServerSettings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int blocked_ = 0;
  bool released_ = false;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerLimits, TargetBeyond16KiBIs414) {
  start();
  const auto with_target = [](size_t n) {
    return "GET /" + std::string(n - 1, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n";
  };
  EXPECT_EQ(status_of(with_target(16 * 1024)), 200);
  EXPECT_EQ(status_of(with_target(16 * 1024 + 1)), 414);
  EXPECT_EQ(status_of(with_target(40 * 1024)), 414);
  EXPECT_EQ(status_of(with_target(300 * 1024)), 414);
}

TEST_F(ServerLimits, FieldsBeyond32KiBAre431) {
  start();
  const std::string host = "Host: t\r\n";
  const auto with_field = [&](size_t n) {
    return "GET / HTTP/1.1\r\n" + host + "X: " + std::string(n - host.size() - 7, 'a') + "\r\n\r\n";
  };
  EXPECT_EQ(status_of(with_field(32 * 1024)), 200);
  EXPECT_EQ(status_of(with_field(32 * 1024 + 1)), 431);
  EXPECT_EQ(status_of(with_field(300 * 1024)), 431);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) many += "X" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(status_of(many + "\r\n"), 431);
  EXPECT_EQ(status_of("GET /" + std::string(16'000, 'a') + " HTTP/1.1\r\n" + host +
                      "X: " + std::string(32'000, 'a') + "\r\n\r\n"),
            200);
}

TEST_F(ServerLimits, BodiesAreDroppedOrRefused) {
  start();
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 65536\r\n\r\n" +
                      std::string(65536, 'b')),
            200);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 65537\r\n\r\n" +
                      std::string(65537, 'b')),
            413);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n" +
                      std::string(200'000, 'b')),
            413);
  EXPECT_EQ(
      status_of(
          "GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
      413);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(status_of("BLAH\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/3.0\r\nHost: t\r\n\r\n"), 505);
}

TEST_F(ServerLimits, AnIdleConnectionIsClosed) {
  start();
  HttpClient silent(port());
  EXPECT_GE(closed_after(&silent), milliseconds(350));
  HttpClient kept(port());
  EXPECT_EQ(kept.get("/").status, 200);
  const auto took = closed_after(&kept);
  EXPECT_GE(took, milliseconds(350));
  EXPECT_LT(took, milliseconds(2000));
}

TEST_F(ServerLimits, AHeadThatDripsIsCutOff) {
  start();
  HttpClient client(port());
  const auto began = SteadyClock::now();
  std::string head = "GET / HTTP/1.1\r\nHost: t\r\nX: ";
  bool open = client.send(head);
  // A byte every 50 ms keeps no deadline away.
  while (open && SteadyClock::now() - began < milliseconds(3000)) {
    std::this_thread::sleep_for(milliseconds(50));
    open = client.send("a");
  }
  EXPECT_LT(SteadyClock::now() - began, milliseconds(1500));
}

TEST_F(ServerLimits, ABodyThatDoesNotComeIsCutOff) {
  start();
  HttpClient client(port());
  client.send("GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_LT(closed_after(&client), milliseconds(1500));
}

TEST_F(ServerLimits, AClientThatDoesNotReadIsCutOff) {
  start();
  HttpClient client(port());
  client.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
  for (int i = 0; i < 100 && server_->connections() == 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  for (int i = 0; i < 200 && server_->connections() > 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerLimits, TheWholeRequestHasADeadline) {
  settings_.request_timeout = milliseconds(200);
  settings_.write_timeout = milliseconds(60'000);
  start();
  HttpClient client(port());
  client.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
  for (int i = 0; i < 100 && server_->connections() == 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  for (int i = 0; i < 200 && server_->connections() > 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerLimits, ConnectionsBeyondTheBoundAreTurnedAway) {
  settings_.connections_max = 2;
  settings_.idle_timeout = milliseconds(5000);
  start();
  HttpClient a(port());
  HttpClient b(port());
  EXPECT_EQ(a.get("/").status, 200);
  EXPECT_EQ(b.get("/").status, 200);
  {
    HttpClient c(port());
    const Reply reply = c.receive();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.headers.at("retry-after"), "1");
    EXPECT_TRUE(c.closed());
  }
  EXPECT_EQ(a.get("/", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(a.closed());
  for (int i = 0; i < 300 && server_->connections() > 1; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  HttpClient d(port());
  EXPECT_EQ(d.get("/").status, 200);
}

TEST_F(ServerLimits, RequestsInFlightBeyondTheBoundAre503AndTheConnectionStays) {
  settings_.threads = 3;
  settings_.requests_in_flight_max = 1;
  start();
  HttpClient a(port());
  a.send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  wait_blocked(1);
  HttpClient b(port());
  const Reply reply = b.get("/");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.at("retry-after"), "1");
  release();
  EXPECT_EQ(a.receive().status, 200);
  // The place is given back when the answer has left, a moment after it has arrived.
  int status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
    status = b.get("/").status;
  }
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace satindex::http
