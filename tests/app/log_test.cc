#include "app/log.h"

#include <gtest/gtest.h>

namespace satindex::app {
namespace {

constexpr int64_t kTime = 1'800'000'000'123'000'000;

TEST(LogLine, IsOneJsonObject) {
  EXPECT_EQ(
      format_log_line(
          LogFormat::kJson, kTime, LogLevel::kWarning, "a \"b\"\n",
          {{"text", "x\ty\\"}, {"n", int64_t{-3}}, {"u", uint64_t{7}}, {"d", 0.5}, {"ok", true}}),
      "{\"time\":\"2027-01-15T08:00:00.123Z\",\"level\":\"warning\",\"message\":\"a "
      "\\\"b\\\"\\u000a\","
      "\"text\":\"x\\u0009y\\\\\",\"n\":-3,\"u\":7,\"d\":0.5,\"ok\":true}\n");
}

TEST(LogLine, IsOneLineOfText) {
  EXPECT_EQ(format_log_line(LogFormat::kText, kTime, LogLevel::kError, "stopped",
                            {{"plain", "abc"}, {"spaced", "a b"}, {"empty", ""}, {"n", 5}}),
            "2027-01-15T08:00:00.123Z error stopped plain=abc spaced=\"a b\" empty=\"\" n=5\n");
}

TEST(LogLine, NeverBreaksOverLines) {
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    const std::string line =
        format_log_line(format, kTime, LogLevel::kInfo, "a", {{"k", "x\ny\rz"}});
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\r'), std::string::npos);
  }
}

}  // namespace
}  // namespace satindex::app
