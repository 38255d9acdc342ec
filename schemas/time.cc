#include "schemas/time.h"

#include <array>
#include <cstring>
#include <ctime>

namespace satindex::schemas {
namespace {

constexpr size_t kToSecondsBytes = 19;  // yyyy-mm-ddThh:mm:ss
constexpr uint32_t kPowersOfTen[] = {1,       10,        100,        1'000,       10'000,
                                     100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
constexpr int64_t kSecondsPerDay = 86'400;

// Days since 1970-01-01 in the proleptic Gregorian calendar, year 0 included. Years are counted
// from March, so that the leap day is the last of its year.
constexpr int64_t days_from_civil(int year, int month, int day) {
  const int64_t y = year - (month <= 2 ? 1 : 0);
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}
static_assert(days_from_civil(1970, 1, 1) == 0);
static_assert(days_from_civil(2262, 1, 1) * kSecondsPerDay * kNanosPerSecond - 1 ==
              kEventTimeMaxNs);

constexpr bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

constexpr int days_in_month(int year, int month) {
  constexpr uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

// Two digits at `at`; a value above 99 when one is none.
inline unsigned two_digits(const char* at) {
  const auto tens = static_cast<uint8_t>(at[0] - '0');
  const auto units = static_cast<uint8_t>(at[1] - '0');
  return tens > 9 || units > 9 ? 100u : tens * 10u + units;
}

// yyyy-mm-ddThh:mm:ss at the head of a text of at least that length.
bool parse_to_seconds(const char* t, int64_t* seconds) {
  if (t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':') return false;
  const unsigned century = two_digits(t);
  const unsigned year_of_century = two_digits(t + 2);
  const unsigned month = two_digits(t + 5);
  const unsigned day = two_digits(t + 8);
  const unsigned hour = two_digits(t + 11);
  const unsigned minute = two_digits(t + 14);
  const unsigned second = two_digits(t + 17);
  if (century > 99 || year_of_century > 99 || month < 1 || month > 12) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  const int year = static_cast<int>(century * 100 + year_of_century);
  const int m = static_cast<int>(month);
  const int d = static_cast<int>(day);
  if (d < 1 || d > days_in_month(year, m)) return false;
  *seconds = days_from_civil(year, m, d) * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  return true;
}

constexpr auto kTwoDigits = [] {
  std::array<std::array<char, 2>, 100> out{};
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  return out;
}();

char* write_two(uint32_t value, char* out) {  // value < 100
  std::memcpy(out, kTwoDigits[value].data(), 2);
  return out + 2;
}

int64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return now.tv_sec * kNanosPerSecond + now.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  int64_t wall_ns() const override { return read_clock(CLOCK_REALTIME); }
  int64_t boot_ns() const override { return read_clock(CLOCK_BOOTTIME); }
};

}  // namespace

std::optional<WrittenTime> WrittenTime::parse(std::string_view text) {
  WrittenTime time;
  if (text.size() <= kToSecondsBytes || !parse_to_seconds(text.data(), &time.seconds)) {
    return std::nullopt;
  }
  const char* at = text.data() + kToSecondsBytes;
  const char* const end = text.data() + text.size();
  if (*at == '.') {
    ++at;
    while (at != end && static_cast<uint8_t>(*at - '0') <= 9) {
      if (time.decimals == 9) return std::nullopt;
      time.nanos = time.nanos * 10 + static_cast<uint8_t>(*at - '0');
      ++time.decimals;
      ++at;
    }
    if (time.decimals == 0) return std::nullopt;
    time.nanos *= kPowersOfTen[9 - time.decimals];
  }
  const std::string_view zone(at, static_cast<size_t>(end - at));
  if (zone != "Z" && zone != "+00:00") return std::nullopt;
  return time;
}

std::optional<int64_t> WrittenTime::event_ns() const {
  if (seconds < 0 || seconds > kEventTimeMaxNs / kNanosPerSecond) return std::nullopt;
  return seconds * kNanosPerSecond + nanos;
}

namespace {

// "2026-11-20T". The inverse of days_from_civil; days are never negative here.
char* write_date(int64_t days, char* out) {
  const auto z = static_cast<uint32_t>(days + 719'468);
  const uint32_t era = z / 146'097;
  const uint32_t day_of_era = z - era * 146'097;
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t month_from_march = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const uint32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const uint32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  out = write_two(year / 100, out);
  out = write_two(year % 100, out);
  *out++ = '-';
  out = write_two(month, out);
  *out++ = '-';
  out = write_two(day, out);
  *out++ = 'T';
  return out;
}

// "10:15:30.123Z"
char* write_time_of_day(uint32_t second_of_day, uint32_t nanos, uint8_t decimals, char* out) {
  out = write_two(second_of_day / 3600, out);
  *out++ = ':';
  out = write_two(second_of_day / 60 % 60, out);
  *out++ = ':';
  out = write_two(second_of_day % 60, out);
  if (decimals > 0) {
    *out++ = '.';
    uint32_t rest = nanos / kPowersOfTen[9 - decimals];
    for (int i = decimals - 1; i >= 0; --i, rest /= 10) out[i] = static_cast<char>('0' + rest % 10);
    out += decimals;
  }
  *out++ = 'Z';
  return out;
}

}  // namespace

char* write_time(int64_t ns, uint8_t decimals, char* out) {
  return TimeWriter().write(ns, decimals, out);
}

char* TimeWriter::write(int64_t ns, uint8_t decimals, char* out) {
  const int64_t seconds = ns / kNanosPerSecond;
  const int64_t day = seconds / kSecondsPerDay;
  if (day != day_) {
    write_date(day, date_);
    day_ = day;
  }
  std::memcpy(out, date_, kDateBytes);
  return write_time_of_day(static_cast<uint32_t>(seconds % kSecondsPerDay),
                           static_cast<uint32_t>(ns % kNanosPerSecond), decimals, out + kDateBytes);
}

void append_time(int64_t ns, uint8_t decimals, std::string& out) {
  char text[kTimeTextBytesMax];
  out.append(text, write_time(ns, decimals, text));
}

std::string format_time(int64_t ns, uint8_t decimals) {
  std::string text;
  append_time(ns, decimals, text);
  return text;
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace satindex::schemas
