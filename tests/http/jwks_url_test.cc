#include "query/http/jwks_url.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "query/http/server.h"
#include "query/http/token_minter.h"

namespace satindex::http {
namespace {

using std::chrono::milliseconds;

TEST(JwksAddressTest, IsTakenApart) {
  const auto full = parse_jwks_address("https://issuer.example:8443/a/jwks?x=1");
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(full->host + "|" + full->port + "|" + full->path, "issuer.example|8443|/a/jwks?x=1");
  EXPECT_EQ(parse_jwks_address("https://issuer.example")->port, "443");
  EXPECT_EQ(parse_jwks_address("https://issuer.example")->path, "/");
  EXPECT_EQ(parse_jwks_address("http://[::1]:80/x")->host, "::1");
  EXPECT_EQ(parse_jwks_address("http://localhost/x")->port, "80");
  for (const char* bad :
       {"", "file:///etc/x", "https://", "https:///x", "https://h:/x", "https://h:x/",
        "https://h:123456/", "https://u@h/", "https://h/a b", "https://h/\r\nX: y",
        "http://issuer.example/jwks", "http://127.0.0.1.evil/"}) {
    const auto address = parse_jwks_address(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error().code, schemas::StatusCode::kConfig);
  }
}

class JwksUrlTest : public testing::Test {
 protected:
  JwksUrlTest() {
    ServerSettings settings;
    settings.head_timeout = milliseconds(200);  // a TLS client waits for it
    server_ = std::move(*Server::start(
        settings,
        [this](const Request&, Response* response) {
          const std::lock_guard lock(mutex_);
          ++fetches_;
          response->status = status_;
          response->content_type = "application/json";
          response->body = text_;
        },
        nullptr));
  }
  void serve(int status, const std::string& text) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    text_ = text;
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + "/jwks";
  }
  schemas::Result<std::shared_ptr<JwksUrl>> open() {
    return JwksUrl::open(
        url(), [this](const schemas::Status&) { ++reports_; }, milliseconds(20));
  }
  template <class F>
  static bool eventually(F f) {
    for (int i = 0; i < 300; ++i) {
      if (f()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  std::mutex mutex_;
  int status_ = 200;
  std::string text_ = TokenMinter::generate(Algorithm::kEdDsa)->jwks();
  std::atomic<int> reports_{0};
  std::atomic<int> fetches_{0};
  std::unique_ptr<Server> server_;
};

TEST_F(JwksUrlTest, FollowsARotation) {
  const auto keys = open();
  ASSERT_TRUE(keys) << keys.error().message;
  const auto first = (*keys)->current();
  EXPECT_EQ(first->keys[0].algorithm, Algorithm::kEdDsa);
  serve(200, TokenMinter::generate(Algorithm::kEs256)->jwks());
  EXPECT_TRUE(
      eventually([&] { return (*keys)->current()->keys[0].algorithm == Algorithm::kEs256; }));
  EXPECT_NE((*keys)->current()->generation, first->generation);
  EXPECT_EQ(reports_, 0);
}

TEST_F(JwksUrlTest, LooksSoonWhenAKeyIsMissedButNotAtEachMiss) {
  const auto opened = JwksUrl::open(
      url(), [](const schemas::Status&) {}, std::chrono::minutes(10), milliseconds(300));
  ASSERT_TRUE(opened);
  JwksUrl& keys = **opened;
  const int before = fetches_;
  serve(200, TokenMinter::generate(Algorithm::kEs256)->jwks());
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(fetches_, before) << "nobody asked";
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] {
    keys.look_soon();
    return keys.current()->keys[0].algorithm == Algorithm::kEs256;
  }));
  while (std::chrono::steady_clock::now() - begun < milliseconds(1'000)) keys.look_soon();
  EXPECT_LE(fetches_ - before, 5) << "a flood of bad tokens is no flood of fetches";
}

TEST_F(JwksUrlTest, AFailingIssuerLeavesTheLastGoodSet) {
  const auto keys = open();
  ASSERT_TRUE(keys);
  const auto first = (*keys)->current();
  serve(500, "{}");
  EXPECT_TRUE(eventually([&] { return reports_ == 1; }));
  server_->stop(milliseconds(0));
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ((*keys)->current(), first);
  EXPECT_EQ(reports_, 1);
}

TEST_F(JwksUrlTest, MustBeGoodAtTheStart) {
  serve(404, text_);
  EXPECT_EQ(open().error().code, schemas::StatusCode::kUnavailable);
  serve(200, "{}");
  EXPECT_EQ(open().error().code, schemas::StatusCode::kConfig);
  serve(200, std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(open().error().code, schemas::StatusCode::kUnavailable);
  // A plain server is no TLS server.
  const auto tls = JwksUrl::open("https" + url().substr(4), [](const schemas::Status&) {});
  EXPECT_EQ(tls.error().code, schemas::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace satindex::http
