// table_rows events|ownership: NDJSON of the topics on stdin, tab-separated rows on stdout, for the
// databases that are loaded from a file. Decoding is done here, outside their clocks. EUIs become
// signed 64-bit numbers, absent fields empty text; the payload is left out, and of the eventId 16
// bits stay, as in the index.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <string>

#include "schemas/decoder.h"

namespace satindex::bench {
namespace {

bool write_event(schemas::EventDecoder& decoder, const std::string& line, std::string* out) {
  schemas::SatEvent e;
  schemas::Unreadable reason{};
  if (!decoder.decode(line, &e, &reason)) return false;
  const auto field = [&](std::string_view s) {
    out->push_back('\t');
    out->append(s);
  };
  out->append(std::to_string(e.time_ns / 1000));
  field(e.event_type);
  field(std::to_string(static_cast<int64_t>(e.user.eui.value)));
  field(e.user_role);
  field(std::to_string(e.device ? static_cast<int64_t>(e.device->eui.value) : 0));
  field(std::to_string(e.request ? e.request->counter : 0));
  field(e.srv);
  field(e.device_type);
  field(e.smets_version);
  field(e.response_code);
  field(std::to_string(e.command_variant ? *e.command_variant : -1));
  field(std::to_string(static_cast<int16_t>(std::hash<std::string_view>()(e.event_id))));
  out->push_back('\n');
  return true;
}

bool write_interval(schemas::OwnershipDecoder& decoder, const std::string& line, std::string* out) {
  schemas::OwnershipRecord r;
  schemas::Unreadable reason{};
  if (!decoder.decode(line, &r, &reason)) return false;
  out->append(std::to_string(static_cast<int64_t>(r.device.eui.value)));
  out->push_back('\t');
  out->append(std::to_string(static_cast<int>(r.relation)));
  out->push_back('\t');
  out->append(r.party);
  out->push_back('\n');
  return true;
}

int run(bool events) {
  std::ios::sync_with_stdio(false);
  schemas::EventDecoder event_decoder;
  schemas::OwnershipDecoder ownership_decoder;
  std::string line;
  std::string out;
  while (std::getline(std::cin, line)) {
    if (!(events ? write_event(event_decoder, line, &out)
                 : write_interval(ownership_decoder, line, &out)))
      return 1;
    if (out.size() < (1 << 16)) continue;
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 1;
    out.clear();
  }
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}

}  // namespace
}  // namespace satindex::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: table_rows events|ownership\n", stderr);
    return 78;
  }
  return satindex::bench::run(std::strcmp(argv[1], "events") == 0);
}
