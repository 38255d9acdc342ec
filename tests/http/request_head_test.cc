#include "query/http/request_head.h"

#include <gtest/gtest.h>

namespace satindex::http {
namespace {

HeadState scan_in_steps(const std::string& bytes, size_t step, size_t* head_bytes) {
  HeadScanner scanner;
  for (size_t n = step;; n += step) {
    const HeadState state =
        scanner.scan(std::string_view(bytes).substr(0, std::min(n, bytes.size())));
    *head_bytes = scanner.head_bytes();
    if (state != HeadState::kMore || n >= bytes.size()) return state;
  }
}

TEST(HeadScanner, FindsTheEndHoweverTheBytesCome) {
  const std::string head = "GET / HTTP/1.1\r\nHost: t\r\nA: b\r\n\r\n";
  for (size_t step = 1; step <= head.size() + 1; ++step) {
    size_t bytes = 0;
    EXPECT_EQ(scan_in_steps(head + "GET", step, &bytes), HeadState::kWhole);
    EXPECT_EQ(bytes, head.size());
    EXPECT_EQ(scan_in_steps("GET / HTTP/1.0\r\n\r\n", step, &bytes), HeadState::kWhole);
    EXPECT_EQ(bytes, 18u);
    EXPECT_EQ(scan_in_steps(head.substr(0, head.size() - 1), step, &bytes), HeadState::kMore);
  }
}

TEST(HeadScanner, BoundsAreExact) {
  size_t bytes = 0;
  const auto with_target = [](size_t n) {
    return "GET /" + std::string(n - 1, 'a') + " HTTP/1.1\r\n\r\n";
  };
  EXPECT_EQ(scan_in_steps(with_target(16 * 1024), 1000, &bytes), HeadState::kWhole);
  EXPECT_EQ(scan_in_steps(with_target(16 * 1024 + 1), 1000, &bytes), HeadState::kTargetTooLong);
  EXPECT_EQ(scan_in_steps(std::string(20'000, 'a'), 1000, &bytes), HeadState::kTargetTooLong);
  // Fields with the empty line behind them.
  const auto with_fields = [](size_t n) {
    return "GET / HTTP/1.1\r\nA: " + std::string(n - 7, 'b') + "\r\n\r\n";
  };
  EXPECT_EQ(scan_in_steps(with_fields(32 * 1024), 1000, &bytes), HeadState::kWhole);
  EXPECT_EQ(scan_in_steps(with_fields(32 * 1024 + 1), 1000, &bytes), HeadState::kHeadersTooLarge);
  EXPECT_EQ(scan_in_steps("GET / HTTP/1.1\r\nA: " + std::string(40'000, 'b'), 1000, &bytes),
            HeadState::kHeadersTooLarge);
}

std::optional<Problem> parse(const std::string& head) {
  RequestHead out;
  return out.parse(head);
}

TEST(RequestHead, ReadsWhatIsNeeded) {
  RequestHead head;
  const std::string bytes =
      "GET /a?b HTTP/1.1\r\nHost: t\r\naUTHORIZATION: Bearer x\r\nAccept: "
      "text/csv\r\nContent-Length: 5\r\n\r\n";
  ASSERT_FALSE(head.parse(bytes));
  EXPECT_EQ(head.request.method, "GET");
  EXPECT_EQ(head.request.target, "/a?b");
  EXPECT_EQ(head.request.authorization, "Bearer x");
  EXPECT_EQ(head.request.accept, "text/csv");
  EXPECT_FALSE(head.request.authorization_repeated);
  EXPECT_EQ(head.body_bytes, 5u);
  EXPECT_TRUE(head.keep_alive && head.http11);
}

TEST(RequestHead, RefusesWhatCanBeReadTwoWays) {
  const std::pair<const char*, Problem> table[] = {
      {"GET / HTTP/1.1\r\n\r\n", Problem::kBadRequest},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Problem::kBadRequest},
      {"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       Problem::kBadRequest},
      {"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       Problem::kBadRequest},
      {"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n", Problem::kBadRequest},
      {"GET / HTTP/1.1\r\nHost : t\r\n\r\n", Problem::kBadRequest},
      {"GET / HTTP/1.1\r\nHo\x01st: t\r\n\r\n", Problem::kBadRequest},
      {"GET  / HTTP/1.1\r\nHost: t\r\n\r\n", Problem::kBadRequest},
      {"GET / HTTP/1.1 x\r\nHost: t\r\n\r\n", Problem::kVersionNotSupported},
      {"GET /\r\nHost: t\r\n\r\n", Problem::kBadRequest},
      {"\x16\x03\x01\x02 / \r\n\r\n", Problem::kBadRequest},
      {"GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n",
       Problem::kBodyNotAccepted},
      {"GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", Problem::kBodyNotAccepted},
      {"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 65537\r\n\r\n", Problem::kBodyNotAccepted},
      {"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
       Problem::kBodyNotAccepted},
      {"PRI * HTTP/2.0\r\n\r\n", Problem::kVersionNotSupported},
  };
  for (const auto& [head, problem] : table) {
    const auto got = parse(head);
    ASSERT_TRUE(got) << head;
    EXPECT_EQ(*got, problem) << head;
  }
}

}  // namespace
}  // namespace satindex::http
