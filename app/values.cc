#include "app/values.h"

#include <charconv>
#include <limits>
#include <span>

namespace satindex::app {

using schemas::config_error;
using schemas::Result;

namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr uint64_t kSecond = 1'000'000'000;
constexpr Unit kDurationUnits[] = {{"ns", 1},
                                   {"us", 1'000},
                                   {"ms", 1'000'000},
                                   {"s", kSecond},
                                   {"m", 60 * kSecond},
                                   {"h", 3'600 * kSecond},
                                   {"d", 86'400 * kSecond},
                                   {"w", 7 * 86'400 * kSecond},
                                   {"y", 365 * 86'400 * kSecond}};
constexpr Unit kSizeUnits[] = {{"", 1},
                               {"B", 1},
                               {"KiB", 1ull << 10},
                               {"MiB", 1ull << 20},
                               {"GiB", 1ull << 30},
                               {"TiB", 1ull << 40},
                               {"Ki", 1ull << 10},
                               {"Mi", 1ull << 20},
                               {"Gi", 1ull << 30},
                               {"Ti", 1ull << 40},
                               {"KB", 1'000},
                               {"MB", 1'000'000},
                               {"GB", 1'000'000'000},
                               {"TB", 1'000'000'000'000}};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// A whole number and one of the units, at most `max` when multiplied.
Result<uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units, uint64_t max,
                                 std::string_view wanted) {
  const auto wrong = [&] { return config_error(quoted(text) + " is not " + std::string(wanted)); };
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.empty()) return wrong();
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const Unit& u : units) {
    if (u.name != unit) continue;
    if (number > max / u.factor) return config_error(quoted(text) + " is too large");
    return number * u.factor;
  }
  return wrong();
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Result<int64_t> parse_duration_ns(std::string_view text) {
  auto ns = parse_with_unit(text, kDurationUnits, std::numeric_limits<int64_t>::max(),
                            "a duration such as 500ms, 60s, 5m, 12h, 90d or 7y");
  if (!ns) return ns.error();
  return static_cast<int64_t>(*ns);
}

Result<uint64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits, std::numeric_limits<int64_t>::max(),
                         "a size such as 512MiB or 4GiB");
}

Result<uint64_t> parse_count(std::string_view text) {
  uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last) {
    return config_error(quoted(text) + " is not a whole number");
  }
  return number;
}

std::string HostPort::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto wrong = [&] {
    return config_error(quoted(text) + " is not host:port, with a port from 0 to 65535");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();  // an IPv6 address needs brackets, or its last group would be the port
  }
  const auto port = parse_count(text.substr(colon + 1));
  if (!port || *port > 65'535) return wrong();
  return HostPort{std::string(host), static_cast<uint16_t>(*port)};
}

Result<std::vector<std::string>> parse_list(std::string_view text) {
  std::vector<std::string> items;
  if (trim(text).empty()) return items;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string_view item = trim(text.substr(at, comma - at));
    if (item.empty()) return config_error(quoted(text) + " has an empty item");
    items.emplace_back(item);
    at = comma + 1;
  }
  return items;
}

Result<bool> parse_switch(std::string_view text) {
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (text == no) return false;
  }
  return config_error(quoted(text) + " is neither true nor false");
}

}  // namespace satindex::app
