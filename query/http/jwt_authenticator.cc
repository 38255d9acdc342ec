#include "query/http/jwt_authenticator.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "query/http/base64.h"
#include "query/http/http_metrics.h"
#include "query/http/strict_json.h"

namespace satindex::http {
namespace {

namespace json = boost::json;

constexpr size_t kTokenBytesMax = 16 * 1024;
// Keys tried for one token; a set with more of one algorithm and no key id in the token is no set
// of ours.
constexpr int kTriesMax = 8;

schemas::Status refuse(const char* why) { return {schemas::StatusCode::kUnauthorized, why}; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

struct TokenHeader {
  Algorithm algorithm = Algorithm::kEdDsa;
  std::string kid;
  bool has_kid = false;
};

// Only alg, kid, typ and crit are looked at: jku, jwk, x5u and x5c are an attacker's keys.
schemas::Result<TokenHeader> read_header(std::string_view part) {
  const auto bytes = base64url_decode(part);
  const auto object = bytes ? parse_strict_object(*bytes) : std::nullopt;
  if (!object) return refuse("the token's header is malformed");
  TokenHeader out;
  const json::string* alg = string_member(*object, "alg");
  if (alg == nullptr) return refuse("the token names no algorithm");
  const auto known = {Algorithm::kRs256, Algorithm::kEs256, Algorithm::kEdDsa};
  const auto* found = std::find_if(known.begin(), known.end(), [&](Algorithm a) {
    return algorithm_name(a) == std::string_view(alg->data(), alg->size());
  });
  if (found == known.end()) return refuse("the token's algorithm is not accepted");
  out.algorithm = *found;
  if (object->contains("crit"))
    return refuse("the token demands an extension that is not understood");
  if (const json::value* typ = object->if_contains("typ")) {
    // A token made for another purpose (logout, dpop, …) says so here.
    const json::string* text = typ->if_string();
    std::string_view type = text != nullptr ? std::string_view(text->data(), text->size()) : "?";
    if (type.size() > 12 && equal_ignoring_case(type.substr(0, 12), "application/"))
      type.remove_prefix(12);
    if (!equal_ignoring_case(type, "JWT") && !equal_ignoring_case(type, "at+jwt")) {
      return refuse("the token's type is not accepted");
    }
  }
  if (const json::value* kid = object->if_contains("kid")) {
    if (!kid->is_string()) return refuse("the token's key id is malformed");
    out.kid.assign(kid->get_string().data(), kid->get_string().size());
    out.has_kid = true;
  }
  return out;
}

bool signed_by_one(const KeySet& keys, const TokenHeader& header, std::string_view message,
                   std::string_view signature) {
  int tries = 0;
  for (const VerificationKey& key : keys.keys) {
    if (key.algorithm != header.algorithm || (header.has_kid && key.kid != header.kid)) continue;
    if (++tries > kTriesMax) return false;
    if (key.verify(message, signature)) return true;
  }
  return false;
}

schemas::Result<std::string_view> bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer";
  if (authorization.empty()) return refuse("a bearer token is required");
  const size_t space = authorization.find(' ');
  if (space == std::string_view::npos ||
      !equal_ignoring_case(authorization.substr(0, space), kScheme)) {
    return refuse("a bearer token is required");
  }
  const size_t begin = authorization.find_first_not_of(' ', space);
  if (begin == std::string_view::npos) return refuse("a bearer token is required");
  const std::string_view token = authorization.substr(begin);
  if (token.size() > kTokenBytesMax) return refuse("the token is too long");
  return token;
}

}  // namespace

schemas::Result<std::unique_ptr<JwtAuthenticator>> JwtAuthenticator::create(
    JwtSettings settings, KeySource keys, const schemas::Clock* clock, HttpMetrics* metrics) {
  if (settings.claims.issuer.empty()) return schemas::config_error("the token issuer is not set");
  if (settings.claims.audience.empty())
    return schemas::config_error("the token audience is not set");
  if (settings.claims.leeway_s < 0 || settings.claims.leeway_s > 60) {
    return schemas::config_error("the leeway for token times must be 0 to 60 seconds");
  }
  return std::unique_ptr<JwtAuthenticator>(
      new JwtAuthenticator(std::move(settings), std::move(keys), clock, metrics));
}

JwtAuthenticator::JwtAuthenticator(JwtSettings settings, KeySource keys,
                                   const schemas::Clock* clock, HttpMetrics* metrics)
    : settings_(std::move(settings)),
      keys_(std::move(keys)),
      clock_(clock),
      metrics_(metrics),
      cache_(settings_.cached_tokens_max) {}

schemas::Result<std::shared_ptr<const trail::Caller>> JwtAuthenticator::authenticate(
    std::string_view authorization) {
  auto caller = check(authorization);
  if (!caller && metrics_ != nullptr) metrics_->auth_failure(caller.error().code);
  return caller;
}

schemas::Result<std::shared_ptr<const trail::Caller>> JwtAuthenticator::check(
    std::string_view authorization) {
  const auto token = bearer(authorization);
  if (!token) return token.error();
  const std::shared_ptr<const KeySet> keys = keys_();
  if (!keys) return schemas::unavailable("no key set is loaded");
  const TokenHash hash = sha256(*token);
  auto known = cache_.find(hash);
  const bool hit = known && known->generation == keys->generation;
  if (metrics_ != nullptr) metrics_->token_cache(hit);
  if (!hit) {
    auto fresh = verify(*token, *keys);
    if (!fresh) return fresh.error();
    known = std::move(*fresh);
  }
  const int64_t now_s = clock_->wall_ns() / schemas::kNanosPerSecond;
  if (now_s >= known->expires_s) {
    cache_.erase(hash);
    return refuse("the token has expired");
  }
  if (now_s < known->not_before_s) return refuse("the token is not valid yet");
  if (!hit) cache_.insert(hash, *known);
  return known->caller;
}

schemas::Result<VerifiedToken> JwtAuthenticator::verify(std::string_view token,
                                                        const KeySet& keys) const {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return refuse("the token is not a signed JWT");
  }
  const auto header = read_header(token.substr(0, first));
  if (!header) return header.error();
  const bool named = std::any_of(keys.keys.begin(), keys.keys.end(),
                                 [&](const VerificationKey& k) { return k.kid == header->kid; });
  if (header->has_kid && !named && settings_.key_missed) settings_.key_missed();
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!signature || !signed_by_one(keys, *header, token.substr(0, second), *signature)) {
    return refuse("the token's signature is not that of a known key");
  }
  const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  if (!payload) return refuse("the token's claims are malformed");
  auto claims = read_claims(*payload, settings_.claims);
  if (!claims) return claims.error();
  if (!claims->has_scope) {
    // Expiry is judged first by authenticate() for good tokens; an expired one without scope must
    // still be 401.
    if (clock_->wall_ns() / schemas::kNanosPerSecond >= claims->expires_s)
      return refuse("the token has expired");
    return schemas::Status{schemas::StatusCode::kForbidden,
                           "the token has neither scope sat:screen nor sat:report"};
  }
  return VerifiedToken{std::make_shared<const trail::Caller>(std::move(claims->caller)),
                       claims->not_before_s, claims->expires_s, keys.generation};
}

}  // namespace satindex::http
