#include "schemas/ids.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/seed.h"

namespace satindex::schemas {
namespace {

TEST(Eui64, ReadsEitherCaseAndWritesUpper) {
  for (const char* text :
       {"90-B3-D5-1F-30-01-0A-FF", "90-b3-d5-1f-30-01-0a-ff", "90-B3-d5-1F-30-01-0a-Ff"}) {
    const auto eui = Eui64::parse(text);
    ASSERT_TRUE(eui) << text;
    EXPECT_EQ(eui->value, 0x90B3D51F30010AFFu);
    EXPECT_EQ(eui->to_string(), "90-B3-D5-1F-30-01-0A-FF");
  }
  EXPECT_EQ(Eui64::parse("00-00-00-00-00-00-00-00")->value, 0u);
  EXPECT_EQ(Eui64::parse("FF-FF-FF-FF-FF-FF-FF-FF")->value, UINT64_MAX);
  EXPECT_EQ(Eui64::parse("01-23-45-67-89-ab-cd-ef")->value, 0x0123456789ABCDEFu);
}

TEST(Eui64, RefusesEveryOtherByteAtEveryPlace) {
  const std::string good = "01-23-45-67-89-AB-CD-EF";
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = good;
      text[at] = static_cast<char>(byte);
      const bool dash = at % 3 == 2;
      const bool hex = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
                       (byte >= 'A' && byte <= 'F');
      EXPECT_EQ(Eui64::parse(text).has_value(), dash ? byte == '-' : hex) << at << " " << byte;
    }
  }
}

TEST(Eui64, RefusesOtherLengths) {
  const std::string good = "01-23-45-67-89-AB-CD-EF";
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(Eui64::parse(good.substr(0, length)));
  EXPECT_FALSE(Eui64::parse(good + "0"));
  EXPECT_FALSE(Eui64::parse(good + "-"));
  EXPECT_FALSE(Eui64::parse("0123456789ABCDEF"));
}

TEST(Eui64, LenientTakesSixteenDigitsToo) {
  EXPECT_EQ(Eui64::parse_lenient("0123456789abcDEF")->value, 0x0123456789ABCDEFu);
  EXPECT_EQ(Eui64::parse_lenient("01-23-45-67-89-AB-CD-EF")->value, 0x0123456789ABCDEFu);
  for (const char* text : {"", "0123456789ABCDE", "0123456789ABCDEF0", "0123456789ABCDEG",
                           "0x23456789ABCDEF", "01-23456789ABCDEF", "0123-4567-89AB-CDEF"}) {
    EXPECT_FALSE(Eui64::parse_lenient(text)) << text;
  }
}

TEST(Eui64, TextSortsAsTheNumber) {
  testing::Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Eui64 a{random.engine()()};
    const Eui64 b{random.one_in(2) ? a.value ^ 1ull << random.below(64) : random.engine()()};
    EXPECT_EQ(Eui64::parse(a.to_string()), a);
    EXPECT_EQ(a < b, a.to_string() < b.to_string());
  }
}

TEST(Eui64, AppendsBehindWhatIsThere) {
  std::string text = "id=";
  Eui64{0xA}.append_to(text);
  EXPECT_EQ(text, "id=00-00-00-00-00-00-00-0A");
}

constexpr char kPair[] = "90-b3-d5-1f-30-01-00-00:00-DB-12-34-56-78-90-A0:";

TEST(RequestId, RoundTripsInCanonicalForm) {
  for (const char* counter :
       {"0", "1", "9", "10", "1000", "10000000000000000000", "18446744073709551615"}) {
    const auto id = RequestId::parse(kPair + std::string(counter));
    ASSERT_TRUE(id) << counter;
    EXPECT_EQ(id->originator.value, 0x90B3D51F30010000u);
    EXPECT_EQ(id->target.value, 0x00DB1234567890A0u);
    EXPECT_EQ(std::to_string(id->counter), counter);
    EXPECT_EQ(id->to_string(),
              "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:" + std::string(counter));
  }
}

TEST(RequestId, RefusesWhatIsNone) {
  for (const char* counter :
       {"", "00", "01", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616",
        "20000000000000000000", "99999999999999999999", "100000000000000000000", "0x1", "1:1"}) {
    EXPECT_FALSE(RequestId::parse(kPair + std::string(counter))) << counter;
  }
  for (size_t at : {23u, 47u}) {
    std::string text = std::string(kPair) + "1";
    text[at] = '-';
    EXPECT_FALSE(RequestId::parse(text));
  }
  EXPECT_FALSE(RequestId::parse(""));
  EXPECT_FALSE(RequestId::parse("90-b3-d5-1f-30-01-00-00:00-DB-12-34-56-78-90-A0"));
}

}  // namespace
}  // namespace satindex::schemas
