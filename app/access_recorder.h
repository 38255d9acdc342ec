// AccessRecorder: stands between the endpoints and the trail service, so that no answer with
// others' rows leaves before it is recorded and its now is durable (CONTRACT 1.4, 2; INV-5). When
// the now cannot be made durable, the page is read without others' rows; when the record cannot,
// the endpoint asks again for such a page. Thread-safe; nobody waits for the sink on a thread.
// Holds no state of its own but when recording failed last.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "app/clock_floor.h"
#include "app/node_metrics.h"
#include "indexer/ingest/record_sink.h"
#include "query/http/trail_endpoints.h"
#include "query/trail/service.h"
#include "schemas/time.h"

namespace satindex::app {

class AccessRecorder {
 public:
  // All outlive it.
  AccessRecorder(const trail::TrailService& service, ingest::RecordSink& sink, ClockFloor& floor,
                 NodeMetrics& metrics, const schemas::Clock& clock)
      : service_(service), sink_(sink), floor_(floor), metrics_(metrics), clock_(clock) {}

  schemas::Result<http::ReadPage> read(const trail::Caller& caller,
                                       const trail::AuditTrailQuery& query);

 private:
  bool failing() const;
  schemas::Result<http::ReadPage> plain(const trail::Caller& caller,
                                        const trail::AuditTrailQuery& query) const;

  const trail::TrailService& service_;
  ingest::RecordSink& sink_;
  ClockFloor& floor_;
  NodeMetrics& metrics_;
  const schemas::Clock& clock_;
  std::atomic<int64_t> failed_boot_ns_{INT64_MIN / 2};
};

// One JSON object (schemas/json/access_record.schema.json). Pure.
std::string access_record_json(const trail::Caller& caller, const trail::AuditTrailQuery& query,
                               const trail::Page& page, int64_t now_ns);

}  // namespace satindex::app
