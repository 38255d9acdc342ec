// JSON strings. Pure.
#pragma once

#include <string>
#include <string_view>

namespace satindex::http {

// Quoted and escaped (RFC 8259): the quote, the backslash and control characters; the rest as it
// is. `text` is UTF-8.
void append_json_string(std::string_view text, std::string& out);
// `name` as it stands before the value (comma, quotes and colon), then the value; nothing when that is empty.
void append_json_member(std::string_view name, std::string_view value, std::string& out);

}  // namespace satindex::http
