// NodeMetrics: the process's registry, and what app itself counts: access records and the clock.
// Owned by the node, outlives everything that registers in it. Thread-safe.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <memory>

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
  void clock_accepted() { clock_accepted_->Increment(); }

 private:
  prometheus::Counter* counter(const char* name, const char* help);

  const std::unique_ptr<prometheus::Registry> registry_;
  prometheus::Counter* const access_records_;
  prometheus::Counter* const access_failures_;
  prometheus::Counter* const clock_failures_;
  prometheus::Counter* const clock_accepted_;
};

}  // namespace satindex::app
