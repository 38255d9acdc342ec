#include "query/http/trail_writer.h"

#include <charconv>

#include "query/http/entries_json.h"
#include "query/http/json_text.h"
#include "schemas/srv_catalogue.h"
#include "schemas/time.h"

namespace satindex::http {
namespace {

// One entry's fields as they may be shown. Empty or negative: left out.
struct Shown {
  std::string_view event_type;
  const schemas::RequestId* request = nullptr;
  std::string_view srv;
  std::string_view title;
  std::string_view role;
  std::string_view device_type;
  std::string_view smets_version;
  int variant = -1;
  std::string_view response_code;

  explicit Shown(const trail::Entry& e) {
    const store::TrailRow& row = e.row;
    event_type = row.outcome->first;
    if (e.show_request_id && row.request) request = &*row.request;
    srv = row.service->first;
    if (const schemas::SrvEntry* known = srv.empty() ? nullptr : schemas::find_srv(srv))
      title = known->title;
    role = row.user->first;
    device_type = row.device_attrs->first;
    smets_version = row.device_attrs->second;
    if (e.show_command_variant) variant = row.service->variant;
    if (e.show_response_code) response_code = row.outcome->second;
  }
};

void append_number(int value, std::string& out) {
  char digits[12];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_as_of(const trail::Page& page, std::string& out) {
  out.append(R"(,"asOf":{)");
  if (page.events_as_of_ns) {
    out.append(R"("events":")");
    schemas::append_time(*page.events_as_of_ns, 0, out);
    out.push_back('"');
  }
  if (page.ownership_as_of_ns) {
    out.append(page.events_as_of_ns ? R"(,"ownership":")" : R"("ownership":")");
    schemas::append_time(*page.ownership_as_of_ns, 0, out);
    out.push_back('"');
  }
  out.push_back('}');
}

std::string_view cross_user_name(trail::CrossUser value) {
  switch (value) {
    case trail::CrossUser::kNone:
      return "none";
    case trail::CrossUser::kIncluded:
      return "included";
    case trail::CrossUser::kWithheld:
      return "withheld";
  }
  return "none";
}

void append_csv(std::string_view value, std::string& out) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(value);
  } else {
    out.push_back('"');
    for (const char c : value) {
      if (c == '"') out.push_back('"');
      out.push_back(c);
    }
    out.push_back('"');
  }
  out.push_back(',');
}

void append_entry_csv(const trail::Entry& entry, std::string& out) {
  const Shown shown(entry);
  const store::TrailRow& row = entry.row;
  schemas::append_time(row.time_ns, row.decimals, out);
  out.push_back(',');
  append_csv(shown.event_type, out);
  if (shown.request != nullptr) shown.request->append_to(out);
  out.push_back(',');
  append_csv(shown.srv, out);
  append_csv(shown.title, out);
  row.user->user.eui.append_to(out);
  out.push_back(',');
  append_csv(shown.role, out);
  if (row.device) row.device->eui.append_to(out);
  out.push_back(',');
  append_csv(shown.device_type, out);
  append_csv(shown.smets_version, out);
  if (shown.variant >= 0) append_number(shown.variant, out);
  out.push_back(',');
  append_csv(shown.response_code, out);
  out.append(entry.own ? "true\r\n" : "false\r\n");
}

}  // namespace

void append_page_json(const trail::Page& page, std::string_view next_cursor, std::string& out) {
  out.append(R"({"entries":[)");
  append_entries_json(page.entries, ',', out);
  if (!page.entries.empty()) out.pop_back();
  out.push_back(']');
  append_json_member(R"(,"nextCursor":)", next_cursor, out);
  append_json_member(R"(,"crossUser":)", cross_user_name(page.cross_user), out);
  if (page.partial) out.append(R"(,"partial":true)");
  if (page.pending) out.append(R"(,"pending":true)");
  append_as_of(page, out);
  out.append("}\n");
}

void append_page_ndjson(const trail::Page& page, std::string& out) {
  append_entries_json(page.entries, '\n', out);
}

std::string_view csv_header() {
  return "timestamp,eventType,requestId,serviceReferenceVariant,title,userId,userRole,deviceId,"
         "deviceType,smetsVersion,"
         "commandVariant,responseCode,own\r\n";
}

void append_page_csv(const trail::Page& page, std::string& out) {
  for (const trail::Entry& entry : page.entries) append_entry_csv(entry, out);
}

}  // namespace satindex::http
