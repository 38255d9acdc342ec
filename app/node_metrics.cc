#include "app/node_metrics.h"

#include <prometheus/gauge.h>

namespace satindex::app {

NodeMetrics::NodeMetrics()
    : registry_(std::make_unique<prometheus::Registry>()),
      access_records_(counter("satindex_access_records_total",
                              "Answers with others' rows that were recorded.")),
      access_failures_(counter(
          "satindex_access_record_failures_total",
          "Access records that were not acknowledged; their answers left without others' rows.")),
      clock_failures_(
          counter("satindex_clock_failures_total",
                  "Answers that lost others' rows because the latest now could not be kept.")),
      clock_accepted_(counter("satindex_clock_accepted_total", "Starts with --accept-clock.")) {
  prometheus::BuildGauge()
      .Name("satindex_build_info")
      .Help("Always 1; the release is the label.")
      .Register(*registry_)
      .Add({{"version", SATINDEX_VERSION}})
      .Set(1);
}

prometheus::Counter* NodeMetrics::counter(const char* name, const char* help) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add({});
}

}  // namespace satindex::app
