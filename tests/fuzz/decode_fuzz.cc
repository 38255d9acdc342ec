// Strategy: bytes from libFuzzer, through both decoders. The corpus is
// records of the contract; what it finds is kept by `./dev fuzz` under build/corpus.
// Invariants: the quick scanner and the slow path give one verdict, one reason and one record; no
// byte outside the record is read (address sanitizer: the copy has no slack); a record that is read
// keeps the contract's bounds.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include "schemas/decoder.h"
#include "schemas/limits.h"
#include "tests/schemas/describe.h"

namespace {

using satindex::schemas::EventDecoder;
using satindex::schemas::OwnershipDecoder;
using satindex::schemas::OwnershipRecord;
using satindex::schemas::SatEvent;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::cerr << "broken: " << what << '\n';
  std::abort();
}

template <class Record, class Decoder>
void hold_paths_together(Decoder& decoder, std::string_view value) {
  const std::string quick = satindex::testing::outcome<Record>(decoder, value, false);
  const std::string slow = satindex::testing::outcome<Record>(decoder, value, true);
  require(quick == slow, "quick " + quick + ", slow " + slow);
}

void require_bounds(EventDecoder& decoder, std::string_view value) {
  SatEvent event;
  satindex::schemas::Unreadable reason{};
  if (!decoder.decode(value, &event, &reason)) return;
  require(event.time_ns >= 0 && event.time_ns <= satindex::schemas::kEventTimeMaxNs, "time");
  require(event.decimals <= 9, "decimals");
  require(!event.event_type.empty() && !event.user_role.empty(), "a required field is empty");
  for (const auto text : {event.event_id, event.event_type, event.user_role, event.srv,
                          event.device_type, event.smets_version, event.response_code}) {
    require(text.size() <= satindex::schemas::limits::kStringBytesMax, "length");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static EventDecoder events;
  static OwnershipDecoder ownership;
  const auto copy = std::make_unique<char[]>(size);
  if (size != 0) std::memcpy(copy.get(), bytes, size);
  const std::string_view value(copy.get(), size);
  hold_paths_together<SatEvent>(events, value);
  hold_paths_together<OwnershipRecord>(ownership, value);
  require_bounds(events, value);
  return 0;
}
