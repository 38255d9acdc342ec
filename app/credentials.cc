#include "app/credentials.h"

namespace satindex::app {

using schemas::Result;

Result<std::unique_ptr<http::JwtAuthenticator>> open_authenticator(
    const RunSettings& settings, http::HttpMetrics* metrics,
    std::function<void(const schemas::Status&)> report) {
  const schemas::Clock& clock = schemas::system_clock();
  auto jwks = http::JwksFile::open(settings.jwks, &clock, std::move(report));
  if (!jwks) return schemas::config_error("--jwks: " + jwks.error().message);
  http::JwtSettings jwt;
  jwt.claims.issuer = settings.jwt_issuer;
  jwt.claims.audience = settings.jwt_audience;
  return http::JwtAuthenticator::create(
      jwt, [file = *jwks] { return file->current(); }, &clock, metrics);
}

}  // namespace satindex::app
