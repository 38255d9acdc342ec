#include "app/values.h"

#include <gtest/gtest.h>

namespace satindex::app {
namespace {

TEST(Duration, ReadsEveryUnit) {
  EXPECT_EQ(*parse_duration_ns("7ns"), 7);
  EXPECT_EQ(*parse_duration_ns("7us"), 7'000);
  EXPECT_EQ(*parse_duration_ns("500ms"), 500'000'000);
  EXPECT_EQ(*parse_duration_ns("60s"), 60'000'000'000);
  EXPECT_EQ(*parse_duration_ns("5m"), 300'000'000'000);
  EXPECT_EQ(*parse_duration_ns("2h"), 7'200'000'000'000);
  EXPECT_EQ(*parse_duration_ns("1d"), 86'400'000'000'000);
  EXPECT_EQ(*parse_duration_ns("1w"), 7 * *parse_duration_ns("1d"));
  EXPECT_EQ(*parse_duration_ns("7y"), 7 * 365 * *parse_duration_ns("1d"));
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "60", "s", "-1s", "+1s", "1.5h", "60 s", "60S", "60s ", "1month"}) {
    EXPECT_FALSE(parse_duration_ns(text)) << text;
  }
}

TEST(Duration, RefusesWhatDoesNotFit) {
  EXPECT_TRUE(parse_duration_ns("292y"));
  EXPECT_FALSE(parse_duration_ns("293y"));
  EXPECT_FALSE(parse_duration_ns("99999999999999999999s"));
}

TEST(Size, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(*parse_size("4096"), 4096u);
  EXPECT_EQ(*parse_size("1KiB"), 1024u);
  EXPECT_EQ(*parse_size("512MiB"), 512ull << 20);
  EXPECT_EQ(*parse_size("4Gi"), 4ull << 30);
  EXPECT_EQ(*parse_size("1TiB"), 1ull << 40);
  EXPECT_EQ(*parse_size("3GB"), 3'000'000'000u);
  for (const char* text : {"", "GiB", "1gib", "1.5GiB", "-1", "9999999TiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(HostPort, ReadsNamesAddressesAndPorts) {
  EXPECT_EQ(*parse_host_port("localhost:80"), (HostPort{"localhost", 80}));
  EXPECT_EQ(*parse_host_port(":0"), (HostPort{"", 0}));
  EXPECT_EQ(*parse_host_port("[::1]:65535"), (HostPort{"::1", 65535}));
  for (const char* text : {"", "localhost", "80", "::1:80", "a:65536", "a:-1", "a:", "a:8x"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(HostPort, WritesWhatItReads) {
  EXPECT_EQ(parse_host_port("[::1]:9090")->to_string(), "[::1]:9090");
  EXPECT_EQ(parse_host_port("127.0.0.1:0")->to_string(), "127.0.0.1:0");
}

TEST(List, DropsBlanksAndRefusesEmptyItems) {
  EXPECT_EQ(*parse_list("IS, ES ,GS"), (std::vector<std::string>{"IS", "ES", "GS"}));
  EXPECT_TRUE(parse_list("")->empty());
  EXPECT_TRUE(parse_list("  ")->empty());
  EXPECT_FALSE(parse_list("IS,,GS"));
  EXPECT_FALSE(parse_list("IS,"));
}

TEST(Switch, HasFourWaysToSayEither) {
  for (const char* yes : {"true", "yes", "on", "1"}) EXPECT_TRUE(*parse_switch(yes)) << yes;
  for (const char* no : {"false", "no", "off", "0"}) EXPECT_FALSE(*parse_switch(no)) << no;
  EXPECT_FALSE(parse_switch(""));
  EXPECT_FALSE(parse_switch("maybe"));
}

}  // namespace
}  // namespace satindex::app
