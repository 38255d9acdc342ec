#include "query/http/json_text.h"

#include <cstdint>
#include <cstring>

namespace satindex::http {
namespace {

constexpr uint64_t kEach = 0x0101010101010101;  // times a byte: that byte in each place

// Whether one of eight bytes needs an escape. Exact: no byte borrows from its neighbour, since the
// high bit of each is set before the subtraction and bytes that had it are taken out afterwards.
bool any_escape(uint64_t eight) {
  const auto below = [](uint64_t x, uint8_t limit) {
    return ~((x | kEach * 0x80) - kEach * limit) & ~x & kEach * 0x80;
  };
  return (below(eight, 0x20) | below(eight ^ kEach * '"', 1) | below(eight ^ kEach * '\\', 1)) != 0;
}

bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

char* write_escape(unsigned char c, char* out) {
  constexpr char kHex[] = "0123456789abcdef";
  *out++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *out++ = static_cast<char>(c);
      return out;
    case '\b':
      *out++ = 'b';
      return out;
    case '\f':
      *out++ = 'f';
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    default:
      break;
  }
  for (const char digit : {'u', '0', '0', kHex[c >> 4], kHex[c & 15]}) *out++ = digit;
  return out;
}

// `out` has room for json_string_bytes_max; returns the end.
char* write_json_string(std::string_view text, char* out) {
  *out++ = '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (uint64_t eight = 0; end - at >= 8) {
      std::memcpy(&eight, at, 8);
      if (!any_escape(eight)) {
        std::memcpy(out, at, 8);
        at += 8;
        out += 8;
        continue;
      }
    }
    const auto c = static_cast<unsigned char>(*at++);
    if (needs_escape(c)) {
      out = write_escape(c, out);
    } else {
      *out++ = static_cast<char>(c);
    }
  }
  *out++ = '"';
  return out;
}

size_t json_string_bytes_max(std::string_view text) { return 6 * text.size() + 2; }

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  const size_t before = out.size();
  out.resize(before + json_string_bytes_max(text));
  const char* const end = write_json_string(text, out.data() + before);
  out.resize(static_cast<size_t>(end - out.data()));
}

void append_json_member(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out += name;
  append_json_string(value, out);
}

}  // namespace satindex::http
