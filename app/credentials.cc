#include "app/credentials.h"

#include "query/http/jwks_url.h"

namespace satindex::app {

using schemas::Result;

namespace {

using Report = std::function<void(const schemas::Status&)>;

Result<http::KeySource> open_keys(const std::string& jwks, const schemas::Clock& clock,
                                  Report report) {
  if (jwks.find("://") != std::string::npos) {
    auto url = http::JwksUrl::open(jwks, std::move(report));
    if (!url) return url.error();
    return http::KeySource([keys = *url] { return keys->current(); });
  }
  auto file = http::JwksFile::open(jwks, &clock, std::move(report));
  if (!file) return file.error();
  return http::KeySource([keys = *file] { return keys->current(); });
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
  return http::JwtAuthenticator::create(jwt, std::move(*keys), &clock, metrics);
}

}  // namespace satindex::app
