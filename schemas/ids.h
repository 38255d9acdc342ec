// The ids of the smart-metering domain: EUI-64, Device, User, Request ID. Values, no ownership,
// freely shared between threads. Parsing never throws: a text that is not an id gives nullopt.
// Canonical text is upper case with dashes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace satindex::schemas {

inline constexpr size_t kEuiTextBytes = 23;  // eight octets in hex, seven dashes
inline constexpr size_t kRequestIdTextBytesMax = 2 * (kEuiTextBytes + 1) + 20;

// An EUI-64 as a big-endian integer: the order of the integers is the order of the canonical texts.
struct Eui64 {
  uint64_t value = 0;

  // "90-B3-D5-1F-30-01-00-00", hex digits in either case (CONTRACT 1.3).
  static std::optional<Eui64> parse(std::string_view text);
  // As parse, and also sixteen hex digits without dashes: a path parameter (CONTRACT 3.2).
  static std::optional<Eui64> parse_lenient(std::string_view text);
  // Writes the 23 canonical bytes.
  void write(char* out) const;
  void append_to(std::string& out) const;
  std::string to_string() const;
  auto operator<=>(const Eui64&) const = default;
};

struct DeviceId {
  Eui64 eui;
  auto operator<=>(const DeviceId&) const = default;
};

struct UserId {
  Eui64 eui;
  auto operator<=>(const UserId&) const = default;
};

// originator EUI : target EUI : counter. Not unique (facts/domain).
struct RequestId {
  Eui64 originator;
  Eui64 target;
  uint64_t counter = 0;

  // Counter: decimal u64 without leading zeros; the whole is 49 to 68 bytes.
  static std::optional<RequestId> parse(std::string_view text);
  // Writes at most kRequestIdTextBytesMax bytes; returns the end.
  char* write(char* out) const;
  void append_to(std::string& out) const;
  std::string to_string() const;
  auto operator<=>(const RequestId&) const = default;
};

}  // namespace satindex::schemas
