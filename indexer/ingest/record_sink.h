// RecordSink: the seam through which records leave: dead letters and access records. Thread-safe.
// Every record is answered exactly once, acknowledged or failed, at the latest by the sink's own
// deadline; the answer comes on a thread of the sink and must not block it. After a failure the
// record may still have arrived (at least once).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/status.h"

namespace satindex::ingest {

struct SinkRecord {
  std::string key;
  std::vector<std::pair<std::string, std::optional<std::string>>>
      headers;                       // nullopt: a null header value
  std::optional<std::string> value;  // nullopt: a null record
};

using SinkAnswer = std::function<void(bool acknowledged)>;

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // The record is copied (or handed on) before this returns. Does not wait for the answer.
  virtual void append(const SinkRecord& record, SinkAnswer answer) = 0;
};

}  // namespace satindex::ingest
