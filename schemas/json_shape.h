// The shape of a record as a JSON object, read byte by byte: where its top-level fields lie, and
// whether it is one object at all by CONTRACT 1.3. The reference for the quick scanner
// (json_scan.h), and what decides whenever that one gives up: plain rather than fast, still about a
// gigabyte a second. Functions over the caller's bytes; no state, no allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "schemas/limits.h"
#include "schemas/sat_event.h"

namespace satindex::schemas {

enum class ValueKind : uint8_t {
  kAbsent,
  kString,  // text is what stands between the quotes, escapes and all
  kBare,    // number, true, false, null, or what is wrongly written in their place
  kGroup,   // object or array
};

struct FieldSpan {
  ValueKind kind = ValueKind::kAbsent;
  bool escaped = false;  // a backslash stands in the text
  std::string_view text;
};

// The longest known key; longer ones need no unescaping to be unknown.
inline constexpr size_t kKeyBytesMax = 32;

// The index of a known field by its unescaped key, or -1 for one that is not read.
using KeyLookup = int (*)(std::string_view key);

// Checks the whole record but for the content of known fields, and says where those are (spans, by
// index). The first thing found wrong is the answer, nullopt when nothing is; a known field given
// twice yields to errors of the shape.
std::optional<Unreadable> find_fields(std::string_view record, KeyLookup lookup,
                                      std::span<FieldSpan> spans);

bool is_utf8(std::string_view text);

enum class UnescapeError : uint8_t { kBadEscape, kTooLong };

// Decodes the escapes of a string's content into `out`, at most `capacity` bytes; a surrogate
// without its other half is a bad escape. \u0000 is legal: JSON allows it, and the contract bounds
// the length only.
struct Unescaped {
  size_t size = 0;
  std::optional<UnescapeError> error;
};
Unescaped unescape(std::string_view content, char* out, size_t capacity);

constexpr bool is_json_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// A byte of a bare token: anything that is neither white space nor has a meaning of its own between
// tokens. A control character is one: what is wrong in an unread bare word does not make a record
// unreadable.
constexpr bool is_bare_byte(char c) {
  switch (c) {
    case ' ':
    case '\n':
    case '\r':
    case '\t':
    case ',':
    case ':':
    case '"':
    case '[':
    case ']':
    case '{':
    case '}':
      return false;
    default:
      return true;
  }
}

}  // namespace satindex::schemas
