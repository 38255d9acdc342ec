// Attacks on the token, one row each (RFC 8725): every one must be 401 (or 403 where only the scope
// is missing).
#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "query/http/base64.h"
#include "query/http/jwt_authenticator.h"
#include "query/http/token_minter.h"
#include "tests/http/test_clock.h"

namespace satindex::http {
namespace {

namespace json = boost::json;
using schemas::StatusCode;

constexpr int64_t kNow = 1'800'000'000;

TokenClaims good_claims() {
  TokenClaims claims;
  claims.issuer = "https://issuer";
  claims.audience = "satindex";
  claims.sub = "sub-1";
  claims.party_id = "P1";
  claims.user_role = "IS";
  claims.user_ids = {{*schemas::Eui64::parse("90-B3-D5-1F-30-02-00-00")},
                     {*schemas::Eui64::parse("90-B3-D5-1F-30-01-00-00")}};
  claims.scope = "openid sat:screen";
  claims.issued_s = kNow - 10;
  claims.expires_s = kNow + 600;
  return claims;
}

class Jwt : public testing::Test {
 protected:
  Jwt() {
    KeySet set;
    for (const TokenMinter& minter : minters()) add(&set, minter);
    publish(std::move(set));
    clock_.set_wall_s(kNow);
    JwtSettings settings;
    settings.claims = {"https://issuer", "satindex", 30};
    settings.cached_tokens_max = 64;
    settings.key_missed = [this] { ++missed_; };
    authenticator_ = *JwtAuthenticator::create(
        settings, [this] { return keys_; }, &clock_, nullptr);
  }
  // Made once: an RSA key takes its time.
  static const std::vector<TokenMinter>& minters() {
    static const std::vector<TokenMinter> made = {*TokenMinter::generate(Algorithm::kEdDsa),
                                                  *TokenMinter::generate(Algorithm::kEs256),
                                                  *TokenMinter::generate(Algorithm::kRs256)};
    return made;
  }
  static void add(KeySet* set, const TokenMinter& minter) {
    const auto parsed = parse_jwks(minter.jwks());
    for (const VerificationKey& key : parsed->keys) set->keys.push_back(key);
  }
  void publish(KeySet set) {
    set.generation = ++generation_;
    keys_ = std::make_shared<const KeySet>(std::move(set));
  }
  const TokenMinter& ed() const { return minters()[0]; }
  const TokenMinter& es() const { return minters()[1]; }
  const TokenMinter& rs() const { return minters()[2]; }
  auto check(const std::string& token) { return authenticator_->authenticate("Bearer " + token); }
  int status(const std::string& token) {
    const auto caller = check(token);
    return caller                                             ? 200
           : caller.error().code == StatusCode::kForbidden    ? 403
           : caller.error().code == StatusCode::kUnauthorized ? 401
                                                              : 0;
  }
  static json::object payload() {
    return json::parse(*base64url_decode(
                           part(TokenMinter::generate(Algorithm::kEdDsa)->sign(good_claims()), 1)))
        .as_object();
  }
  static std::string part(const std::string& token, int n) {
    const size_t first = token.find('.');
    const size_t second = token.find('.', first + 1);
    return n == 0   ? token.substr(0, first)
           : n == 1 ? token.substr(first + 1, second - first - 1)
                    : token.substr(second + 1);
  }
  std::string signed_payload(const json::object& claims) const {
    return ed().sign_raw(R"({"alg":"EdDSA"})", json::serialize(claims));
  }

  TestClock clock_;
  std::shared_ptr<const KeySet> keys_;
  int missed_ = 0;
  uint64_t generation_ = 0;
  std::unique_ptr<JwtAuthenticator> authenticator_;
};

TEST_F(Jwt, AKeyThatIsMissingIsAskedForAndAnyOtherFaultIsNot) {
  const std::string claims = R"({"iss":"https://issuer"})";
  EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA","kid":"rotated"})", claims)), 401);
  EXPECT_EQ(missed_, 1);
  EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA"})", claims)), 401);
  EXPECT_EQ(status(es().sign_raw(R"({"alg":"ES256","kid":")" + ed().kid() + R"("})", claims)), 401);
  EXPECT_EQ(status("nonsense"), 401);
  EXPECT_EQ(status(ed().sign(good_claims())), 200);
  EXPECT_EQ(missed_, 1);
}

