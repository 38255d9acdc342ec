#include "query/http/sha256.h"

#include "query/http/openssl_ptr.h"
#include "schemas/status.h"

namespace satindex::http {

Sha256 sha256(std::string_view text) {
  static const DigestPtr algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const DigestContextPtr context(EVP_MD_CTX_new());
  Sha256 out;
  const bool ok = algorithm && context &&
                  EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) == 1 &&
                  EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
                  EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
  SATINDEX_INVARIANT(ok, "SHA-256 works");
  return out;
}

}  // namespace satindex::http
