#include "app/node_metrics.h"

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
      clock_accepted_(counter("satindex_clock_accepted_total", "Starts with --accept-clock.")),
      journal_unforwarded_(
          gauge("satindex_access_journal_unforwarded",
                "Access records on the local disk that the topic has not acknowledged.")),
      journal_bytes_(gauge("satindex_access_journal_bytes",
                           "The journal of access records on the local disk.")),
      journal_damaged_(gauge("satindex_access_journal_damaged",
                             "1 while damage keeps the journal from being forwarded.")),
      journal_lost_(gauge("satindex_access_journal_lost",
                          "Access records passed over as damaged since the start.")) {
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

prometheus::Gauge* NodeMetrics::gauge(const char* name, const char* help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add({});
}

void NodeMetrics::journal(const ingest::JournalStatus& status) {
  journal_unforwarded_->Set(static_cast<double>(status.unforwarded));
  journal_bytes_->Set(static_cast<double>(status.disk_bytes));
  journal_damaged_->Set(status.damaged ? 1 : 0);
  journal_lost_->Set(static_cast<double>(status.lost));
}

}  // namespace satindex::app
