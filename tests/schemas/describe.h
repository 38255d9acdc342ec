// A decoded record as one line of text, every field of it: what two decodes are compared by, and
// shown as.
#pragma once

#include <string>

#include "schemas/sat_event.h"

namespace satindex::testing {

inline std::string describe(const schemas::SatEvent& e) {
  std::string text = "id=" + std::string(e.event_id) + " time=" + std::to_string(e.time_ns) + "/" +
                     std::to_string(e.decimals) + " type=" + std::string(e.event_type) +
                     " user=" + e.user.eui.to_string() + " role=" + std::string(e.user_role);
  text += " device=" + (e.device ? e.device->eui.to_string() : "-");
  text += " request=" + (e.request ? e.request->to_string() : "-");
  text += " srv=" + std::string(e.srv) + " device_type=" + std::string(e.device_type) +
          " smets=" + std::string(e.smets_version) + " code=" + std::string(e.response_code);
  return text + " variant=" + (e.command_variant ? std::to_string(*e.command_variant) : "-");
}

inline std::string describe(const schemas::WrittenTime& t) {
  return std::to_string(t.seconds) + "." + std::to_string(t.nanos) + "/" +
         std::to_string(t.decimals);
}

inline std::string describe(const schemas::OwnershipRecord& r) {
  return "device=" + r.device.eui.to_string() +
         " relation=" + std::to_string(static_cast<int>(r.relation)) +
         " party=" + std::string(r.party) + " from=" + describe(r.valid_from) +
         " to=" + (r.valid_to ? describe(*r.valid_to) : "open") +
         " version=" + std::to_string(r.version) + " withdrawn=" + (r.withdrawn ? "yes" : "no");
}

// Verdict, reason and record of one decode, by either path.
template <class Record, class Decoder>
std::string outcome(Decoder& decoder, std::string_view value, bool slow) {
  Record record;
  schemas::Unreadable reason{};
  const bool good =
      slow ? decoder.decode_slow(value, &record, &reason) : decoder.decode(value, &record, &reason);
  return good ? describe(record) : "unreadable: " + std::string(schemas::reason_name(reason));
}

}  // namespace satindex::testing
