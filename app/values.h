// How the values of settings are written: durations, sizes, host:port, lists, switches. Pure
// functions; an error says what was read and what is wanted, and leaves it to the caller to name
// the setting.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/status.h"

namespace satindex::app {

// A whole number with a unit: ns us ms s m h d w y (365 days). Nanoseconds; at most what fits 2^63.
schemas::Result<int64_t> parse_duration_ns(std::string_view text);
// A whole number with B KiB MiB GiB TiB (also Ki Mi Gi Ti, and KB MB GB TB of a thousand); without
// a unit: bytes.
schemas::Result<uint64_t> parse_size(std::string_view text);
schemas::Result<uint64_t> parse_count(std::string_view text);

struct HostPort {
  std::string host;  // empty: every address of the machine
  uint16_t port = 0;
  std::string to_string() const;
  bool operator==(const HostPort&) const = default;
};
// "host:port", "[v6]:port" or ":port".
schemas::Result<HostPort> parse_host_port(std::string_view text);

// Comma-separated, blanks around the items dropped. "" is the empty list; an empty item is an
// error.
schemas::Result<std::vector<std::string>> parse_list(std::string_view text);
// true false yes no on off 1 0.
schemas::Result<bool> parse_switch(std::string_view text);

// One of a few names.
template <class Value>
schemas::Result<Value> parse_choice(
    std::string_view text, std::initializer_list<std::pair<std::string_view, Value>> choices) {
  std::string wanted;
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
    wanted += (wanted.empty() ? "" : ", ") + std::string(name);
  }
  return schemas::config_error("'" + std::string(text) + "' is not one of " + wanted);
}

std::string_view trim(std::string_view text);

}  // namespace satindex::app
