#include "app/credentials.h"

#include "query/http/jwks_url.h"

namespace satindex::app {

using schemas::Result;

namespace {

using Report = std::function<void(const schemas::Status&)>;

struct Keys {
  http::KeySource source;
  std::function<void()> missed;
};

Result<Keys> open_keys(const std::string& jwks, const schemas::Clock& clock, Report report) {
  if (jwks.find("://") != std::string::npos) {
    auto url = http::JwksUrl::open(jwks, std::move(report));
    if (!url) return url.error();
    return Keys{[keys = *url] { return keys->current(); }, [keys = *url] { keys->look_soon(); }};
  }
  auto file = http::JwksFile::open(jwks, &clock, std::move(report));
  if (!file) return file.error();
  return Keys{[keys = *file] { return keys->current(); }, {}};
}

}  // namespace

Result<std::unique_ptr<http::JwtAuthenticator>> open_authenticator(const RunSettings& settings,
                                                                   http::HttpMetrics* metrics,
                                                                   Report report) {
  const schemas::Clock& clock = schemas::system_clock();
  auto keys = open_keys(settings.jwks, clock, std::move(report));
  if (!keys) return schemas::Status{keys.error().code, "--jwks: " + keys.error().message};
  http::JwtSettings jwt;
  jwt.claims.issuer = settings.jwt_issuer;
  jwt.claims.audience = settings.jwt_audience;
  jwt.key_missed = std::move(keys->missed);
  return http::JwtAuthenticator::create(std::move(jwt), std::move(keys->source), &clock, metrics);
}

}  // namespace satindex::app
