// Decoders of the canonical JSON form of both topics. One per thread: each owns the scratch that
// its views may point into until the next call. They never throw, never allocate for a record,
// never copy or keep the payload. Both verdict and record follow CONTRACT 1.1 to 1.3 to the letter;
// how, and what was decided where it is silent: docs/decisions/0002-decoding.md.
#pragma once

#include <memory>
#include <string_view>

#include "schemas/sat_event.h"

namespace satindex::schemas {

class EventDecoder {
 public:
  EventDecoder();
  ~EventDecoder();
  EventDecoder(const EventDecoder&) = delete;
  EventDecoder& operator=(const EventDecoder&) = delete;

  // True and *event, or false and *reason. `value` needs no padding; a null record is {nullptr, 0}.
  bool decode(std::string_view value, SatEvent* event, Unreadable* reason);
  // The same without the scanner for the usual shape: for the differential tests.
  bool decode_slow(std::string_view value, SatEvent* event, Unreadable* reason);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class OwnershipDecoder {
 public:
  OwnershipDecoder();
  ~OwnershipDecoder();
  OwnershipDecoder(const OwnershipDecoder&) = delete;
  OwnershipDecoder& operator=(const OwnershipDecoder&) = delete;

  bool decode(std::string_view value, OwnershipRecord* record, Unreadable* reason);
  bool decode_slow(std::string_view value, OwnershipRecord* record, Unreadable* reason);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::schemas
