#include "query/http/http_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <string>

namespace satindex::http {
namespace {

constexpr size_t kClasses = 5;  // 1xx to 5xx
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry* registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry);
}

prometheus::Gauge& gauge(prometheus::Registry* registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add({});
}

}  // namespace

// Everything is made at the start: a series that exists from zero can be alerted on, and no request
// takes the registry's lock.
struct HttpMetrics::Families {
  std::array<std::array<prometheus::Counter*, kClasses>, kRouteNames> requests{};
  std::array<prometheus::Histogram*, kRouteNames> seconds{};
  std::array<prometheus::Counter*, 2> refused{};
  std::array<prometheus::Counter*, 5> timeouts{};
  std::array<prometheus::Counter*, 3> auth_failures{};
  std::array<prometheus::Counter*, 2> token_cache{};
  prometheus::Histogram* gate_seconds = nullptr;
  prometheus::Counter* aborted = nullptr;
  prometheus::Gauge* in_flight = nullptr;
  prometheus::Gauge* connections = nullptr;

  explicit Families(prometheus::Registry* registry);
};

HttpMetrics::Families::Families(prometheus::Registry* registry) {
  auto& request_family =
      counters(registry, "satindex_http_requests_total", "Answers by route and class of status.");
  auto& seconds_family = prometheus::BuildHistogram()
                             .Name("satindex_http_request_seconds")
                             .Help(
                                 "From the whole request read to the whole answer written, the "
                                 "wait for its access record apart.")
                             .Register(*registry);
  for (size_t r = 0; r < kRouteNames; ++r) {
    const std::string route(route_label(static_cast<RouteName>(r)));
    seconds[r] = &seconds_family.Add({{"route", route}}, kSeconds);
    for (size_t c = 1; c < kClasses; ++c) {
      requests[r][c] =
          &request_family.Add({{"route", route}, {"class", std::to_string(c + 1) + "xx"}});
    }
    requests[r][0] = requests[r][1];  // there are no 1xx answers
  }
  gate_seconds = &prometheus::BuildHistogram()
                      .Name("satindex_http_access_record_wait_seconds")
                      .Help("How long answers with others' rows waited for their access record.")
                      .Register(*registry)
                      .Add({}, kSeconds);
  auto& refused_family =
      counters(registry, "satindex_http_refused_total", "Refused because a bound was reached.");
  refused = {&refused_family.Add({{"bound", "connections"}}),
             &refused_family.Add({{"bound", "requests"}})};
  auto& timeout_family = counters(registry, "satindex_http_timeouts_total",
                                  "Connections closed for lack of progress.");
  const char* const phases[] = {"idle", "header", "body", "write", "handshake"};
  for (size_t i = 0; i < timeouts.size(); ++i)
    timeouts[i] = &timeout_family.Add({{"phase", phases[i]}});
  auto& auth_family = counters(registry, "satindex_http_auth_failures_total",
                               "Requests without a good credential.");
  auth_failures = {&auth_family.Add({{"reason", "unauthorized"}}),
                   &auth_family.Add({{"reason", "forbidden"}}),
                   &auth_family.Add({{"reason", "unavailable"}})};
  auto& cache_family = counters(registry, "satindex_http_token_cache_total",
                                "Tokens found verified, and verified anew.");
  token_cache = {&cache_family.Add({{"result", "miss"}}), &cache_family.Add({{"result", "hit"}})};
  aborted =
      &counters(registry, "satindex_http_downloads_aborted_total", "Downloads broken off.").Add({});
  in_flight = &gauge(registry, "satindex_http_requests_in_flight", "Requests being answered.");
  connections = &gauge(registry, "satindex_http_connections", "Open connections.");
}

HttpMetrics::HttpMetrics(prometheus::Registry* registry)
    : families_(std::make_unique<Families>(registry)) {}
HttpMetrics::~HttpMetrics() = default;

void HttpMetrics::request_started() { families_->in_flight->Increment(); }

void HttpMetrics::request_ended(RouteName route, int status, double seconds) {
  families_->in_flight->Decrement();
  const auto r = static_cast<size_t>(route);
  const auto c = static_cast<size_t>(std::clamp(status / 100, 1, 5) - 1);
  families_->requests[r][c]->Increment();
  families_->seconds[r]->Observe(seconds);
}

void HttpMetrics::gate_waited(double seconds) { families_->gate_seconds->Observe(seconds); }

void HttpMetrics::connection_opened() { families_->connections->Increment(); }
void HttpMetrics::connection_closed() { families_->connections->Decrement(); }
void HttpMetrics::refused(Refusal why) {
  families_->refused[static_cast<size_t>(why)]->Increment();
}
void HttpMetrics::timed_out(Timeout what) {
  families_->timeouts[static_cast<size_t>(what)]->Increment();
}
void HttpMetrics::download_aborted() { families_->aborted->Increment(); }

void HttpMetrics::auth_failure(schemas::StatusCode code) {
  const size_t i = code == schemas::StatusCode::kUnauthorized ? 0
                   : code == schemas::StatusCode::kForbidden  ? 1
                                                              : 2;
  families_->auth_failures[i]->Increment();
}

void HttpMetrics::token_cache(bool hit) { families_->token_cache[hit ? 1 : 0]->Increment(); }

}  // namespace satindex::http
