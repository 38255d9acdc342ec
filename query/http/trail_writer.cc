#include "query/http/trail_writer.h"

#include <charconv>
#include <cstring>

#include "query/http/json_text.h"
#include "schemas/srv_catalogue.h"
#include "schemas/time.h"

namespace satindex::http {
namespace {

// One entry's fields as they may be shown. Empty or negative: left out.
struct Shown {
  const trail::Entry& entry;
  std::string_view event_type;
  const schemas::RequestId* request = nullptr;
  std::string_view srv;
  std::string_view title;
  std::string_view role;
  std::string_view device_type;
  std::string_view smets_version;
  int variant = -1;
  std::string_view response_code;

  explicit Shown(const trail::Entry& e) : entry(e) {
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

void append_member(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out.append(name);
  append_json_string(value, out);
}

constexpr size_t kIntBytesMax = 11;
// An entry without its strings: the names of all members and what stands around them (at most 240
// bytes), the time, the request, the User, the device, the variant.
constexpr size_t kEntryFixedBytesMax = 240 + schemas::kTimeTextBytesMax +
                                       schemas::kRequestIdTextBytesMax +
                                       2 * schemas::kEuiTextBytes + kIntBytesMax;

template <size_t N>
char* put(const char (&text)[N], char* at) {
  std::memcpy(at, text, N - 1);
  return at + N - 1;
}

template <size_t N>
char* put_member(const char (&name)[N], std::string_view value, char* at) {
  return value.empty() ? at : write_json_string(value, put(name, at));
}

char* put_eui(schemas::Eui64 eui, char* at) {
  eui.write(at);
  return at + schemas::kEuiTextBytes;
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

void append_entry_json(const trail::Entry& entry, std::string& out) {
  const Shown shown(entry);
  const store::TrailRow& row = entry.row;
  size_t bytes_max = kEntryFixedBytesMax;
  for (const std::string_view text : {shown.event_type, shown.srv, shown.title, shown.role,
                                      shown.device_type, shown.smets_version, shown.response_code})
    bytes_max += json_string_bytes_max(text);
  const size_t before = out.size();
  out.resize(before + bytes_max);
  char* at = out.data() + before;
  at = put(R"({"timestamp":")", at);
  at = schemas::write_time(row.time_ns, row.decimals, at);
  at = put(R"(","eventType":)", at);
  at = write_json_string(shown.event_type, at);
  if (shown.request != nullptr) {
    at = put(R"(,"requestId":")", at);
    at = shown.request->write(at);
    *at++ = '"';
  }
  at = put_member(R"(,"serviceReferenceVariant":)", shown.srv, at);
  at = put_member(R"(,"title":)", shown.title, at);
  at = put(R"(,"userId":")", at);
  at = put_eui(row.user->user.eui, at);
  at = put(R"(","userRole":)", at);
  at = write_json_string(shown.role, at);
  if (row.device) {
    at = put(R"(,"deviceId":")", at);
    at = put_eui(row.device->eui, at);
    *at++ = '"';
  }
  at = put_member(R"(,"deviceType":)", shown.device_type, at);
  at = put_member(R"(,"smetsVersion":)", shown.smets_version, at);
  if (shown.variant >= 0) {
    at = put(R"(,"commandVariant":)", at);
    at = std::to_chars(at, at + kIntBytesMax, shown.variant).ptr;
  }
  at = put_member(R"(,"responseCode":)", shown.response_code, at);
  at = entry.own ? put(R"(,"own":true})", at) : put(R"(,"own":false})", at);
  out.resize(static_cast<size_t>(at - out.data()));
}

void append_page_json(const trail::Page& page, std::string_view next_cursor, std::string& out) {
  out.append(R"({"entries":[)");
  bool first = true;
  for (const trail::Entry& entry : page.entries) {
    if (!first) out.push_back(',');
    first = false;
    append_entry_json(entry, out);
  }
  out.push_back(']');
  append_member(R"(,"nextCursor":)", next_cursor, out);
  append_member(R"(,"crossUser":)", cross_user_name(page.cross_user), out);
  if (page.partial) out.append(R"(,"partial":true)");
  if (page.pending) out.append(R"(,"pending":true)");
  append_as_of(page, out);
  out.append("}\n");
}

void append_page_ndjson(const trail::Page& page, std::string& out) {
  for (const trail::Entry& entry : page.entries) {
    append_entry_json(entry, out);
    out.push_back('\n');
  }
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
