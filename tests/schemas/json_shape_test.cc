#include "schemas/json_shape.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/support/seed.h"

namespace satindex::schemas {
namespace {

// UTF-8 by the table of RFC 3629, byte by byte: what the library's answer is held to.
bool is_utf8_by_table(std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0u; };
  size_t i = 0;
  while (i < text.size()) {
    const unsigned lead = at(i);
    size_t more = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (lead < 0x80) {
      ++i;
      continue;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      low = lead == 0xE0 ? 0xA0 : low;
      high = lead == 0xED ? 0x9F : high;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      low = lead == 0xF0 ? 0x90 : low;
      high = lead == 0xF4 ? 0x8F : high;
    } else {
      return false;
    }
    if (at(i + 1) < low || at(i + 1) > high) return false;
    for (size_t k = 2; k <= more; ++k) {
      if (at(i + k) < 0x80 || at(i + k) > 0xBF) return false;
    }
    i += more + 1;
  }
  return true;
}

TEST(Utf8, AgreesWithTheTable) {
  testing::Random random(3);
  const std::string_view pieces[] = {"a",
                                     "\xC3\xA9",
                                     "\xE2\x82\xAC",
                                     "\xF0\x9F\x98\x80",
                                     "\xED\x9F\xBF",
                                     "\xEE\x80\x80",
                                     "\xF4\x8F\xBF\xBF",
                                     "\xC2\x80",
                                     "\xE0\xA0\x80",
                                     "\xF0\x90\x80\x80"};
  size_t good = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random.below(140), 'a');
    for (uint64_t n = random.below(8); n > 0; --n) text += random.pick(pieces);
    text += std::string(random.below(70), 'z');
    if (!random.one_in(3) && !text.empty()) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    ASSERT_EQ(is_utf8(text), is_utf8_by_table(text)) << ::testing::PrintToString(text);
    good += is_utf8_by_table(text) ? 1 : 0;
  }
  EXPECT_GT(good, 1000u);
  EXPECT_LT(good, 19'000u);
}

TEST(Utf8, EverySequenceOfTwoBytesBetweenAscii) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{'a', static_cast<char>(first), static_cast<char>(second), 'z'};
      ASSERT_EQ(is_utf8(text), is_utf8_by_table(text)) << first << " " << second;
    }
  }
}

std::string plain(std::string_view content, size_t capacity = 64) {
  std::array<char, 64> out{};
  const Unescaped result = unescape(content, out.data(), capacity);
  if (result.error) return *result.error == UnescapeError::kTooLong ? "too long" : "bad";
  return std::string(out.data(), result.size);
}

TEST(Unescape, EveryCodePoint) {
  char content[16];
  for (unsigned c = 0; c <= 0xFFFF; ++c) {
    std::snprintf(content, sizeof(content), c % 2 == 0 ? "\\u%04x" : "\\u%04X", c);
    const std::string text = plain(content);
    if (c >= 0xD800 && c <= 0xDFFF) {
      ASSERT_EQ(text, "bad") << c;
    } else {
      ASSERT_EQ(text.size(), c < 0x80 ? 1u : c < 0x800 ? 2u : 3u) << c;
      ASSERT_TRUE(is_utf8_by_table(text)) << c;
    }
  }
  for (unsigned c = 0x10000; c <= 0x10FFFF; c += 97) {
    std::snprintf(content, sizeof(content), "\\u%04x\\u%04X", 0xD800 + ((c - 0x10000) >> 10),
                  0xDC00 + (c & 0x3FF));
    const std::string text = plain(content);
    ASSERT_EQ(text.size(), 4u);
    ASSERT_TRUE(is_utf8_by_table(text)) << c;
  }
  EXPECT_EQ(plain(R"(\uDBFF\uDFFF)"), "\xF4\x8F\xBF\xBF");
}

TEST(Unescape, EveryShortEscape) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string content{'\\', static_cast<char>(byte)};
    const size_t known = std::string_view("\"\\/bfnrt").find(static_cast<char>(byte));
    EXPECT_EQ(plain(content),
              known == std::string_view::npos ? "bad" : std::string(1, "\"\\/\b\f\n\r\t"[known]));
  }
  EXPECT_EQ(plain("\\"), "bad");
  EXPECT_EQ(plain("\\u"), "bad");
  EXPECT_EQ(plain("\\u004"), "bad");
}

TEST(Unescape, StopsAtTheCapacity) {
  EXPECT_EQ(plain("abcd", 4), "abcd");
  EXPECT_EQ(plain("abcde", 4), "too long");
  EXPECT_EQ(plain(R"(abc\n)", 4), "abc\n");
  EXPECT_EQ(plain(R"(ab\u20ac)", 4), "too long");
  EXPECT_EQ(plain(R"(\ud83d\ude00)", 4), "\xF0\x9F\x98\x80");
  EXPECT_EQ(plain(R"(\ud83d\ude00)", 3), "too long");
  EXPECT_EQ(plain("", 0), "");
}

}  // namespace
}  // namespace satindex::schemas
