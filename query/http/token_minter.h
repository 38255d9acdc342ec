// TokenMinter: makes key pairs, key sets and signed tokens for `satindex token` and the demo. Not
// part of the serving path. A value that owns one private key; const use is thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "query/http/jwk.h"
#include "query/trail/caller.h"
#include "schemas/status.h"

namespace satindex::http {

struct TokenClaims {
  std::string issuer;
  std::string audience;
  std::string sub;
  std::string party_id;
  std::string user_role;
  std::vector<schemas::UserId> user_ids;
  std::string scope;  // "sat:screen", "sat:report" or both, separated by a space
  int64_t issued_s = 0;
  int64_t expires_s = 0;
};

class TokenMinter {
 public:
  static schemas::Result<TokenMinter> generate(Algorithm algorithm);
  // PKCS#8 PEM; the algorithm follows from the key's type. kConfig when it is none of ours.
  static schemas::Result<TokenMinter> from_pem(const std::string& pem);

  std::string private_pem() const;
  // A set with this one public key; its id is the RFC 7638 thumbprint.
  std::string jwks() const;
  std::string kid() const;
  Algorithm algorithm() const { return algorithm_; }

  std::string sign(const TokenClaims& claims) const;
  // Signs any header and payload as they are: for tests that need bad ones.
  std::string sign_raw(const std::string& header, const std::string& payload) const;

 private:
  TokenMinter(Algorithm algorithm, std::shared_ptr<EVP_PKEY> key)
      : algorithm_(algorithm), key_(std::move(key)) {}
  std::string public_members() const;  // the required members, in the order of RFC 7638

  Algorithm algorithm_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace satindex::http
