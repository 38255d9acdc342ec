#include "schemas/time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/seed.h"

namespace satindex::schemas {
namespace {

std::optional<int64_t> ns(std::string_view text) {
  const auto time = WrittenTime::parse(text);
  return time ? time->event_ns() : std::nullopt;
}

TEST(WrittenTime, ReadsKnownInstants) {
  EXPECT_EQ(ns("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ns("2001-09-09T01:46:40Z"), 1'000'000'000'000'000'000);
  EXPECT_EQ(ns("2026-11-20T10:15:30.123Z"), 1'795'169'730'123'000'000);
  EXPECT_EQ(ns("2024-02-29T00:00:00Z"), 1'709'164'800'000'000'000);
  EXPECT_EQ(WrittenTime::parse("0000-01-01T00:00:00Z")->seconds, -62'167'219'200);
  EXPECT_EQ(WrittenTime::parse("0000-02-29T12:00:00Z")->seconds, -62'162'078'400);
  EXPECT_EQ(WrittenTime::parse("0001-01-01T00:00:00Z")->seconds, -62'135'596'800);
  EXPECT_EQ(WrittenTime::parse("1969-12-31T23:59:59Z")->seconds, -1);
  EXPECT_EQ(WrittenTime::parse("9999-12-31T23:59:59Z")->seconds, 253'402'300'799);
}

TEST(WrittenTime, KeepsThePrecisionOfTheWriting) {
  const std::string head = "2026-11-20T10:15:30";
  const std::string digits = "123456789";
  for (size_t decimals = 1; decimals <= 9; ++decimals) {
    const auto time = WrittenTime::parse(head + "." + digits.substr(0, decimals) + "+00:00");
    ASSERT_TRUE(time);
    EXPECT_EQ(time->decimals, decimals);
    EXPECT_EQ(time->nanos, std::stoul((digits.substr(0, decimals) + "00000000").substr(0, 9)));
  }
  EXPECT_EQ(WrittenTime::parse(head + "Z")->decimals, 0);
  EXPECT_EQ(WrittenTime::parse(head + ".000000000Z")->decimals, 9);
  EXPECT_FALSE(WrittenTime::parse(head + ".1234567890Z"));
  EXPECT_FALSE(WrittenTime::parse(head + ".Z"));
  EXPECT_TRUE(WrittenTime::parse(head + ".5Z")->same_instant(*WrittenTime::parse(head + ".500Z")));
  EXPECT_LT(*WrittenTime::parse(head + ".49Z"), *WrittenTime::parse(head + ".5Z"));
}

TEST(WrittenTime, KnowsTheCalendar) {
  for (const int year : {0, 4, 1600, 1900, 1970, 1972, 2000, 2023, 2024, 2100, 2400, 9996, 9999}) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    std::optional<int64_t> yesterday;
    for (int month = 0; month <= 13; ++month) {
      for (int day = 0; day <= 32; ++day) {
        char text[40];
        std::snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, day);
        const auto time = WrittenTime::parse(text);
        const bool exists = month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1];
        ASSERT_EQ(time.has_value(), exists) << text;
        if (!exists) continue;
        EXPECT_EQ(time->seconds - yesterday.value_or(time->seconds - 86'400), 86'400) << text;
        yesterday = time->seconds;
      }
    }
  }
}

TEST(WrittenTime, RefusesEveryOtherByteAtEveryPlace) {
  const std::string good = "2026-11-10T11:11:11.111+00:00";
  ASSERT_TRUE(WrittenTime::parse(good));
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      if (byte >= '0' && byte <= '9') continue;
      std::string text = good;
      text[at] = static_cast<char>(byte);
      const bool legal = text == good || (text[at] == '+' && good[at] == '+');
      EXPECT_EQ(WrittenTime::parse(text).has_value(), legal) << text;
    }
  }
}

TEST(WrittenTime, RefusesOtherForms) {
  for (const char* text :
       {"", "Z", "2026-11-20T10:15:30", "2026-11-20t10:15:30Z", "2026-11-20T10:15:30z",
        "2026-11-20 10:15:30Z", "2026-11-20T10:15:30-00:00", "2026-11-20T10:15:30+00:01",
        "2026-11-20T10:15:30+01:00", "2026-11-20T10:15:60Z", "2026-11-20T10:60:00Z",
        "2026-11-20T24:00:00Z", "2026-11-20T10:15:30Z ", " 2026-11-20T10:15:30Z",
        "12026-11-20T10:15:30Z", "2026-11-20T10:15:30,1Z", "2026-11-20T10:15:30.1",
        "2026-11-20T10:15:30+00:00Z"}) {
    EXPECT_FALSE(WrittenTime::parse(text)) << text;
  }
}

TEST(WrittenTime, EventTimesLieIn1970To2261) {
  EXPECT_EQ(ns("2261-12-31T23:59:59.999999999Z"), kEventTimeMaxNs);
  EXPECT_FALSE(ns("2262-01-01T00:00:00Z"));
  EXPECT_FALSE(ns("2262-04-11T23:47:16.854775807Z"));  // the last that int64 nanoseconds could hold
  EXPECT_FALSE(ns("9999-12-31T23:59:59Z"));
  EXPECT_FALSE(ns("1969-12-31T23:59:59.999999999Z"));
  EXPECT_FALSE(ns("0000-01-01T00:00:00Z"));
}

TEST(FormatTime, WritesExactlyTheDecimals) {
  EXPECT_EQ(format_time(0, 0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(0, 3), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(1'795'169'730'123'000'000, 3), "2026-11-20T10:15:30.123Z");
  EXPECT_EQ(format_time(1'795'169'730'123'456'789, 9), "2026-11-20T10:15:30.123456789Z");
  EXPECT_EQ(format_time(1'795'169'730'000'000'009, 9), "2026-11-20T10:15:30.000000009Z");
  EXPECT_EQ(format_time(kEventTimeMaxNs, 9), "2261-12-31T23:59:59.999999999Z");
  std::string text = "at ";
  append_time(951'782'400'000'000'000, 0, text);
  EXPECT_EQ(text, "at 2000-02-29T00:00:00Z");
}

TEST(FormatTime, IsTheInverseOfParse) {
  testing::Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto decimals = static_cast<uint8_t>(random.below(10));
    int64_t unit = 1;
    for (int d = decimals; d < 9; ++d) unit *= 10;
    const int64_t instant = static_cast<int64_t>(random.below(kEventTimeMaxNs)) / unit * unit;
    const std::string text = format_time(instant, decimals);
    const auto back = WrittenTime::parse(text);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(back->event_ns(), instant) << text;
    EXPECT_EQ(back->decimals, decimals) << text;
  }
}

TEST(FormatTime, AWriterOfManyWritesEachAsItIsAlone) {
  testing::Random random(3);
  TimeWriter writer;
  int64_t instant = 0;
  for (int i = 0; i < 20'000; ++i) {
    // Mostly the same day or the one before or after, and sometimes any.
    const int64_t step = static_cast<int64_t>(random.below(48 * 3600 * kNanosPerSecond));
    instant = random.one_in(50) ? static_cast<int64_t>(random.below(kEventTimeMaxNs))
                                : std::clamp<int64_t>(instant + step - 24 * 3600 * kNanosPerSecond,
                                                      0, kEventTimeMaxNs);
    const auto decimals = static_cast<uint8_t>(random.below(10));
    char text[kTimeTextBytesMax];
    const char* const end = writer.write(instant, decimals, text);
    ASSERT_EQ(std::string_view(text, static_cast<size_t>(end - text)),
              format_time(instant, decimals));
  }
}

TEST(SystemClock, Runs) {
  const Clock& clock = system_clock();
  EXPECT_GT(clock.wall_ns(), *ns("2024-01-01T00:00:00Z"));
  const int64_t before = clock.boot_ns();
  EXPECT_GT(before, 0);
  EXPECT_GE(clock.boot_ns(), before);
}

}  // namespace
}  // namespace satindex::schemas
