#include "query/http/token_minter.h"

#include <openssl/pem.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "query/http/base64.h"
#include "query/http/sha256.h"

namespace satindex::http {
namespace {

constexpr size_t kEs256HalfBytes = 32;

std::string number_member(EVP_PKEY* key, const char* name, size_t bytes_min) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const BignumPtr number(raw);
  std::string bytes(std::max(bytes_min, static_cast<size_t>(BN_num_bytes(raw))), '\0');
  BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return base64url_encode(bytes);
}

std::string raw_signature(std::string_view der) {
  const auto* p = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignaturePtr signature(d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size())));
  SATINDEX_INVARIANT(signature != nullptr, "a signature just made is readable");
  std::string out(2 * kEs256HalfBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kEs256HalfBytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kEs256HalfBytes, kEs256HalfBytes);
  return out;
}

std::string make_signature(Algorithm algorithm, EVP_PKEY* key, const std::string& message) {
  DigestContextPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm == Algorithm::kEdDsa ? nullptr : EVP_sha256();
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  size_t length = 0;
  bool ok = context && EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
            EVP_DigestSign(context.get(), nullptr, &length, bytes, message.size()) == 1;
  std::string out(length, '\0');
  ok = ok && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length,
                            bytes, message.size()) == 1;
  SATINDEX_INVARIANT(ok, "a key of ours can sign");
  out.resize(length);
  return algorithm == Algorithm::kEs256 ? raw_signature(out) : out;
}

}  // namespace

schemas::Result<TokenMinter> TokenMinter::generate(Algorithm algorithm) {
  EVP_PKEY* key = nullptr;
  switch (algorithm) {
    case Algorithm::kRs256:
      key = EVP_RSA_gen(2048);
      break;
    case Algorithm::kEs256:
      key = EVP_EC_gen("P-256");
      break;
    case Algorithm::kEdDsa:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
  }
  if (key == nullptr) return schemas::internal("no key could be made");
  return TokenMinter(algorithm, {key, EVP_PKEY_free});
}

schemas::Result<TokenMinter> TokenMinter::from_pem(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // An empty pass phrase instead of the default, which would ask on the terminal.
  EVP_PKEY* raw =
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, const_cast<char*>("")) : nullptr;
  if (raw == nullptr)
    return schemas::config_error("the signing key is not a readable private key in PEM");
  std::shared_ptr<EVP_PKEY> key(raw, EVP_PKEY_free);
  if (EVP_PKEY_is_a(raw, "RSA") == 1 && EVP_PKEY_get_bits(raw) >= 2048)
    return TokenMinter(Algorithm::kRs256, key);
  if (EVP_PKEY_is_a(raw, "EC") == 1 && EVP_PKEY_get_bits(raw) == 256)
    return TokenMinter(Algorithm::kEs256, key);
  if (EVP_PKEY_is_a(raw, "ED25519") == 1) return TokenMinter(Algorithm::kEdDsa, key);
  return schemas::config_error(
      "the signing key is none of RSA with 2048 bits or more, EC P-256, Ed25519");
}

std::string TokenMinter::private_pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) != 1) {
    return {};
  }
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(length)};
}

std::string TokenMinter::public_members() const {
  switch (algorithm_) {
    case Algorithm::kRs256:
      return R"("e":")" + number_member(key_.get(), OSSL_PKEY_PARAM_RSA_E, 1) +
             R"(","kty":"RSA","n":")" + number_member(key_.get(), OSSL_PKEY_PARAM_RSA_N, 1) + '"';
    case Algorithm::kEs256:
      return R"("crv":"P-256","kty":"EC","x":")" +
             number_member(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, kEs256HalfBytes) + R"(","y":")" +
             number_member(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, kEs256HalfBytes) + '"';
    case Algorithm::kEdDsa:
      break;
  }
  std::string raw(32, '\0');
  size_t length = raw.size();
  EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &length);
  return R"("crv":"Ed25519","kty":"OKP","x":")" + base64url_encode(raw) + '"';
}

std::string TokenMinter::kid() const {
  const std::string members = '{' + public_members() + '}';
  const Sha256 hash = sha256(members);
  return base64url_encode({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string TokenMinter::jwks() const {
  return R"({"keys":[{)" + public_members() + R"(,"use":"sig","alg":")" +
         std::string(algorithm_name(algorithm_)) + R"(","kid":")" + kid() + "\"}]}\n";
}

std::string TokenMinter::sign(const TokenClaims& claims) const {
  namespace json = boost::json;
  json::array users;
  for (const schemas::UserId& user : claims.user_ids)
    users.push_back(json::value(user.eui.to_string()));
  const json::object payload{{"iss", claims.issuer},
                             {"aud", claims.audience},
                             {"sub", claims.sub},
                             {"iat", claims.issued_s},
                             {"exp", claims.expires_s},
                             {"party_id", claims.party_id},
                             {"user_role", claims.user_role},
                             {"user_ids", std::move(users)},
                             {"scope", claims.scope}};
  const std::string header = R"({"alg":")" + std::string(algorithm_name(algorithm_)) +
                             R"(","typ":"at+jwt","kid":")" + kid() + R"("})";
  return sign_raw(header, json::serialize(payload));
}

std::string TokenMinter::sign_raw(const std::string& header, const std::string& payload) const {
  const std::string message = base64url_encode(header) + '.' + base64url_encode(payload);
  return message + '.' + base64url_encode(make_signature(algorithm_, key_.get(), message));
}

}  // namespace satindex::http
