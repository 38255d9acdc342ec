// NodeMetrics: the process's registry, and what app itself counts: access records and the clock.
// Owned by the node, outlives everything that registers in it. Thread-safe.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <memory>

#include "indexer/ingest/journal_sink.h"

namespace satindex::app {

class NodeMetrics {
 public:
  NodeMetrics();
  prometheus::Registry& registry() { return *registry_; }

  void access_record(bool acknowledged) {
    (acknowledged ? access_records_ : access_failures_)->Increment();
  }
  // An answer lost others' rows because its now could not be made durable.
  void clock_not_durable() { clock_failures_->Increment(); }
  // What the journal of access records says of itself; before each scrape.
  void journal(const ingest::JournalStatus& status);
  void clock_accepted() { clock_accepted_->Increment(); }

 private:
  prometheus::Counter* counter(const char* name, const char* help);
  prometheus::Gauge* gauge(const char* name, const char* help);

  const std::unique_ptr<prometheus::Registry> registry_;
  prometheus::Counter* const access_records_;
  prometheus::Counter* const access_failures_;
  prometheus::Counter* const clock_failures_;
  prometheus::Counter* const clock_accepted_;
  prometheus::Gauge* const journal_unforwarded_;
  prometheus::Gauge* const journal_bytes_;
  prometheus::Gauge* const journal_damaged_;
  prometheus::Gauge* const journal_lost_;
};

}  // namespace satindex::app
