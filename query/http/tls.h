// The TLS side of a listener: certificate chain and key, and optionally a CA that clients'
// certificates must come from. Made once at start-up, then constant.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "schemas/status.h"

namespace satindex::http {

struct TlsSettings {
  std::string certificate_file;  // PEM chain, the own first
  std::string key_file;          // PEM, no pass phrase
  std::string client_ca_file;    // PEM; empty: clients need no certificate
};

// kConfig naming the setting, when a file cannot be used or key and certificate do not belong
// together.
schemas::Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(
    const TlsSettings& settings);

}  // namespace satindex::http