TEST_F(Jwt, AcceptsTheThreeAlgorithms) {
  for (const TokenMinter& minter : minters()) {
    const auto caller = check(minter.sign(good_claims()));
    ASSERT_TRUE(caller) << algorithm_name(minter.algorithm()) << ": " << caller.error().message;
    EXPECT_EQ((*caller)->sub, "sub-1");
    EXPECT_EQ((*caller)->party, "P1");
    EXPECT_EQ((*caller)->role, "IS");
    ASSERT_EQ((*caller)->user_ids.size(), 2u);
    EXPECT_LT((*caller)->user_ids[0], (*caller)->user_ids[1]);  // ascending
    EXPECT_EQ((*caller)->channel, trail::Channel::kScreen);
  }
}

TEST_F(Jwt, SchemeIsBearerInAnyCase) {
  const std::string token = ed().sign(good_claims());
  EXPECT_TRUE(authenticator_->authenticate("bearer " + token));
  EXPECT_TRUE(authenticator_->authenticate("BEARER   " + token));
  for (const std::string& bad :
       {std::string(), std::string("Bearer"), std::string("Bearer "), "Basic " + token, token,
        "Bearer " + token + " x", "Bearer " + token + "," + token, "Bearer\t" + token}) {
    EXPECT_FALSE(authenticator_->authenticate(bad)) << bad.substr(0, 20);
  }
}

TEST_F(Jwt, RefusesForgedHeaders) {
  const std::string claims = json::serialize(payload());
  const std::string kid = ed().kid();
  const std::string rs_kid = rs().kid();
  for (const std::string& header : {
           std::string(R"({"alg":"none"})"),
           std::string(R"({"alg":"None"})"),
           std::string(R"({"alg":"eddsa"})"),
           std::string(R"({"alg":"HS256"})"),
           std::string(R"({"alg":"RS256"})"),
           std::string(R"({"alg":"ES256"})"),
           std::string(R"({"alg":"RS512"})"),
           std::string(R"({"alg":""})"),
           std::string(R"({"alg":null})"),
           std::string(R"({"alg":["EdDSA"]})"),
           std::string(R"({})"),
           std::string(R"([])"),
           std::string("EdDSA"),
           std::string(R"({"alg":"EdDSA","crit":["exp"]})"),
           std::string(R"({"alg":"EdDSA","crit":[]})"),
           std::string(R"({"alg":"EdDSA","crit":null})"),
           std::string(R"({"alg":"EdDSA","b64":false,"crit":["b64"]})"),
           std::string(R"({"alg":"EdDSA","alg":"EdDSA"})"),
           std::string(R"({"alg":"none","a\u006cg":"EdDSA"})"),
           std::string(R"({"alg":"EdDSA","kid":"unknown"})"),
           std::string(R"({"alg":"EdDSA","kid":""})"),
           std::string(R"({"alg":"EdDSA","kid":7})"),
           std::string(R"({"alg":"EdDSA","kid":null})"),
           std::string(R"({"alg":"EdDSA","kid":"../../../../dev/null"})"),
           std::string(R"({"alg":"EdDSA","kid":"' OR 1=1 --"})"),
           R"({"alg":"EdDSA","kid":")" + rs_kid + R"("})",
           R"({"alg":"EdDSA","kid":")" + kid + R"(\u0000"})",
           std::string(R"({"alg":"EdDSA","typ":"logout+jwt"})"),
           std::string(R"({"alg":"EdDSA","typ":1})"),
       }) {
    EXPECT_EQ(status(ed().sign_raw(header, claims)), 401) << header;
  }
  // What is said about keys elsewhere is not looked at, with the good key it passes…
  const std::string jwk = R"("jku":"https://evil/jwks","x5u":"https://evil","x5c":["AAAA"])";
  EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA",)" + jwk + "}", claims)), 200);
  // …and with the attacker's key, which it carries, it does not.
  const auto evil = *TokenMinter::generate(Algorithm::kEdDsa);
  std::string evil_key = evil.jwks();
  evil_key = evil_key.substr(evil_key.find('[') + 1, evil_key.rfind(']') - evil_key.find('[') - 1);
  EXPECT_EQ(status(evil.sign_raw(R"({"alg":"EdDSA","jwk":)" + evil_key + "," + jwk + "}", claims)),
            401);
  EXPECT_EQ(status(evil.sign_raw(R"({"alg":"EdDSA","kid":")" + kid + R"("})", claims)), 401);
  EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA","typ":"application/at+JWT"})", claims)), 200);
}

