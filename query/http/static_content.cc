#include "query/http/static_content.h"

#include <openssl/evp.h>

#include "query/http/json_text.h"
#include "query/http/sha256.h"
#include "schemas/srv_catalogue.h"
#include "schemas/status.h"

namespace satindex::http {
namespace {

// 'sha256-…' for a Content-Security-Policy.
std::string csp_hash(std::string_view text) {
  const Sha256 hash = sha256(text);
  unsigned char base64[4 * ((hash.size() + 2) / 3) + 1];
  const int length = EVP_EncodeBlock(base64, hash.data(), static_cast<int>(hash.size()));
  return "'sha256-" + std::string(reinterpret_cast<char*>(base64), static_cast<size_t>(length)) +
         "'";
}

void replace_once(std::string* text, std::string_view mark, std::string_view by) {
  const size_t at = text->find(mark);
  SATINDEX_INVARIANT(at != std::string::npos, "the screen has its marks");
  text->replace(at, mark.size(), by);
}

}  // namespace

StaticContent::StaticContent() : screen_(embedded_screen_html()) {
  replace_once(&screen_, "/*screen.css*/", embedded_screen_css());
  replace_once(&screen_, "/*screen.js*/", embedded_screen_js());
  screen_headers_ = "Content-Security-Policy: default-src 'none'; style-src " +
                    csp_hash(embedded_screen_css()) + "; script-src " +
                    csp_hash(embedded_screen_js()) +
                    "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                    "frame-ancestors 'none'\r\n"
                    "Referrer-Policy: no-referrer\r\n"
                    "Cross-Origin-Opener-Policy: same-origin\r\n"
                    "Cross-Origin-Resource-Policy: same-origin\r\n"
                    "X-Frame-Options: DENY\r\n";
  variants_ = R"({"variants":[)";
  for (const schemas::SrvEntry& entry : schemas::srv_catalogue()) {
    variants_ += variants_.back() == '[' ? R"({"srv":)" : R"(,{"srv":)";
    append_json_string(entry.srv, variants_);
    variants_ += R"(,"title":)";
    append_json_string(entry.title, variants_);
    variants_ += entry.critical ? R"(,"critical":true})" : R"(,"critical":false})";
  }
  variants_ += "]}\n";
}

void StaticContent::screen(Response* response) const {
  response->route = RouteName::kScreen;
  response->content_type = "text/html; charset=utf-8";
  response->headers += screen_headers_;
  response->fixed_body = screen_;
}

void StaticContent::openapi(Response* response) const {
  response->route = RouteName::kOpenapi;
  response->content_type = "application/yaml";
  response->fixed_body = embedded_openapi();
}

void StaticContent::variants(Response* response) const {
  response->route = RouteName::kVariants;
  response->content_type = "application/json";
  response->fixed_body = variants_;
}

}  // namespace satindex::http
