#include "query/http/ops_endpoints.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "query/http/problem.h"
#include "query/http/target.h"

namespace satindex::http {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
// Prometheus 3 refuses a scrape without a valid type.
constexpr std::string_view kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

void OpsEndpoints::answer(const Request& request, Response* response) const {
  response->route = RouteName::kOps;
  const auto target = parse_target(request.target);
  if (!target) return write_status(target.error(), response);
  const std::string& path = target->segments.front();
  const bool known =
      target->segments.size() == 1 && (path == "livez" || path == "readyz" || path == "metrics");
  if (!known) return write_problem(Problem::kNotFound, {}, response);
  if (request.method != "GET") return write_problem(Problem::kMethodNotAllowed, {}, response);
  if (path == "metrics") return metrics(response);
  if (path == "readyz") {
    bool verbose = false;
    for (const Parameter& p : target->parameters)
      verbose = verbose || (p.name == "verbose" && p.value != "false");
    return readyz(verbose, response);
  }
  response->content_type = kText;
  response->body = "ok\n";
}

void OpsEndpoints::readyz(bool verbose, Response* response) const {
  const Readiness readiness = readiness_();
  response->status = readiness.ready ? 200 : 503;
  response->content_type = kText;
  if (!readiness.ready) response->headers += "Retry-After: 5\r\n";
  if (verbose) {
    for (const ReadinessCheck& check : readiness.checks) {
      response->body.append(check.ok ? "[+] " : "[-] ").append(check.name);
      if (!check.state.empty()) response->body.append(": ").append(check.state);
      response->body.push_back('\n');
    }
  }
  response->body.append(readiness.ready ? "ready\n" : "not ready\n");
}

void OpsEndpoints::metrics(Response* response) const {
  response->content_type = kMetricsText;
  response->body = prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace satindex::http
