// What does not change while the process runs: the API description, the audit screen and the SRV
// catalogue as JSON, with the headers each needs. Built once at start-up; constant, thread-safe,
// must outlive the server that sends it.
#pragma once

#include <string>
#include <string_view>

#include "query/http/message.h"

namespace satindex::http {

// Embedded at build time.
std::string_view embedded_openapi();
std::string_view embedded_screen_html();
std::string_view embedded_screen_css();
std::string_view embedded_screen_js();

class StaticContent {
 public:
  StaticContent();
  void screen(Response* response) const;
  void openapi(Response* response) const;
  void variants(Response* response) const;

 private:
  std::string screen_;          // one page, style and script inside
  std::string screen_headers_;  // a policy that allows exactly that style and that script, by hash
  std::string variants_;
};

}  // namespace satindex::http
