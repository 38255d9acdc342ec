#include "tests/support/model/records.h"

#include <cstdio>
#include <utility>

namespace satindex::model {
namespace {

std::string quoted(const std::string& text, const Draw& draw) {
  std::string out = "\"";
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20 || (u < 0x80 && draw(200) == 0)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", u);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

using Members = std::vector<std::pair<std::string, std::string>>;

void add(Members* members, const char* name, const std::optional<std::string>& value,
         const Draw& draw) {
  if (value) {
    members->emplace_back(name, quoted(*value, draw));
  } else if (draw(8) == 0) {
    members->emplace_back(name, "null");
  }
}

std::string object(Members members, const Draw& draw) {
  if (draw(3) == 0) {
    for (size_t i = members.size(); i > 1; --i) {
      std::swap(members[i - 1], members[draw(static_cast<uint32_t>(i))]);
    }
  }
  bool spaces = draw(4) == 0;
  std::string out = spaces ? " {" : "{";
  bool first = true;
  for (const auto& [name, value] : members) {
    if (!first) out += spaces ? " ,\n" : ",";
    first = false;
    out += '"' + name + (spaces ? "\" : " : "\":") + value;
  }
  return out + (spaces ? " }\n" : "}");
}

}  // namespace

std::string to_json(const EventFields& event, const Draw& draw) {
  Members m;
  add(&m, "eventId", event.event_id, draw);
  add(&m, "timestamp", event.timestamp, draw);
  add(&m, "eventType", event.event_type, draw);
  add(&m, "userId", event.user_id, draw);
  add(&m, "userRole", event.user_role, draw);
  add(&m, "deviceId", event.device_id, draw);
  add(&m, "requestId", event.request_id, draw);
  add(&m, "serviceReferenceVariant", event.srv, draw);
  add(&m, "deviceType", event.device_type, draw);
  add(&m, "smetsVersion", event.smets_version, draw);
  add(&m, "responseCode", event.response_code, draw);
  if (event.command_variant)
    m.emplace_back("commandVariant", std::to_string(*event.command_variant));
  if (draw(4) == 0) {
    static const char* const kPayloads[] = {"\"AAECAwQ=\"", "{\"a\":[1,2,{\"b\":null}]}", "null",
                                            "[]", "{\"deviceId\":\"not ours\",\"timestamp\":7}"};
    m.emplace_back("payload", kPayloads[draw(5)]);
  }
  if (draw(10) == 0) m.emplace_back("somethingElse", "[true,-1.5e3,\"}\"]");
  return object(std::move(m), draw);
}

std::string to_json(const OwnershipFields& ownership, const Draw& draw) {
  Members m;
  add(&m, "deviceId", ownership.device_id, draw);
  add(&m, "relation", ownership.relation, draw);
  add(&m, "partyId", ownership.party_id, draw);
  add(&m, "validFrom", ownership.valid_from, draw);
  m.emplace_back("validTo", ownership.valid_to ? quoted(*ownership.valid_to, draw) : "null");
  m.emplace_back("version", std::to_string(ownership.version));
  if (ownership.withdrawn) {
    m.emplace_back("withdrawn", "true");
  } else if (draw(4) == 0) {
    m.emplace_back("withdrawn", draw(2) == 0 ? "false" : "null");
  }
  if (draw(10) == 0) m.emplace_back("source", "{\"system\":\"DM\"}");
  return object(std::move(m), draw);
}

std::string describe(const LogRecord& record) {
  return std::string(record.topic == Topic::kEvents ? "events" : "ownership") + '/' +
         std::to_string(record.partition) + '@' + std::to_string(record.offset) +
         " key=" + record.key + ' ' + record.value;
}

}  // namespace satindex::model
