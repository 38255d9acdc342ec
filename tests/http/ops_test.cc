#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "query/http/http_metrics.h"
#include "query/http/ops_endpoints.h"

namespace satindex::http {
namespace {

class Ops : public testing::Test {
 protected:
  Response get(std::string_view target, std::string_view method = "GET") {
    Request request;
    request.method = method;
    request.target = target;
    Response response;
    ops_.answer(request, &response);
    return response;
  }
  Readiness readiness_{
      false, {{"store", true, "open"}, {"events", false, "lag 12"}, {"ownership", true, ""}}};
  prometheus::Registry registry_;
  OpsEndpoints ops_{[this] { return readiness_; }, &registry_};
};

TEST_F(Ops, LivezAndReadyz) {
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").body, "not ready\n");
  EXPECT_EQ(get("/readyz?verbose").body,
            "[+] store: open\n[-] events: lag 12\n[+] ownership\nnot ready\n");
  readiness_.ready = true;
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/readyz").body, "ready\n");
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/livez/x").status, 404);
  EXPECT_EQ(get("/livez", "POST").status, 405);
}

TEST_F(Ops, MetricsAreInTheTextFormat) {
  HttpMetrics metrics(&registry_);
  metrics.request_started();
  metrics.request_ended(RouteName::kDevice, 200, 0.002);
  metrics.request_started();
  metrics.request_ended(RouteName::kOwn, 503, 0.1);
  metrics.request_started();
  metrics.connection_opened();
  metrics.auth_failure(schemas::StatusCode::kForbidden);
  metrics.token_cache(true);
  metrics.timed_out(HttpMetrics::Timeout::kHandshake);
  metrics.refused(HttpMetrics::Refusal::kRequests);
  metrics.download_aborted();
  const Response r = get("/metrics");
  EXPECT_EQ(r.content_type, "text/plain; version=0.0.4; charset=utf-8");
  const auto has = [&r](const char* label, const char* value) {
    for (size_t at = r.body.find(label); at != std::string::npos; at = r.body.find(label, at + 1)) {
      const std::string line = r.body.substr(at, r.body.find('\n', at) - at);
      if (line.find(value) != std::string::npos && line.substr(line.size() - 2) == " 1")
        return true;
    }
    return false;
  };
  EXPECT_TRUE(has("satindex_http_requests_total{", "route=\"device\"")) << r.body;
  EXPECT_TRUE(has("satindex_http_requests_total{", "class=\"5xx\""));
  EXPECT_TRUE(has("satindex_http_request_seconds_count{", "route=\"own\""));
  EXPECT_TRUE(has("satindex_http_requests_in_flight", ""));
  EXPECT_TRUE(has("satindex_http_connections", ""));
  EXPECT_TRUE(has("satindex_http_auth_failures_total{", "forbidden"));
  EXPECT_TRUE(has("satindex_http_token_cache_total{", "hit"));
  EXPECT_TRUE(has("satindex_http_timeouts_total{", "handshake"));
  EXPECT_TRUE(has("satindex_http_refused_total{", "requests"));
  EXPECT_TRUE(has("satindex_http_downloads_aborted_total", ""));
}

}  // namespace
}  // namespace satindex::http
