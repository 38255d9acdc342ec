// JSON strings written straight into a buffer. Pure.
#pragma once

#include <string>
#include <string_view>

namespace satindex::http {

// Quoted and escaped (RFC 8259): the quote, the backslash and control characters; the rest as it
// is. `text` is UTF-8.
void append_json_string(std::string_view text, std::string& out);
// The same into a buffer that has room for json_string_bytes_max; returns the end.
char* write_json_string(std::string_view text, char* out);
inline size_t json_string_bytes_max(std::string_view text) { return 6 * text.size() + 2; }

}  // namespace satindex::http
