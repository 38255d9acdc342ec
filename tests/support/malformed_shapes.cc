// Records that are not one JSON object in UTF-8, or whose unread fields break one of the four rules
// that bind them.
#include "tests/support/malformed_corpus.h"

namespace satindex::testing {
namespace {

using schemas::Unreadable;

class Shapes {
 public:
  Shapes(CorpusTopic topic, Corpus* corpus)
      : topic_(topic), base_(draft_of(topic)), text_(base_.text()), corpus_(corpus) {}

  void add(std::string_view what, std::string value, Unreadable reason) {
    corpus_->push_back({topic_, std::string(what), std::move(value), reason});
  }

  void add_whole() {
    add("null record", "", Unreadable::kNull);
    add("white space only", " \n", Unreadable::kNotJson);
    add("a bare word", "record", Unreadable::kNotAnObject);
    for (const char* other : {"null", "true", "17", "\"text\"", "[]"}) {
      add(std::string("JSON, but no object: ") + other, other, Unreadable::kNotAnObject);
    }
    add("an array around the object", "[" + text_ + "]", Unreadable::kNotAnObject);
    add("an empty object", "{}", Unreadable::kFieldMissing);
    add("an empty object with space", " { } ", Unreadable::kFieldMissing);
    add("bytes before", "x" + text_, Unreadable::kNotAnObject);
    add("a comma before", "," + text_, Unreadable::kNotAnObject);
    add("a NUL before", std::string(1, '\0') + text_, Unreadable::kNotAnObject);
    add("a magic byte and a schema id before", std::string("\0\0\0\0\1", 5) + text_,
        Unreadable::kNotAnObject);
    add("bytes behind", text_ + "x", Unreadable::kTrailingBytes);
    add("a comma behind", text_ + ",", Unreadable::kTrailingBytes);
    add("a second object behind", text_ + text_, Unreadable::kTrailingBytes);
    add("a second object on a line of its own", text_ + "\n" + text_, Unreadable::kTrailingBytes);
    add("a closing brace behind", text_ + "}", Unreadable::kTrailingBytes);
    add("a NUL behind", text_ + std::string(1, '\0'), Unreadable::kTrailingBytes);
    add("a form feed behind", text_ + "\f", Unreadable::kTrailingBytes);
    add("a no-break space behind", text_ + "\xC2\xA0", Unreadable::kTrailingBytes);
    add("a comment behind", text_ + " // end", Unreadable::kTrailingBytes);
    add("a byte order mark", "\xEF\xBB\xBF" + text_, Unreadable::kByteOrderMark);
    add("a byte order mark behind white space", " \xEF\xBB\xBF" + text_, Unreadable::kNotAnObject);
    add("a byte order mark alone", "\xEF\xBB\xBF", Unreadable::kByteOrderMark);
    add("a byte order mark behind", text_ + "\xEF\xBB\xBF", Unreadable::kTrailingBytes);
    add("UTF-16", utf16("\xFF\xFE"), Unreadable::kNotUtf8);
    add("UTF-16 without a mark", utf16(""), Unreadable::kNotJson);
  }

