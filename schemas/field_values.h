// What the values of known fields must be (CONTRACT 1.3): shared by both topics and by both paths
// of the decoders. Pure functions; nullopt means the value was taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/ids.h"
#include "schemas/limits.h"
#include "schemas/sat_event.h"
#include "schemas/time.h"

namespace satindex::schemas {

using Verdict = std::optional<Unreadable>;

inline Verdict take_text(std::string_view text, std::string_view* out) {
  if (text.empty() || text.size() > limits::kStringBytesMax) return Unreadable::kFieldLength;
  *out = text;
  return std::nullopt;
}

inline Verdict take_eui(std::string_view text, Eui64* out) {
  const auto eui = Eui64::parse(text);
  if (!eui) return Unreadable::kFieldSyntax;
  *out = *eui;
  return std::nullopt;
}

inline Verdict take_request_id(std::string_view text, std::optional<RequestId>* out) {
  if (text.size() < limits::kRequestIdBytesMin || text.size() > limits::kRequestIdBytesMax) {
    return Unreadable::kFieldLength;
  }
  *out = RequestId::parse(text);
  return out->has_value() ? Verdict() : Unreadable::kFieldSyntax;
}

// A bare token as a plain integer of at most `max`: digits alone, no leading zero. 4.0, 1e1 and -0
// are other types of number, not other writings of an integer: nothing is repaired.
inline Verdict take_integer(std::string_view token, uint64_t max, uint64_t* out) {
  uint64_t sum = 0;
  bool fits = token.size() == 1 || token[0] != '0';
  for (const char c : token) {
    const auto digit = static_cast<uint8_t>(c - '0');
    if (digit > 9) return Unreadable::kFieldType;
    fits = fits && !__builtin_mul_overflow(sum, uint64_t{10}, &sum) &&
           !__builtin_add_overflow(sum, uint64_t{digit}, &sum);
  }
  if (!fits || sum > max) return Unreadable::kFieldSyntax;
  *out = sum;
  return std::nullopt;
}

}  // namespace satindex::schemas
