#include "query/http/key_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "query/http/base64.h"
#include "query/http/token_minter.h"
#include "tests/http/test_clock.h"

namespace satindex::http {
namespace {

TEST(Jwks, PassesOverKeysOfNoUse) {
  const std::string good = TokenMinter::generate(Algorithm::kEdDsa)->jwks();
  const std::string key = good.substr(good.find('[') + 1, good.rfind(']') - good.find('[') - 1);
  const std::string small = base64url_encode("\xc1" + std::string(127, '\x77'));  // 1024 bits
  const std::string large = base64url_encode("\xc1" + std::string(255, '\x77'));  // 2048 bits
  const std::string half(43, 'A');
  const std::string set =
      R"({"keys":[)" + key + R"(,{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":")" + small +
      R"(","e":"AQAB"},)" + R"({"kty":"RSA","n":")" + large + R"(","e":"AQ"},{"kty":"RSA","n":")" +
      large + R"(","e":"AQAB","alg":"RS512"},)" + R"({"kty":"RSA","n":")" + large +
      R"(","e":"AQAB","use":"enc"},{"kty":"RSA","n":")" + large +
      R"(","e":"AQAB","key_ops":["encrypt"]},)" + R"({"kty":"RSA","n":")" + large +
      R"(","e":"AQAB","kid":7},{"kty":"EC","crv":"P-256","x":")" + half + R"(","y":")" + half +
      R"("},)" +
      R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"},{"kty":"OKP","crv":"X25519","x":")" + half +
      R"("},{"kty":"OKP","crv":"Ed25519","x":"AA"},{}]})";
  const auto read = parse_jwks(set);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->keys.size(), 1u);
  EXPECT_EQ(read->passed_over, 12u);
  for (const char* bad :
       {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[1]})", R"({"keys":[],"keys":[]})"}) {
    EXPECT_FALSE(parse_jwks(bad)) << bad;
  }
}

class JwksFileTest : public testing::Test {
 protected:
  ~JwksFileTest() override { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  schemas::Result<std::shared_ptr<JwksFile>> open() {
    return JwksFile::open(path_, &clock_, [this](const schemas::Status&) { ++reports_; });
  }
  const std::string path_ = testing::TempDir() + "jwks_" + std::to_string(::getpid());
  TestClock clock_;
  int reports_ = 0;
};

TEST_F(JwksFileTest, IsReadAgainOnceASecondWhenItChanged) {
  write(TokenMinter::generate(Algorithm::kEdDsa)->jwks());
  const auto file = *open();
  const auto first = file->current();
  write(TokenMinter::generate(Algorithm::kEs256)->jwks());
  EXPECT_EQ(file->current(), first);
  clock_.advance_s(1);
  const auto second = file->current();
  ASSERT_NE(second, first);
  EXPECT_EQ(second->keys[0].algorithm, Algorithm::kEs256);
  EXPECT_NE(second->generation, first->generation);
  clock_.advance_s(1);
  EXPECT_EQ(file->current(), second);  // nothing changed
}

TEST_F(JwksFileTest, ASpoiltFileLeavesTheLastGoodSet) {
  write(TokenMinter::generate(Algorithm::kEdDsa)->jwks());
  const auto file = *open();
  const auto first = file->current();
  write("{");
  for (int i = 0; i < 3; ++i) {
    clock_.advance_s(1);
    EXPECT_EQ(file->current(), first);
  }
  EXPECT_TRUE(file->stale());
  EXPECT_EQ(reports_, 1);
  std::filesystem::remove(path_);
  clock_.advance_s(1);
  EXPECT_EQ(file->current(), first);
  write(R"({"keys":[]})");  // everything revoked
  clock_.advance_s(1);
  EXPECT_TRUE(file->current()->keys.empty());
  EXPECT_FALSE(file->stale());
}

TEST_F(JwksFileTest, MustBeGoodAtTheStart) {
  EXPECT_FALSE(open());
  for (const char* text : {"", "{}", R"({"keys":[]})", R"({"keys":[{"kty":"oct","k":"AAAA"}]})"}) {
    write(text);
    const auto file = open();
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().code, schemas::StatusCode::kConfig);
  }
}

}  // namespace
}  // namespace satindex::http