TEST_F(Jwt, RefusesHs256WithAPublicKey) {
  const std::string claims = json::serialize(payload());
  for (const std::string& header :
       {std::string(R"({"alg":"HS256"})"), R"({"alg":"HS256","kid":")" + rs().kid() + R"("})"}) {
    const std::string message = base64url_encode(header) + '.' + base64url_encode(claims);
    for (const std::string& secret :
         {rs().jwks(), rs().private_pem(), ed().jwks(), std::string()}) {
      unsigned char mac[32];
      unsigned int length = 0;
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac, &length);
      EXPECT_EQ(status(message + '.' + base64url_encode({reinterpret_cast<char*>(mac), 32})), 401);
    }
  }
}

TEST_F(Jwt, RefusesSpoiltTokens) {
  for (const TokenMinter& minter : minters()) {
    const std::string token = minter.sign(good_claims());
    const std::string message = token.substr(0, token.rfind('.'));
    const std::string other = TokenMinter::generate(minter.algorithm())->sign(good_claims());
    for (const std::string& bad :
         {message, message + '.', message + ".AAAA", message + '.' + std::string(86, 'A'),
          message + token.substr(token.rfind('.')) + "=", token + '.', '.' + token, token + ".x",
          part(token, 0) + ".." + part(token, 2), message + '.' + part(other, 2),
          part(other, 0) + '.' + part(token, 1) + '.' + part(token, 2),
          token.substr(0, token.size() - 2), token + "AA", std::string(), std::string(".."),
          std::string("a.b.c"), std::string(20'000, 'a')}) {
      EXPECT_EQ(status(bad), 401) << bad.substr(0, 40);
    }
    for (size_t i = 0; i < token.size(); i += 7) {
      std::string spoilt = token;
      spoilt[i] = spoilt[i] == 'A' ? 'B' : 'A';
      EXPECT_EQ(status(spoilt), 401) << i;
    }
  }
}

TEST_F(Jwt, RefusesSpecialEcdsaSignatures) {
  const std::string token = es().sign(good_claims());
  const std::string message = token.substr(0, token.rfind('.'));
  const std::string raw = *base64url_decode(part(token, 2));
  for (const std::string& signature :
       {std::string(64, '\0'), std::string(64, '\xff'), raw.substr(1), raw + std::string(1, '\0'),
        std::string(32, '\0') + raw.substr(32), raw.substr(0, 32) + std::string(32, '\0')}) {
    EXPECT_EQ(status(message + '.' + base64url_encode(signature)), 401);
  }
}

TEST_F(Jwt, WantsEveryClaim) {
  EXPECT_EQ(status(signed_payload(payload())), 200);
  for (const char* name :
       {"iss", "aud", "exp", "sub", "party_id", "user_role", "user_ids", "scope"}) {
    json::object claims = payload();
    claims.erase(name);
    EXPECT_EQ(status(signed_payload(claims)), 401) << name;
    for (const json::value& wrong :
         {json::value(nullptr), json::value(true), json::value(json::object()), json::value(-1),
          json::value(json::array{1}), json::value(json::array{json::array()})}) {
      claims[name] = wrong;
      EXPECT_EQ(status(signed_payload(claims)), 401) << name << ' ' << json::serialize(wrong);
    }
    if (std::string(name) == "user_ids") continue;
    claims[name] = "";
    EXPECT_EQ(status(signed_payload(claims)), std::string(name) == "scope" ? 403 : 401) << name;
  }
}

TEST_F(Jwt, JudgesClaimValues) {
  struct Row {
    const char* name;
    json::value value;
    int status;
  };
  const std::string long_text(65, 'x');
  const Row table[] = {
      {"iss", "https://issuer/", 401},
      {"iss", "HTTPS://issuer", 401},
      {"iss", json::array{"https://issuer"}, 401},
      {"aud", json::array{"a", "satindex"}, 200},
      {"aud", json::array{}, 401},
      {"aud", json::array{"satindex2"}, 401},
      {"aud", json::array{"satindex", 1}, 401},
      {"aud", "satindex ", 401},
      {"exp", kNow - 29, 200},  // within the leeway
      {"exp", kNow - 30, 401},
      {"exp", kNow + 0.5, 200},
      {"exp", "1900000000", 401},
      {"exp", 1e300, 200},
      {"exp", -1e300, 401},
      {"exp", UINT64_MAX, 200},
      {"nbf", kNow + 30, 200},
      {"nbf", kNow + 31, 401},
      {"nbf", "x", 401},
      {"nbf", nullptr, 401},
      {"party_id", long_text.c_str(), 401},
      {"user_role", long_text.c_str(), 401},
      {"user_role", "SOMETHING NEW", 200},
      {"user_ids", json::array{}, 200},
      {"user_ids", json::array{"90-b3-d5-1f-30-01-00-00"}, 200},
      {"user_ids", json::array{"90b3d51f30010000"}, 401},
      {"user_ids", json::array{"90-B3-D5-1F-30-01-00"}, 401},
      {"user_ids", json::array{"90-B3-D5-1F-30-01-00-00", ""}, 401},
      {"user_ids", "90-B3-D5-1F-30-01-00-00", 401},
      {"scope", "sat:report", 200},
      {"scope", "openid", 403},
      {"scope", "sat:screenx", 403},
      {"scope", "SAT:SCREEN", 403},
      {"scope", "sat:screen,sat:report", 403},
      {"scope", json::array{"sat:screen"}, 401},
  };
  for (const Row& row : table) {
    json::object claims = payload();
    claims[row.name] = row.value;
    EXPECT_EQ(status(signed_payload(claims)), row.status)
        << row.name << ' ' << json::serialize(row.value);
  }
}

TEST_F(Jwt, RefusesAmbiguousClaims) {
  std::string claims = json::serialize(payload());
  for (const char* more : {R"(,"exp":1900000000})", R"(,"party_id":"P2"})",
                           R"(,"party\u005fid":"P2"})", R"(,"x":{"a":1,"a":2}})"}) {
    const std::string twice = claims.substr(0, claims.size() - 1) + more;
    EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA"})", twice)), 401) << more;
  }
  EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA"})", claims + "{}")), 401);
  EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA"})", "[" + claims + "]")), 401);
}

