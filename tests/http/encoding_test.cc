#include <gtest/gtest.h>

#include "query/http/base64.h"
#include "query/http/format.h"
#include "query/http/json_text.h"
#include "query/http/strict_json.h"
#include "query/http/target.h"

namespace satindex::http {
namespace {

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    const auto back = base64url_decode(base64url_encode(bytes));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
}

TEST(Base64, RefusesWhatIsNotTheOneWriting) {
  for (const char* text : {"A", "AB=", "AA==", "A+B/", "AB C", "AB\n", "AR", "AAB", "\xc3\xa4xx"}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
  EXPECT_EQ(base64url_decode("AQ"), std::string("\x01"));
  EXPECT_EQ(base64_decode_lenient("+/8="), std::string("\xfb\xff"));
}

TEST(Hex, ReadsEitherCase) {
  EXPECT_EQ(hex_decode("0aFf"), std::string("\x0a\xff"));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(StrictJson, RefusesAmbiguity) {
  EXPECT_TRUE(parse_strict_object(R"({"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]})"));
  const std::string deep = R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}";
  for (const std::string& text : {
           std::string(R"({"a":1,"a":2})"),
           std::string(R"({"exp":1,"e\u0078p":2})"),
           std::string(R"({"b":{"x":1,"x":1}})"),
           std::string(R"([{"x":1,"x":1}])"),
           std::string(R"({"a":1} x)"),
           std::string(R"({"a":1}{"a":1})"),
           std::string(R"({"a":1,})"),
           std::string("{/**/\"a\":1}"),
           std::string("{\"a\":\"\xff\"}"),
           std::string("\xef\xbb\xbf{}"),
           std::string("[]"),
           std::string("null"),
           std::string(""),
           std::string("{"),
           deep,
       }) {
    EXPECT_FALSE(parse_strict_object(text)) << text;
  }
}

TEST(JsonText, EscapesWhatMustBe) {
  std::string out;
  append_json_string(std::string_view("a\"b\\c\b\f\n\r\t\x01\x1f\0/\x7f\xc3\xa4", 17), out);
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000/\x7f\xc3\xa4\"");
}

// Eight bytes are looked at together: every byte at every place of strings around that length.
TEST(JsonText, EveryByteAtEveryPlace) {
  for (size_t size = 1; size <= 18; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, size % 2 == 0 ? 'x' : '\x80');
        text[at] = static_cast<char>(byte);
        std::string alone;
        append_json_string(std::string_view(&text[at], 1), alone);
        const std::string expected = '"' + text.substr(0, at) + alone.substr(1, alone.size() - 2) +
                                     text.substr(at + 1) + '"';
        std::string out = "before";
        append_json_string(text, out);
        ASSERT_EQ(out, "before" + expected) << size << " " << at << " " << byte;
      }
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    std::string out;
    append_json_string(std::string_view(&c, 1), out);
    const bool plain = byte >= 0x20 && c != '"' && c != '\\';
    EXPECT_EQ(out.size() == 3, plain) << byte;
  }
}

TEST(Utf8, FollowsTheStandard) {
  for (const char* good : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
                           "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf8\x88", "\xff", "\xc3(", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Target, TakesPathAndParametersApart) {
  const auto t = parse_target(
      "/v1/devices/00-DB%2d1/audit-trail?from=2026-01-01T00:00:00+00:00&srv=4.8.1%2C4.8.2&x");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->segments, (std::vector<std::string>{"v1", "devices", "00-DB-1", "audit-trail"}));
  ASSERT_EQ(t->parameters.size(), 3u);
  EXPECT_EQ(t->parameters[0].value, "2026-01-01T00:00:00+00:00");  // '+' is a plus
  EXPECT_EQ(t->parameters[1].value, "4.8.1,4.8.2");
  EXPECT_EQ(t->parameters[2].name, "x");
  EXPECT_EQ(t->parameters[2].value, "");
}

TEST(Target, AcceptsTheAbsoluteForm) {
  const auto t = parse_target("http://host:8080/v1/audit-trail?scope=own");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->segments.size(), 2u);
  EXPECT_EQ(parse_target("https://host")->segments, std::vector<std::string>{""});
  EXPECT_EQ(parse_target("http://host?a=b")->segments, std::vector<std::string>{""});
}

TEST(Target, RefusesBadEncoding) {
  for (const char* text :
       {"/a%", "/a%2", "/a%zz", "/%ff", "/%c3", "/?a=%", "/?%=1", "/?a=%ed%a0%80", "/?a=1&a=2",
        "/?a=1&%61=2", "a", "", "*", "/#x", "/?a=#"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
  EXPECT_EQ(parse_target("/?srv=%ff").error().message, "srv: not percent-encoded UTF-8");
}

TEST(Format, ComesFromTheAcceptHeader) {
  const std::pair<const char*, Format> table[] = {
      {"", Format::kJson},
      {"*/*", Format::kJson},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::kJson},
      {"application/json", Format::kJson},
      {"text/csv", Format::kCsv},
      {"Text/CSV; charset=utf-8", Format::kCsv},
      {"application/x-ndjson", Format::kNdjson},
      {"application/ndjson, */*", Format::kNdjson},
      {"text/csv;q=0.5, application/json", Format::kJson},
      {"text/csv, application/json;q=0.5", Format::kCsv},
      {"text/csv;q=0.5, */*;q=0.9", Format::kJson},
      {"text/csv;q=0", Format::kJson},
      {"text/csv, application/json", Format::kJson},
      {"text/csv;q=0.2,application/x-ndjson;q=0.20,application/json;q=0.1", Format::kNdjson},
      {",,;;,q=,=", Format::kJson},
  };
  for (const auto& [accept, format] : table) EXPECT_EQ(negotiate(accept), format) << accept;
}

}  // namespace
}  // namespace satindex::http
