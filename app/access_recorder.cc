#include "app/access_recorder.h"

#include <algorithm>
#include <vector>

#include "app/json_text.h"

namespace satindex::app {

using schemas::Result;
using trail::AuditTrailQuery;
using trail::Caller;
using trail::CrossUser;
using trail::Page;

namespace {

// After a failure nobody waits for the sink for this long: a page comes at once, without others'
// rows.
constexpr int64_t kBackoffNs = 2 * schemas::kNanosPerSecond;
// A record without its devices, as long as they are.
constexpr size_t kRecordBytes = 384;

bool shows_others(const Page& page) {
  return std::any_of(page.entries.begin(), page.entries.end(),
                     [](const trail::Entry& e) { return !e.own; });
}

std::string route_text(const AuditTrailQuery& query) {
  switch (query.route) {
    case trail::Route::kDevice:
      return "/v1/devices/" + query.device.eui.to_string() + "/audit-trail";
    case trail::Route::kOwned:
      return "/v1/audit-trail?scope=owned";
    case trail::Route::kOwn:
      return "/v1/audit-trail?scope=own";
  }
  return {};
}

void append_window(const store::TimeWindow& window, std::string& out) {
  const auto time = [&out](int64_t ns, bool open) {
    if (open) {
      out += "null";
    } else {
      out += '"';
      schemas::append_time(ns, 9, out);
      out += '"';
    }
  };
  out += "{\"from\":";
  time(window.from_ns, window.from_ns <= 0);
  out += ",\"to\":";
  time(window.to_ns, window.to_ns > schemas::kEventTimeMaxNs);
  out += '}';
}

void append_filters(const trail::Filters& filters, std::string& out) {
  out += '{';
  const auto list = [&out](const char* name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    if (out.back() != '{') out += ',';
    append_json_string(name, out);
    out += ':';
    append_json_list(values, out, append_json_string);
  };
  list("srv", filters.srv);
  list("userRole", filters.user_role);
  list("eventType", filters.event_type);
  list("deviceType", filters.device_type);
  if (filters.request_id) list("requestId", {filters.request_id->to_string()});
  if (filters.others_only) {
    if (out.back() != '{') out += ',';
    out += "\"othersOnly\":true";
  }
  out += '}';
}

}  // namespace

std::string access_record_json(const Caller& caller, const AuditTrailQuery& query, const Page& page,
                               int64_t now_ns) {
  std::vector<schemas::Eui64> devices;
  size_t rows = 0;
  for (const trail::Entry& entry : page.entries) {
    if (entry.own) continue;
    ++rows;
    // The rows of a page are as a rule one device's, one after the other.
    if (entry.row.device && (devices.empty() || devices.back() != entry.row.device->eui))
      devices.push_back(entry.row.device->eui);
  }
  std::sort(devices.begin(), devices.end());
  devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
  std::string out;
  out.reserve(kRecordBytes + devices.size() * (schemas::kEuiTextBytes + 3));
  out += "{\"sub\":";
  append_json_string(caller.sub, out);
  out += ",\"party\":";
  append_json_string(caller.party, out);
  out += ",\"role\":";
  append_json_string(caller.role, out);
  out += ",\"devices\":";
  append_json_list(devices, out, [](schemas::Eui64 device, std::string& to) {
    to += '"';
    device.append_to(to);
    to += '"';
  });
  out += ",\"route\":";
  append_json_string(route_text(query), out);
  out += ",\"window\":";
  append_window(query.filters.window, out);
  out += ",\"filters\":";
  append_filters(query.filters, out);
  out += ",\"rows\":" + std::to_string(rows) + ",\"time\":\"";
  schemas::append_time(now_ns, 9, out);
  out += "\"}";
  return out;
}

bool AccessRecorder::failing() const {
  return clock_.boot_ns() - failed_boot_ns_.load(std::memory_order_relaxed) < kBackoffNs;
}

Result<http::ReadPage> AccessRecorder::plain(const Caller& caller,
                                             const AuditTrailQuery& query) const {
  auto page = service_.read(caller, query);
  if (!page) return page.error();
  return http::ReadPage{std::move(*page), {}};
}

Result<http::ReadPage> AccessRecorder::read(const Caller& caller, const AuditTrailQuery& query) {
  // Rules 2 and 3 play no part: nothing to record, and no now that could give anything back.
  if (query.route == trail::Route::kOwn || query.withhold_others ||
      !service_.policy().cross_relation(caller)) {
    return plain(caller, query);
  }
  AuditTrailQuery withheld = query;
  withheld.withhold_others = true;
  // Entitled or not: "withheld" must not tell the two apart.
  if (failing()) return plain(caller, withheld);
  auto read = plain(caller, query);
  if (!read || read->page.cross_user == CrossUser::kWithheld) return read;
  // After the reading, so no earlier than the now that it used.
  const int64_t now = clock_.wall_ns();
  if (!floor_.cover(now)) {
    metrics_.clock_not_durable();
    return plain(caller, withheld);
  }
  if (!shows_others(read->page)) return read;
  ingest::SinkRecord record;
  record.key = caller.party;
  record.value = access_record_json(caller, query, read->page, now);
  read->before_leaving = [this, record = std::move(record)](std::function<void(bool)> done) {
    sink_.append(record, [this, done = std::move(done)](bool acknowledged) {
      metrics_.access_record(acknowledged);
      if (!acknowledged) failed_boot_ns_.store(clock_.boot_ns(), std::memory_order_relaxed);
      done(acknowledged);
    });
  };
  return read;
}

}  // namespace satindex::app
