// JSON strings for what app writes itself: log lines and access records. Pure.
#pragma once

#include <string>
#include <string_view>

namespace satindex::app {

// Quoted and escaped; control characters as \u00xx. The text is taken to be UTF-8.
void append_json_string(std::string_view text, std::string& out);
// ["a","b"]; `append(item, out)` writes one.
template <class List, class Append>
void append_json_list(const List& list, std::string& out, const Append& append) {
  out += '[';
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    append(item, out);
  }
  out += ']';
}

}  // namespace satindex::app
