// AccessRecorder: stands between the endpoints and the trail service, so that no answer with
// others' rows leaves before it is recorded and its now is durable (CONTRACT 1.4, 2; INV-5). When
// either cannot be done, the page is read again without others' rows. Thread-safe; a call may wait
// for the sink, up to the sink's deadline. Holds no state of its own but when recording failed
// last.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "app/clock_floor.h"
#include "indexer/ingest/record_sink.h"
#include "query/trail/service.h"
#include "schemas/time.h"

namespace satindex::app {

class AccessRecorder {
 public:
  // All outlive it.
  AccessRecorder(const trail::TrailService& service, ingest::RecordSink& sink, ClockFloor& floor,
                 const schemas::Clock& clock)
      : service_(service), sink_(sink), floor_(floor), clock_(clock) {}

  schemas::Result<trail::Page> read(const trail::Caller& caller,
                                    const trail::AuditTrailQuery& query);

  uint64_t recorded() const { return recorded_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  bool failing() const;
  bool may_leave(const trail::Caller& caller, const trail::AuditTrailQuery& query,
                 const trail::Page& page);

  const trail::TrailService& service_;
  ingest::RecordSink& sink_;
  ClockFloor& floor_;
  const schemas::Clock& clock_;
  std::atomic<int64_t> failed_boot_ns_{INT64_MIN / 2};
  std::atomic<uint64_t> recorded_{0};
  std::atomic<uint64_t> failed_{0};
};

// One JSON object (schemas/json/access_record.schema.json). Pure.
std::string access_record_json(const trail::Caller& caller, const trail::AuditTrailQuery& query,
                               const trail::Page& page, int64_t now_ns);

}  // namespace satindex::app