  void add_punctuation() {
    const std::string inner = text_.substr(1, text_.size() - 2);
    add("no opening brace", inner + "}", Unreadable::kNotAnObject);
    add("no closing brace", "{" + inner, Unreadable::kNotJson);
    add("closed by a bracket", "{" + inner + "]", Unreadable::kNotJson);
    add("a trailing comma", "{" + inner + ",}", Unreadable::kNotJson);
    add("a trailing comma and space", "{" + inner + " , }", Unreadable::kNotJson);
    add("a leading comma", "{," + inner + "}", Unreadable::kNotJson);
    add("two commas", "{" + inner + ",,\"x\":1}", Unreadable::kNotJson);
    add("a comma alone", "{,}", Unreadable::kNotJson);
    add("no comma between fields", "{" + inner + " \"x\":1}", Unreadable::kNotJson);
    add("no comma behind an unread value", "{\"x\":1 " + inner + "}", Unreadable::kNotJson);
    add("no comma behind an unread string", "{\"x\":\"y\" " + inner + "}", Unreadable::kNotJson);
    add("no comma behind an unread group", "{\"x\":{}" + inner + "}", Unreadable::kNotJson);
    add("a semicolon between fields", "{" + inner + ";\"x\":1}", Unreadable::kNotJson);
    add("a comment between fields", "{" + inner + ",/* */\"x\":1}", Unreadable::kNotJson);
    add("a key without a value", "{" + inner + ",\"x\"}", Unreadable::kNotJson);
    add("a key and a colon", "{" + inner + ",\"x\":}", Unreadable::kNotJson);
    add("a key and a colon, and more", "{\"x\":," + inner + "}", Unreadable::kNotJson);
    add("two colons", "{\"x\"::1," + inner + "}", Unreadable::kNotJson);
    add("an equals sign", "{\"x\"=1," + inner + "}", Unreadable::kNotJson);
    add("a key without quotes", "{x:1," + inner + "}", Unreadable::kNotJson);
    add("a key in single quotes", "{'x':1," + inner + "}", Unreadable::kNotJson);
    add("a number for a key", "{1:1," + inner + "}", Unreadable::kNotJson);
    add("null for a key", "{null:1," + inner + "}", Unreadable::kNotJson);
    add("an object for a key", "{{}:1," + inner + "}", Unreadable::kNotJson);
    add("a vertical tab between fields", "{" + inner + ",\v\"x\":1}", Unreadable::kNotJson);
    add("a no-break space between fields", "{\xC2\xA0" + inner + "}", Unreadable::kNotJson);
    add("the whole in escaped quotes", "{\\\"x\\\":1," + inner + "}", Unreadable::kNotJson);
    add("two unread words for one value", "{\"x\":tru e," + inner + "}", Unreadable::kNotJson);
    add("a word behind an unread string", "{\"x\":\"a\"b," + inner + "}", Unreadable::kNotJson);
    add("a string behind an unread word", "{\"x\":a\"b\"," + inner + "}", Unreadable::kNotJson);
  }

  // Cut at every so many bytes: no prefix of a record is a record.
  void add_truncated() {
    for (size_t keep = 1; keep + 1 < text_.size(); keep += text_.size() / 24) {
      add("cut to " + std::to_string(keep) + " bytes", text_.substr(0, keep), Unreadable::kNotJson);
    }
  }

  // Broken where we do not read, which still counts.
  void add_unread() {
    const auto unread = [this](std::string_view what, std::string_view value, Unreadable reason) {
      add("unread: " + std::string(what), base_.plus("x", value).text(), reason);
      add("unread, first: " + std::string(what), base_.first("x", value).text(), reason);
    };
    unread("object closed by a bracket", R"({"a":1])", Unreadable::kNotJson);
    unread("array closed by a brace", "[1}", Unreadable::kNotJson);
    unread("crossed brackets", R"([{"a":[1}]])", Unreadable::kNotJson);
    unread("a bracket that nothing opened", "]", Unreadable::kNotJson);
    unread("an array left open", "[", Unreadable::kNotJson);
    unread("an object left open", R"({"a":{)", Unreadable::kNotJson);
    unread("a string left open", "\"", Unreadable::kNotJson);
    unread("a string that escapes its end", R"("\")", Unreadable::kNotJson);
    unread("a raw line feed in a string", "\"a\nb\"", Unreadable::kNotJson);
    unread("a raw tab in a string", "\"a\tb\"", Unreadable::kNotJson);
    unread("a raw NUL in a string", std::string("\"a\0b\"", 5), Unreadable::kNotJson);
    unread("a raw 0x1F in a string", "\"a\x1F\"", Unreadable::kNotJson);
    unread("a raw line feed behind a backslash", "\"a\\\nb\"", Unreadable::kNotJson);
    unread("a raw control character deep inside", "[[{\"a\":\"\x01\"}]]", Unreadable::kNotJson);
    unread("a raw control character in a key inside", "{\"a\x02\":1}", Unreadable::kNotJson);
    unread("a raw control character behind 70 bytes", "[\"" + repeated("a", 70) + "\r\"]",
           Unreadable::kNotJson);
    unread("1,025 deep, arrays", repeated("[", 1024) + repeated("]", 1024), Unreadable::kTooDeep);
    unread("1,025 deep, objects", repeated("{\"a\":", 1024) + "1" + repeated("}", 1024),
           Unreadable::kTooDeep);
    unread("1,025 deep, left open", repeated("[", 1024), Unreadable::kTooDeep);
    unread("100,000 deep", repeated("[", 100'000) + repeated("]", 100'000), Unreadable::kTooDeep);
    add("unread: a raw control character in a key", base_.plus("x\x03", "1").text(),
        Unreadable::kNotJson);
    add("unread: a key left open", base_.plus("x\\", "1").text(), Unreadable::kNotJson);
  }

