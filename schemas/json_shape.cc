#include "schemas/json_shape.h"

#include <simdjson.h>

#include <array>

namespace satindex::schemas {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

inline bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20; }

// One pass over one record. Each read_ step leaves at_ behind what it read, or answers what is
// wrong.
class ShapeReader {
 public:
  ShapeReader(std::string_view record, KeyLookup lookup, std::span<FieldSpan> spans)
      : at_(record.data()), end_(record.data() + record.size()), lookup_(lookup), spans_(spans) {}

  std::optional<Unreadable> read_record() {
    skip_space();
    if (at_ == end_) return Unreadable::kNotJson;
    if (*at_ != '{') return Unreadable::kNotAnObject;
    ++at_;
    skip_space();
    if (!take('}')) {
      for (;;) {
        if (const auto wrong = read_field()) return wrong;
        skip_space();
        if (take('}')) break;
        if (!take(',')) return Unreadable::kNotJson;
        skip_space();
      }
    }
    skip_space();
    if (at_ != end_) return Unreadable::kTrailingBytes;
    if (twice_) return Unreadable::kFieldTwice;
    return std::nullopt;
  }

 private:
  void skip_space() {
    while (at_ != end_ && is_json_space(*at_)) ++at_;
  }

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  std::optional<Unreadable> read_field() {
    FieldSpan key;
    if (at_ == end_ || *at_ != '"') return Unreadable::kNotJson;
    if (const auto wrong = read_string(&key)) return wrong;
    skip_space();
    if (!take(':')) return Unreadable::kNotJson;
    skip_space();
    FieldSpan value;
    if (const auto wrong = read_value(&value)) return wrong;
    const int field = find_key(key);
    if (field < 0) return std::nullopt;
    FieldSpan& span = spans_[static_cast<size_t>(field)];
    twice_ = twice_ || span.kind != ValueKind::kAbsent;
    span = value;
    return std::nullopt;
  }

  int find_key(const FieldSpan& key) const {
    if (!key.escaped) return lookup_(key.text);
    std::array<char, kKeyBytesMax> plain;
    const Unescaped result = unescape(key.text, plain.data(), plain.size());
    // A key that cannot be unescaped is none that we know, and what is wrong with it is its own
    // affair.
    return result.error ? -1 : lookup_({plain.data(), result.size});
  }

  std::optional<Unreadable> read_value(FieldSpan* value) {
    if (at_ == end_) return Unreadable::kNotJson;
    if (*at_ == '"') return read_string(value);
    if (*at_ == '{' || *at_ == '[') {
      value->kind = ValueKind::kGroup;
      return read_group();
    }
    const char* const start = at_;
    while (at_ != end_ && is_bare_byte(*at_)) ++at_;
    if (at_ == start) return Unreadable::kNotJson;
    value->kind = ValueKind::kBare;
    value->text = {start, static_cast<size_t>(at_ - start)};
    return std::nullopt;
  }

  // at_ is on the opening quote. Escapes are looked at only as far as they hide a quote.
  std::optional<Unreadable> read_string(FieldSpan* span) {
    const char* const start = ++at_;
    for (; at_ != end_; ++at_) {
      if (*at_ == '"') {
        span->kind = ValueKind::kString;
        span->text = {start, static_cast<size_t>(at_ - start)};
        ++at_;
        return std::nullopt;
      }
      if (is_control(*at_)) return Unreadable::kNotJson;
      if (*at_ != '\\') continue;
      span->escaped = true;
      ++at_;
      if (at_ == end_ || is_control(*at_)) return Unreadable::kNotJson;
    }
    return Unreadable::kNotJson;
  }

  // at_ is on the opening bracket of an unread value (or of a known one, which then has the wrong
  // type).
  std::optional<Unreadable> read_group() {
    constexpr size_t kRecordDepth = 1;  // the record's own object is open around it
    size_t open = 0;
    while (at_ != end_) {
      const char c = *at_;
      if (c == '"') {
        FieldSpan unread;
        if (const auto wrong = read_string(&unread)) return wrong;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') {
        if (open + kRecordDepth == limits::kJsonDepthMax) return Unreadable::kTooDeep;
        closers_[open++] = c == '{' ? '}' : ']';
      } else if (c == '}' || c == ']') {
        if (closers_[--open] != c) return Unreadable::kNotJson;
        if (open == 0) return std::nullopt;
      }
    }
    return Unreadable::kNotJson;
  }

  const char* at_;
  const char* const end_;
  const KeyLookup lookup_;
  const std::span<FieldSpan> spans_;
  bool twice_ = false;
  std::array<char, limits::kJsonDepthMax> closers_;
};

// Four hex digits, or a value above 0xFFFF.
uint32_t hex4(const char* at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    uint32_t digit;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<uint32_t>(c - 'A' + 10);
    } else {
      return 0x10000;
    }
    value = value << 4 | digit;
  }
  return value;
}

// The code point of \uXXXX, or of the two of a surrogate pair, at `*at` (behind the 'u'); false
// when it is none.
bool read_code_point(const char** at, const char* end, uint32_t* code_point) {
  if (end - *at < 4) return false;
  const uint32_t first = hex4(*at);
  if (first > 0xFFFF || (first >= 0xDC00 && first <= 0xDFFF)) return false;
  *at += 4;
  *code_point = first;
  if (first < 0xD800 || first > 0xDBFF) return true;
  if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return false;
  const uint32_t second = hex4(*at + 2);
  if (second < 0xDC00 || second > 0xDFFF) return false;
  *at += 6;
  *code_point = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  return true;
}

size_t encode_utf8(uint32_t c, char* out) {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  if (c < 0x800) {
    out[0] = static_cast<char>(0xC0 | c >> 6);
    out[1] = static_cast<char>(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = static_cast<char>(0xE0 | c >> 12);
    out[1] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (c & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | c >> 18);
  out[1] = static_cast<char>(0x80 | (c >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (c & 0x3F));
  return 4;
}

// The byte a two-character escape stands for, or -1.
int short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return -1;
  }
}

}  // namespace

std::optional<Unreadable> find_fields(std::string_view record, KeyLookup lookup,
                                      std::span<FieldSpan> spans) {
  if (record.empty()) return Unreadable::kNull;
  if (record.starts_with(kByteOrderMark)) return Unreadable::kByteOrderMark;
  if (!is_utf8(record)) return Unreadable::kNotUtf8;
  return ShapeReader(record, lookup, spans).read_record();
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

Unescaped unescape(std::string_view content, char* out, size_t capacity) {
  const char* at = content.data();
  const char* const end = at + content.size();
  size_t size = 0;
  while (at != end) {
    char bytes[4] = {*at++};
    size_t count = 1;
    if (bytes[0] == '\\') {
      if (at == end) return {size, UnescapeError::kBadEscape};
      const char kind = *at++;
      if (kind == 'u') {
        uint32_t code_point = 0;
        if (!read_code_point(&at, end, &code_point)) return {size, UnescapeError::kBadEscape};
        count = encode_utf8(code_point, bytes);
      } else {
        const int byte = short_escape(kind);
        if (byte < 0) return {size, UnescapeError::kBadEscape};
        bytes[0] = static_cast<char>(byte);
      }
    }
    if (capacity - size < count) return {size, UnescapeError::kTooLong};
    for (size_t i = 0; i < count; ++i) out[size++] = bytes[i];
  }
  return {size, std::nullopt};
}

}  // namespace satindex::schemas
