#include "query/http/jwk.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>

#include "query/http/base64.h"
#include "query/http/strict_json.h"

namespace satindex::http {
namespace {

namespace json = boost::json;

constexpr size_t kKeysMax = 64;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;  // a verification must stay cheap for us
constexpr size_t kEs256HalfBytes = 32;
constexpr size_t kEd25519Bytes = 32;

std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) {
  return key != nullptr ? std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free) : nullptr;
}

std::optional<std::string> bytes_member(const json::object& jwk, std::string_view name) {
  const json::string* text = string_member(jwk, name);
  if (text == nullptr) return std::nullopt;
  return base64url_decode({text->data(), text->size()});
}

BignumPtr bignum(const std::string& bytes) {
  return BignumPtr(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()), nullptr));
}

std::shared_ptr<EVP_PKEY> from_params(const char* type, OSSL_PARAM_BLD* builder) {
  ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return share(key);
}

std::shared_ptr<EVP_PKEY> rsa_key(const json::object& jwk) {
  const auto n = bytes_member(jwk, "n");
  const auto e = bytes_member(jwk, "e");
  if (!n || !e || n->size() > kRsaBitsMax / 8 || e->empty() || e->size() > 4) return nullptr;
  const BignumPtr modulus = bignum(*n);
  const BignumPtr exponent = bignum(*e);
  if (!modulus || !exponent || BN_num_bits(modulus.get()) < kRsaBitsMin) return nullptr;
  if (BN_is_odd(modulus.get()) == 0 || BN_is_odd(exponent.get()) == 0 ||
      BN_is_one(exponent.get()) == 1) {
    return nullptr;
  }
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return from_params("RSA", builder.get());
}

std::shared_ptr<EVP_PKEY> p256_key(const json::object& jwk) {
  const auto x = bytes_member(jwk, "x");
  const auto y = bytes_member(jwk, "y");
  if (!x || !y || x->size() != kEs256HalfBytes || y->size() != kEs256HalfBytes) return nullptr;
  const std::string point = '\x04' + *x + *y;  // uncompressed
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  auto key = from_params("EC", builder.get());
  if (!key) return nullptr;
  KeyContextPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return check && EVP_PKEY_public_check(check.get()) == 1 ? key
                                                          : nullptr;  // the point is on the curve
}

std::shared_ptr<EVP_PKEY> ed25519_key(const json::object& jwk) {
  const auto x = bytes_member(jwk, "x");
  if (!x || x->size() != kEd25519Bytes) return nullptr;
  return share(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(x->data()), x->size()));
}

bool is_member(const json::object& jwk, std::string_view name, std::string_view wanted) {
  const json::string* text = string_member(jwk, name);
  return text != nullptr && std::string_view(text->data(), text->size()) == wanted;
}

// Absent, or exactly this.
bool allows(const json::object& jwk, std::string_view name, std::string_view wanted) {
  return jwk.if_contains(json::string_view(name.data(), name.size())) == nullptr ||
         is_member(jwk, name, wanted);
}

bool allows_verify(const json::object& jwk) {
  const json::value* ops = jwk.if_contains("key_ops");
  if (ops == nullptr) return true;
  const json::array* list = ops->if_array();
  if (list == nullptr) return false;
  for (const json::value& op : *list) {
    if (op.is_string() && op.get_string() == "verify") return true;
  }
  return false;
}

std::optional<VerificationKey> read_key(const json::object& jwk) {
  VerificationKey out;
  if (!allows(jwk, "use", "sig") || !allows_verify(jwk)) return std::nullopt;
  if (is_member(jwk, "kty", "RSA")) {
    out.algorithm = Algorithm::kRs256;
    out.key = rsa_key(jwk);
  } else if (is_member(jwk, "kty", "EC") && is_member(jwk, "crv", "P-256")) {
    out.algorithm = Algorithm::kEs256;
    out.key = p256_key(jwk);
  } else if (is_member(jwk, "kty", "OKP") && is_member(jwk, "crv", "Ed25519")) {
    out.algorithm = Algorithm::kEdDsa;
    out.key = ed25519_key(jwk);
  }
  if (!out.key || !allows(jwk, "alg", algorithm_name(out.algorithm))) return std::nullopt;
  if (const json::value* kid = jwk.if_contains("kid")) {
    if (!kid->is_string()) return std::nullopt;
    out.kid.assign(kid->get_string().data(), kid->get_string().size());
  }
  return out;
}

// RFC 7518: r and s one after the other, 32 bytes each; OpenSSL wants DER.
std::optional<std::string> to_der(std::string_view raw) {
  if (raw.size() != 2 * kEs256HalfBytes) return std::nullopt;
  const auto* p = reinterpret_cast<const unsigned char*>(raw.data());
  BignumPtr r(BN_bin2bn(p, kEs256HalfBytes, nullptr));
  BignumPtr s(BN_bin2bn(p + kEs256HalfBytes, kEs256HalfBytes, nullptr));
  EcdsaSignaturePtr signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1)
    return std::nullopt;
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  if (length <= 0) return std::nullopt;
  std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return out;
}

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRs256:
      return "RS256";
    case Algorithm::kEs256:
      return "ES256";
    case Algorithm::kEdDsa:
      return "EdDSA";
  }
  return "";
}

bool VerificationKey::verify(std::string_view message, std::string_view signature) const {
  std::string der;
  if (algorithm == Algorithm::kEs256) {
    auto converted = to_der(signature);
    if (!converted) return false;
    der = std::move(*converted);
    signature = der;
  }
  DigestContextPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm == Algorithm::kEdDsa ? nullptr : EVP_sha256();
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) != 1)
    return false;
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

schemas::Result<KeySet> parse_jwks(std::string_view text) {
  const auto object = parse_strict_object(text);
  if (!object)
    return schemas::config_error("the key set is not one JSON object without repeated members");
  const json::value* keys = object->if_contains("keys");
  if (keys == nullptr || !keys->is_array())
    return schemas::config_error("the key set has no array `keys`");
  if (keys->get_array().size() > kKeysMax)
    return schemas::config_error("the key set has more than 64 keys");
  KeySet out;
  for (const json::value& jwk : keys->get_array()) {
    if (!jwk.is_object()) return schemas::config_error("a member of `keys` is not an object");
    if (auto key = read_key(jwk.get_object())) {
      out.keys.push_back(std::move(*key));
    } else {
      ++out.passed_over;
    }
  }
  return out;
}

}  // namespace satindex::http
