#include "tests/support/model/instant.h"

#include <cstdio>
#include <cstdlib>

namespace satindex::model {
namespace {

bool leap(int64_t y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

int64_t days_in_month(int64_t y, int64_t m) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return m == 2 && leap(y) ? 29 : kDays[m - 1];
}

// Days from 0000-01-01 to the first day of the year, counted leap year by leap year.
int64_t days_before_year(int64_t y) {
  if (y == 0) return 0;
  int64_t p = y - 1;
  return y * 365 + p / 4 - p / 100 + p / 400 + 1;  // the year 0 is a leap year
}

int64_t digits(const std::string& text, size_t at, size_t count) {
  return std::strtoll(text.substr(at, count).c_str(), nullptr, 10);
}

}  // namespace

Written read_time(const std::string& text) {
  if (text.size() < 20) std::abort();
  int64_t y = digits(text, 0, 4);
  int64_t m = digits(text, 5, 2);
  int64_t days = days_before_year(y) - days_before_year(1970);
  for (int64_t i = 1; i < m; ++i) days += days_in_month(y, i);
  days += digits(text, 8, 2) - 1;
  Written w;
  w.instant.seconds =
      days * 86400 + digits(text, 11, 2) * 3600 + digits(text, 14, 2) * 60 + digits(text, 17, 2);
  if (text[19] == '.') {
    size_t i = 20;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      w.instant.nanos = w.instant.nanos * 10 + (text[i] - '0');
      ++w.decimals;
    }
    for (int d = w.decimals; d < 9; ++d) w.instant.nanos *= 10;
  }
  return w;
}

std::string write_time(Instant instant, int decimals) {
  int64_t days = instant.seconds / 86400;
  int64_t rest = instant.seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  days += days_before_year(1970);
  int64_t y = days / 366;
  while (days_before_year(y + 1) <= days) ++y;
  days -= days_before_year(y);
  int64_t m = 1;
  while (days >= days_in_month(y, m)) days -= days_in_month(y, m++);
  char head[128];
  std::snprintf(head, sizeof head, "%04d-%02d-%02dT%02d:%02d:%02d", static_cast<int>(y),
                static_cast<int>(m), static_cast<int>(days + 1), static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  std::string out = head;
  if (decimals > 0) {
    char tail[64];
    std::snprintf(tail, sizeof tail, "%09d", static_cast<int>(instant.nanos));
    out += '.';
    out.append(tail, static_cast<size_t>(decimals));
  }
  return out + 'Z';
}

Instant from_ns(int64_t ns) {
  Instant i{ns / kSecond, ns % kSecond};
  if (i.nanos < 0) {
    i.nanos += kSecond;
    --i.seconds;
  }
  return i;
}

int64_t to_ns(Instant instant) { return instant.seconds * kSecond + instant.nanos; }

Instant first_of_1970() { return {0, 0}; }

Instant first_after_2261() { return read_time("2262-01-01T00:00:00Z").instant; }

}  // namespace satindex::model
