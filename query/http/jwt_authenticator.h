// JwtAuthenticator: bearer tokens (RFC 6750, 7519) signed with RS256, ES256 or EdDSA by a key of
// the key source. Built to RFC 8725: the key decides the algorithm, the header only selects among
// loaded keys; no key or URL inside a token is ever looked at; what is not understood (crit) is
// refused. Thread-safe; the key source, clock and metrics outlive it.
#pragma once

#include <functional>
#include <string>

#include "query/http/authenticator.h"
#include "query/http/claims.h"
#include "query/http/key_source.h"
#include "query/http/token_cache.h"
#include "schemas/time.h"

namespace satindex::http {

class HttpMetrics;

struct JwtSettings {
  ClaimRules claims;
  size_t cached_tokens_max = 16'384;
  // Called when a token names a key that is not in the set, so that its source may look again.
  std::function<void()> key_missed;
};

class JwtAuthenticator final : public Authenticator {
 public:
  // kConfig when issuer or audience is empty, or the leeway is not 0..60. `metrics` may be null.
  static schemas::Result<std::unique_ptr<JwtAuthenticator>> create(JwtSettings settings,
                                                                   KeySource keys,
                                                                   const schemas::Clock* clock,
                                                                   HttpMetrics* metrics);

  schemas::Result<std::shared_ptr<const trail::Caller>> authenticate(
      std::string_view authorization) override;
  size_t cached_tokens() { return cache_.size(); }

 private:
  JwtAuthenticator(JwtSettings settings, KeySource keys, const schemas::Clock* clock,
                   HttpMetrics* metrics);
  schemas::Result<std::shared_ptr<const trail::Caller>> check(std::string_view authorization);
  schemas::Result<VerifiedToken> verify(std::string_view token, const KeySet& keys) const;

  const JwtSettings settings_;
  const KeySource keys_;
  const schemas::Clock* const clock_;
  HttpMetrics* const metrics_;
  TokenCache cache_;
};

}  // namespace satindex::http