  void add_not_utf8() {
    const auto spoilt = [this](std::string_view what, std::string_view bytes) {
      const std::string text = in_quotes(bytes);
      add("unread: " + std::string(what), base_.plus("x", text).text(), Unreadable::kNotUtf8);
      add("unread, nested: " + std::string(what), base_.first("x", "[" + text + "]").text(),
          Unreadable::kNotUtf8);
    };
    spoilt("a lone continuation byte", "\x80");
    spoilt("a lead byte alone", "\xC3");
    spoilt("a lead byte before ASCII", "\xC3(");
    spoilt("three bytes cut to two", "\xE2\x82");
    spoilt("four bytes cut to three", "\xF0\x9F\x98");
    spoilt("an overlong NUL", "\xC0\x80");
    spoilt("an overlong slash in three bytes", "\xE0\x80\xAF");
    spoilt("an overlong in four bytes", "\xF0\x80\x80\xAF");
    spoilt("an encoded surrogate", "\xED\xA0\x80");
    spoilt("an encoded surrogate pair", "\xED\xA0\xBD\xED\xB8\x80");
    spoilt("beyond U+10FFFF", "\xF4\x90\x80\x80");
    spoilt("five bytes", "\xF8\x88\x80\x80\x80");
    spoilt("0xFE", "\xFE");
    spoilt("0xFF", "\xFF");
    spoilt("Latin-1", "Caf\xE9");
    add("not UTF-8 in a key", base_.plus("x\xFF", "1").text(), Unreadable::kNotUtf8);
    add("not UTF-8 in a bare word", base_.plus("x", "a\xFFz").text(), Unreadable::kNotUtf8);
    add("not UTF-8 in white space behind", text_ + " \xA0", Unreadable::kNotUtf8);
    add("cut inside a character",
        base_.plus("x", "\"\xE2\x82\xAC\"").text().substr(0, text_.size() + 6),
        Unreadable::kNotUtf8);
  }

  // Every known field, given twice: the same value, null, and with its key written in escapes.
  void add_twice() {
    for (const Draft::Field& field : base_.fields()) {
      if (field.first == "payload") continue;  // not read, so not looked at
      add(field.first + " twice", base_.plus(field.first, field.second).text(),
          Unreadable::kFieldTwice);
      add(field.first + " and null", base_.plus(field.first, "null").text(),
          Unreadable::kFieldTwice);
      add(field.first + " twice, at the front", base_.first(field.first, field.second).text(),
          Unreadable::kFieldTwice);
      add(field.first + " twice, in escapes", base_.plus(escaped_key(field.first), "null").text(),
          Unreadable::kFieldTwice);
    }
  }

 private:
  static std::string escaped_key(std::string_view key) {
    constexpr char kHex[] = "0123456789abcdef";
    const auto first = static_cast<uint8_t>(key[0]);
    std::string text = "\\u00";
    text += kHex[first >> 4];
    text += kHex[first & 15];
    return text + std::string(key.substr(1));
  }

  std::string utf16(std::string_view mark) const {
    std::string text(mark);
    for (const char c : text_) {
      text += c;
      text += '\0';
    }
    return text;
  }

  const CorpusTopic topic_;
  const Draft base_;
  const std::string text_;
  Corpus* const corpus_;
};

}  // namespace

void add_malformed_shapes(CorpusTopic topic, Corpus* corpus) {
  Shapes shapes(topic, corpus);
  shapes.add_whole();
  shapes.add_punctuation();
  shapes.add_truncated();
  shapes.add_unread();
  shapes.add_not_utf8();
  shapes.add_twice();
}

}  // namespace satindex::testing
