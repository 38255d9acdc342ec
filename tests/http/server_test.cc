// The server over real sockets: framing, keep-alive, pipelining, streams, stop.
#include "query/http/server.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/http/http_client.h"

namespace satindex::http {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

class ServerTest : public testing::Test {
 protected:
  void start(ServerSettings settings = {}) {
    auto server = Server::start(
        std::move(settings), [this](const Request& q, Response* r) { answer(q, r); }, &metrics_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  void answer(const Request& request, Response* response) {
    response->content_type = "text/plain";
    response->body = std::string(request.method) + " " + std::string(request.target);
    if (request.target == "/throw") throw std::runtime_error("/secret/path");
    if (request.target == "/empty") response->body.clear();
    if (request.target == "/block") {
      std::unique_lock lock(mutex_);
      ++blocked_;
      changed_.notify_all();
      changed_.wait_for(lock, milliseconds(5000), [this] { return released_; });
    }
    if (request.target == "/stream" || request.target == "/broken") {
      response->body = "first,";
      response->more = [this, n = 0, broken = request.target == "/broken"](
                           std::string* out) mutable -> schemas::Result<bool> {
        ++parts_made_;
        if (n == 3 && broken) return schemas::internal("x");
        if (n == 5) return false;
        if (n != 2) out->append("part" + std::to_string(n) + ",");  // one part is empty
        ++n;
        return true;
      };
    }
    if (request.target == "/endless") {
      response->more = [this](std::string* out) -> schemas::Result<bool> {
        ++parts_made_;
        out->append(100'000, 'x');
        return true;
      };
    }
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

  std::mutex mutex_;
  std::condition_variable changed_;
  int blocked_ = 0;
  bool released_ = false;
  std::atomic<int> parts_made_{0};
  prometheus::Registry registry_;
  HttpMetrics metrics_{&registry_};
  // Of the one sample of a counter.
  double counter(const std::string& name) {
    for (const auto& family : registry_.Collect()) {
      if (family.name == name) return family.metric.at(0).counter.value;
    }
    return -1;
  }
  std::unique_ptr<Server> server_;  // last: its threads use the rest
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  HttpClient client(port());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = client.get("/a?b=" + std::to_string(i));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "GET /a?b=" + std::to_string(i));
    EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
    EXPECT_EQ(reply.headers.at("content-type"), "text/plain");
    EXPECT_EQ(reply.headers.count("etag") + reply.headers.count("server") +
                  reply.headers.count("connection"),
              0u);
    EXPECT_NE(reply.headers.at("date").find(" GMT"), std::string::npos);
  }
  EXPECT_EQ(client.get("/empty").headers.at("content-length"), "0");
  const Reply last = client.get("/z", "Connection: close\r\n");
  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  HttpClient client(port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += "\r\nGET /" + std::to_string(i) + " HTTP/1.1\r\nHost: t\r\n";
    all += i % 3 == 0 ? "Content-Length: 10\r\n\r\nGET /evil " : "\r\n";
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client.receive().body, "GET /" + std::to_string(i));
}

TEST_F(ServerTest, HeadGetsNoBody) {
  start();
  HttpClient client(port());
  client.send(
      "HEAD /a HTTP/1.1\r\nHost: t\r\n\r\nGET /b HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  const std::string all = client.receive_all();
  EXPECT_NE(all.find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_EQ(all.find("HEAD /a"), std::string::npos);
  EXPECT_EQ(all.substr(all.size() - 6), "GET /b");
}

TEST_F(ServerTest, RequestsInSmallPieces) {
  start();
  HttpClient client(port());
  for (const char c : std::string("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")) {
    ASSERT_TRUE(client.send({&c, 1}));
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(client.receive().body, "GET /slow");
}

TEST_F(ServerTest, Http10) {
  start();
  HttpClient client(port());
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const Reply kept = client.receive();
  EXPECT_EQ(kept.body, "GET /a");
  EXPECT_EQ(kept.headers.at("connection"), "keep-alive");
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  const Reply stream = client.receive();
  EXPECT_EQ(stream.headers.count("transfer-encoding"), 0u);
  EXPECT_EQ(stream.headers.at("connection"), "close");
  EXPECT_TRUE(stream.whole);
  EXPECT_EQ(stream.body, "first,part0,part1,part3,part4,");
  HttpClient broken(port());
  broken.send("GET /broken HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(broken.receive().whole);  // a reset, not an end
}

TEST_F(ServerTest, StreamsAreChunkedAndTheConnectionGoesOn) {
  start();
  HttpClient client(port());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = client.get("/stream");
    EXPECT_EQ(reply.headers.at("transfer-encoding"), "chunked");
    EXPECT_EQ(reply.headers.count("content-length"), 0u);
    EXPECT_TRUE(reply.whole);
    EXPECT_EQ(reply.body, "first,part0,part1,part3,part4,");
    EXPECT_EQ(reply.chunks, 5);
  }
}

TEST_F(ServerTest, ABrokenStreamHasNoLastChunk) {
  start();
  HttpClient client(port());
  const Reply reply = client.get("/broken");
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.whole);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(counter("satindex_http_downloads_aborted_total"), 1);
}

TEST_F(ServerTest, ASlowReaderHoldsTheStreamBack) {
  start();
  HttpClient client(port());
  client.send("GET /endless HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.receive_some(1000), 1000u);
  std::this_thread::sleep_for(milliseconds(300));
  const int made = parts_made_;
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(parts_made_, made);  // stopped for want of room
  EXPECT_LT(made, 200);          // at most what the sockets' buffers hold
  client.receive_some(20'000'000);
  EXPECT_GT(parts_made_, made);
}

TEST_F(ServerTest, AHandlerThatThrowsIs500WithoutAWord) {
  start();
  HttpClient client(port());
  const Reply reply = client.get("/throw");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  EXPECT_EQ(client.get("/a").status, 200);
}

TEST_F(ServerTest, StopFinishesWhatIsInFlightAndClosesTheIdle) {
  start();
  HttpClient idle(port());
  EXPECT_EQ(idle.get("/a").status, 200);
  HttpClient busy(port());
  busy.send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  wait_blocked(1);
  std::thread stopper([this] { server_->stop(milliseconds(4000)); });
  EXPECT_TRUE(idle.closed());
  std::this_thread::sleep_for(milliseconds(50));
  HttpClient late(port(), 300);
  late.send("GET /late HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_NE(late.receive().status, 200);
  release();
  const Reply reply = busy.receive();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_TRUE(busy.closed());
  const auto began = SteadyClock::now();
  stopper.join();
  EXPECT_LT(SteadyClock::now() - began, milliseconds(3000));
}

TEST_F(ServerTest, StopGivesUpAtItsDeadline) {
  start();
  HttpClient client(port());
  client.send("GET /endless HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.receive_some(1000), 1000u);
  const auto began = SteadyClock::now();
  server_->stop(milliseconds(200));
  const auto took = SteadyClock::now() - began;
  EXPECT_GE(took, milliseconds(190));
  EXPECT_LT(took, milliseconds(2000));
  server_->stop(milliseconds(200));  // again: nothing
}

TEST_F(ServerTest, ManyClientsAtOnce) {
  ServerSettings settings;
  settings.threads = 4;
  start(settings);
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([this, &good] {
      HttpClient client(port());
      for (int i = 0; i < 50; ++i) good += client.get(i % 10 == 0 ? "/stream" : "/a").whole ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 16 * 50);
}

TEST(ServerStart, NamesABadAddress) {
  const RequestHandler handler = [](const Request&, Response*) {};
  for (const char* listen : {"", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
                             "127.0.0.1:http", "::1:80", "256.0.0.1:0", "host.invalid:0"}) {
    ServerSettings settings;
    settings.listen = listen;
    const auto server = Server::start(settings, handler, nullptr);
    ASSERT_FALSE(server) << listen;
    EXPECT_EQ(server.error().code, schemas::StatusCode::kConfig) << listen;
  }
  ServerSettings settings;
  settings.listen = ":0";
  const auto first = Server::start(settings, handler, nullptr);
  ASSERT_TRUE(first) << first.error().message;
  settings.listen = "127.0.0.1:0";
  const auto second = Server::start(settings, handler, nullptr);
  ASSERT_TRUE(second);
  settings.listen = "127.0.0.1:" + std::to_string((*second)->port());
  EXPECT_FALSE(Server::start(settings, handler, nullptr));
}

}  // namespace
}  // namespace satindex::http
