// The syntax of the config file: parse_config_text of config.h.
#include "app/config.h"
#include "app/nearest.h"

namespace satindex::app {

using schemas::config_error;
using schemas::Result;

namespace {

std::string at_line(std::string_view name, size_t line) {
  return std::string(name) + ":" + std::to_string(line) + ": ";
}

// Takes a quoted string off the front of `rest`; nullopt-like: false when it is not closed.
bool take_quoted(std::string_view& rest, std::string& out) {
  const char quote = rest.front();
  for (size_t i = 1; i < rest.size(); ++i) {
    if (quote == '"' && rest[i] == '\\' && i + 1 < rest.size()) {
      out += rest[++i];
    } else if (rest[i] == quote) {
      rest = trim(rest.substr(i + 1));
      return true;
    } else {
      out += rest[i];
    }
  }
  return false;
}

bool is_quote(std::string_view text) {
  return !text.empty() && (text.front() == '"' || text.front() == '\'');
}

bool only_comment(std::string_view rest) { return rest.empty() || rest.front() == '#'; }

// ["a", "b"] as the comma-separated text that settings read.
bool take_array(std::string_view rest, std::string& out) {
  rest = trim(rest.substr(1));
  bool first = true;
  while (!rest.empty() && rest.front() != ']') {
    if (!first) {
      if (rest.front() != ',') return false;
      rest = trim(rest.substr(1));
      if (!rest.empty() && rest.front() == ']') break;  // a comma may follow the last item
    }
    if (!is_quote(rest)) return false;
    if (!first) out += ',';
    if (!take_quoted(rest, out)) return false;
    first = false;
  }
  return !rest.empty() && only_comment(trim(rest.substr(1)));
}

bool take_value(std::string_view rest, std::string& out) {
  if (is_quote(rest)) return take_quoted(rest, out) && only_comment(rest);
  if (!rest.empty() && rest.front() == '[' && rest.find(']') != std::string_view::npos &&
      trim(rest.substr(1)).find_first_of("\"'") == 0) {
    return take_array(rest, out);
  }
  // A # inside a word is part of it (passwords, URLs); after a blank it begins a comment.
  size_t end = rest.size();
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '#' && (i == 0 || rest[i - 1] == ' ' || rest[i - 1] == '\t')) {
      end = i;
      break;
    }
  }
  out = std::string(trim(rest.substr(0, end)));
  return true;
}

Result<void> take_line(std::string_view line, const std::string& place, RawValues& values) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return config_error(place + "is not 'key = value'");
  const std::string key(trim(line.substr(0, equals)));
  std::vector<std::string> names;
  const Setting* setting = nullptr;
  for (const Setting& s : run_settings()) {
    if (s.name == key) setting = &s;
    names.emplace_back(s.name);
  }
  if (setting == nullptr) {
    return config_error(place + "unknown key '" + key + "'; did you mean '" +
                        std::string(nearest(key, names)) + "'?");
  }
  std::string value;
  if (!take_value(trim(line.substr(equals + 1)), value)) {
    return config_error(place + "the value of '" + key +
                        "' is not closed or has something behind it");
  }
  auto& given = values[key];
  if (!given.empty() && setting->kind != SettingKind::kProperty) {
    return config_error(place + "'" + key + "' is given twice");
  }
  given.push_back(std::move(value));
  return {};
}

}  // namespace

Result<RawValues> parse_config_text(std::string_view text, std::string_view name) {
  RawValues values;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (only_comment(line)) continue;
    if (auto taken = take_line(line, at_line(name, number), values); !taken) return taken.error();
  }
  return values;
}

}  // namespace satindex::app
