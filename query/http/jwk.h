// Keys of a JWK set (RFC 7517) as verifiers, each pinned to the one algorithm its type allows (RFC
// 8725): RSA to RS256, EC P-256 to ES256, OKP Ed25519 to EdDSA. What a token's header says about
// algorithms only selects, it never decides. Immutable after parsing, thread-safe, shared. Parsing
// answers with a Status; a key that is of no use here (another type, `use` other than sig, RSA
// below 2048 bits) is passed over and counted, because issuers publish such keys beside ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/http/openssl_ptr.h"
#include "schemas/status.h"

namespace satindex::http {

enum class Algorithm : uint8_t { kRs256, kEs256, kEdDsa };
std::string_view algorithm_name(Algorithm algorithm);

struct VerificationKey {
  Algorithm algorithm = Algorithm::kEdDsa;
  std::string kid;  // empty: none
  std::shared_ptr<EVP_PKEY> key;

  // True when `signature`, in the form of RFC 7518, is that of `message` under this key and its own
  // algorithm.
  bool verify(std::string_view message, std::string_view signature) const;
};

struct KeySet {
  std::vector<VerificationKey> keys;
  size_t passed_over = 0;
  uint64_t generation = 0;  // differs between any two sets of one source
};

schemas::Result<KeySet> parse_jwks(std::string_view text);

}  // namespace satindex::http
