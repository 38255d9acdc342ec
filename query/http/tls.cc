#include "query/http/tls.h"

#include <openssl/ssl.h>

namespace satindex::http {
namespace {

namespace ssl = boost::asio::ssl;

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_bytes,
                    const unsigned char* in, unsigned int in_bytes, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_bytes, kHttp11, sizeof kHttp11 - 1, in, in_bytes) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

schemas::Status bad(const char* setting) {
  return schemas::config_error(std::string(setting) + ": the file cannot be used");
}

}  // namespace

schemas::Result<std::shared_ptr<ssl::context>> make_tls_context(const TlsSettings& settings) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  // Without one, a client with a certificate could not resume a session.
  SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>("satindex"), 8);
  boost::system::error_code ec;
  context->use_certificate_chain_file(settings.certificate_file, ec);
  if (ec) return bad("tls-cert");
  context->use_private_key_file(settings.key_file, ssl::context::pem, ec);
  if (ec || SSL_CTX_check_private_key(native) != 1) return bad("tls-key");
  if (!settings.client_ca_file.empty()) {
    context->load_verify_file(settings.client_ca_file, ec);
    if (ec) return bad("tls-client-ca");
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, ec);
    if (STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(settings.client_ca_file.c_str())) {
      SSL_CTX_set_client_CA_list(native, names);
    }
  }
  return context;
}

}  // namespace satindex::http
