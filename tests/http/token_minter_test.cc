#include "query/http/token_minter.h"

#include <gtest/gtest.h>

namespace satindex::http {
namespace {

TEST(TokenMinter, RoundTripsThroughPem) {
  for (const Algorithm a : {Algorithm::kEdDsa, Algorithm::kEs256, Algorithm::kRs256}) {
    const auto made = *TokenMinter::generate(a);
    const auto read = TokenMinter::from_pem(made.private_pem());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->algorithm(), a);
    EXPECT_EQ(read->jwks(), made.jwks());
    EXPECT_EQ(read->kid().size(), 43u);
    const auto set = parse_jwks(made.jwks());
    ASSERT_TRUE(set);
    ASSERT_EQ(set->keys.size(), 1u);
    EXPECT_EQ(set->keys[0].kid, made.kid());
    const std::string token = read->sign_raw("{}", "{}");
    EXPECT_EQ(token.substr(0, 8), "e30.e30.");
    EXPECT_EQ(made.jwks().find("\"d\""), std::string::npos);
  }
}

TEST(TokenMinter, RefusesOtherKeys) {
  for (const char* pem :
       {"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    const auto read = TokenMinter::from_pem(pem);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, schemas::StatusCode::kConfig);
  }
}

// RFC 7638, 3.1 has an RSA example; RFC 8037, A.3 this Ed25519 one, whose private key is in A.1.
TEST(TokenMinter, ThumbprintIsThatOfTheRfc) {
  const auto key = TokenMinter::from_pem(
      "-----BEGIN PRIVATE "
      "KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END "
      "PRIVATE KEY-----\n");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

}  // namespace
}  // namespace satindex::http
