#include "query/http/trail_parameters.h"

#include <algorithm>

#include "schemas/limits.h"
#include "schemas/time.h"

namespace satindex::http {
namespace {

namespace limits = schemas::limits;
using schemas::Result;

struct Reading {
  TrailRequest out;
  bool on_device_route = false;
  bool has_scope = false;
  bool has_limit = false;
  std::optional<Format> format;
};

schemas::Status bad(const Parameter& p, const char* why) {
  return schemas::invalid(quotable(p.name) + ": " + why);
}

// Any legal time; what lies outside the times of events is moved to their edge, which selects the
// same rows.
std::optional<int64_t> read_time(const std::string& text) {
  const auto written = schemas::WrittenTime::parse(text);
  if (!written) return std::nullopt;
  if (written->seconds < 0) return 0;
  return written->event_ns().value_or(INT64_MAX);
}

Result<void> read_list(const Parameter& p, std::vector<std::string>* list) {
  std::string_view rest = p.value;
  for (;;) {
    const size_t end = rest.find(',');
    const std::string_view one = rest.substr(0, end);
    if (one.empty()) return bad(p, "an element of the list is empty");
    if (one.size() > limits::kStringBytesMax)
      return bad(p, "an element of the list is longer than 64 bytes");
    list->emplace_back(one);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  std::sort(list->begin(), list->end());
  list->erase(std::unique(list->begin(), list->end()), list->end());
  return {};
}

Result<void> read_limit(const Parameter& p, uint32_t* limit) {
  uint32_t value = 0;
  for (const char c : p.value) {
    if (c < '0' || c > '9') return bad(p, "not a whole number from 1");
    value = std::min(limits::kPageRowsMax, value * 10 + static_cast<uint32_t>(c - '0'));
  }
  if (value < 1) return bad(p, "not a whole number from 1");
  *limit = value;
  return {};
}

Result<void> read_window(const Parameter& p, Reading* reading) {
  const auto time = read_time(p.value);
  if (!time) return bad(p, "not a time like 2026-11-20T10:15:30Z");
  store::TimeWindow& window = reading->out.query.filters.window;
  if (p.name == "from") {
    window.from_ns = *time;
  } else if (p.name == "to") {
    window.to_ns = *time;
  } else {
    reading->out.query.min_ownership_ns = *time;
  }
  return {};
}

Result<void> read_one(const Parameter& p, Reading* reading) {
  trail::AuditTrailQuery& query = reading->out.query;
  trail::Filters& filters = query.filters;
  if (p.name == "from" || p.name == "to" || p.name == "minOwnership")
    return read_window(p, reading);
  if (p.name == "srv") return read_list(p, &filters.srv);
  if (p.name == "userRole") return read_list(p, &filters.user_role);
  if (p.name == "eventType") return read_list(p, &filters.event_type);
  if (p.name == "deviceType") return read_list(p, &filters.device_type);
  if (p.name == "requestId") {
    filters.request_id = schemas::RequestId::parse(p.value);
    return filters.request_id ? Result<void>() : bad(p, "not a request id");
  }
  if (p.name == "othersOnly") {
    filters.others_only = p.value == "true";
    return filters.others_only || p.value == "false" ? Result<void>()
                                                     : bad(p, "neither true nor false");
  }
  if (p.name == "limit") {
    reading->has_limit = true;
    return read_limit(p, &query.limit);
  }
  if (p.name == "cursor") {
    reading->out.cursor = p.value;
    return {};
  }
  if (p.name == "format") {
    reading->format = parse_format(p.value);
    return reading->format ? Result<void>() : bad(p, "none of json, ndjson, csv");
  }
  if (p.name == "scope" && !reading->on_device_route) {
    reading->has_scope = true;
    query.route = p.value == "own" ? trail::Route::kOwn : trail::Route::kOwned;
    return p.value == "own" || p.value == "owned" ? Result<void>()
                                                  : bad(p, "neither owned nor own");
  }
  return bad(p, "not a parameter of this route");
}

}  // namespace

Result<TrailRequest> read_trail_request(const std::optional<std::string>& device,
                                        const std::vector<Parameter>& parameters,
                                        std::string_view accept) {
  Reading reading;
  reading.on_device_route = device.has_value();
  if (device) {
    const auto eui = schemas::Eui64::parse_lenient(*device);
    if (!eui) return schemas::invalid("deviceId: not an EUI-64");
    reading.out.query.route = trail::Route::kDevice;
    reading.out.query.device = {*eui};
  }
  for (const Parameter& p : parameters) {
    // An empty value of a name we do not know is still an unknown parameter.
    if (p.value.empty()) return bad(p, "empty or not a parameter of this route");
    if (auto read = read_one(p, &reading); !read) return read.error();
  }
  if (!device && !reading.has_scope) return schemas::invalid("scope: required, owned or own");
  reading.out.format = reading.format.value_or(negotiate(accept));
  if (reading.out.format != Format::kJson) {
    if (reading.has_limit)
      return schemas::invalid("limit: not with a download, which is always whole");
    if (reading.out.cursor)
      return schemas::invalid("cursor: not with a download, which is always whole");
    reading.out.query.limit = limits::kPageRowsMax;
  }
  return std::move(reading.out);
}

}  // namespace satindex::http