TEST_F(Jwt, ReportWinsOverScreen) {
  TokenClaims claims = good_claims();
  for (const char* scope : {"sat:report", "sat:screen sat:report", "sat:report sat:screen x"}) {
    claims.scope = scope;
    EXPECT_EQ((*check(ed().sign(claims)))->channel, trail::Channel::kReport) << scope;
  }
}

TEST_F(Jwt, CachedTokensExpireAndFollowTheKeys) {
  const std::string token = ed().sign(good_claims());
  const auto first = check(token);
  const auto second = check(token);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->get(), second->get());  // the cache's
  EXPECT_EQ(authenticator_->cached_tokens(), 1u);
  KeySet rotated;
  add(&rotated, rs());
  publish(std::move(rotated));
  EXPECT_EQ(status(token), 401);  // its key is gone
  EXPECT_EQ(status(rs().sign(good_claims())), 200);
  clock_.advance_s(629);
  EXPECT_EQ(status(rs().sign(good_claims())), 200);
  clock_.advance_s(1);
  EXPECT_EQ(status(rs().sign(good_claims())), 401);
}

TEST_F(Jwt, CacheIsBounded) {
  TokenClaims claims = good_claims();
  for (int i = 0; i < 300; ++i) {
    claims.sub = std::to_string(i);
    ASSERT_EQ(status(ed().sign(claims)), 200);
  }
  EXPECT_LE(authenticator_->cached_tokens(), 64u);
  EXPECT_GT(authenticator_->cached_tokens(), 30u);
}

TEST_F(Jwt, KeysSharingAnIdAreTriedByAlgorithm) {
  KeySet set;
  add(&set, *TokenMinter::generate(Algorithm::kEdDsa));
  add(&set, ed());
  add(&set, rs());
  for (auto& key : set.keys) key.kid = "same";
  publish(std::move(set));
  const std::string claims = json::serialize(payload());
  EXPECT_EQ(status(ed().sign_raw(R"({"alg":"EdDSA","kid":"same"})", claims)), 200);
  EXPECT_EQ(status(rs().sign_raw(R"({"alg":"RS256","kid":"same"})", claims)), 200);
  EXPECT_EQ(status(es().sign_raw(R"({"alg":"ES256","kid":"same"})", claims)), 401);
}

TEST(JwtSettingsTest, AreChecked) {
  TestClock clock;
  const auto keys = [] { return std::shared_ptr<const KeySet>(); };
  for (const ClaimRules& rules : {ClaimRules{"", "a", 0}, ClaimRules{"i", "", 0},
                                  ClaimRules{"i", "a", 61}, ClaimRules{"i", "a", -1}}) {
    const auto made = JwtAuthenticator::create({rules, 16, {}}, keys, &clock, nullptr);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, StatusCode::kConfig);
  }
}

}  // namespace
}  // namespace satindex::http
