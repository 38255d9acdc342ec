// Instants in the time syntax of records (CONTRACT 1.3) and the Clock seam. Values; parsing never
// throws.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace satindex::schemas {

inline constexpr int64_t kNanosPerSecond = 1'000'000'000;
// The last nanosecond of the year 2261; event times lie in [0, kEventTimeMaxNs].
inline constexpr int64_t kEventTimeMaxNs = 9'214'646'399'999'999'999;

// An instant as it was written: seconds since 1970 (negative before), nanoseconds, and how many
// decimals it came with.
struct WrittenTime {
  int64_t seconds = 0;
  uint32_t nanos = 0;
  uint8_t decimals = 0;  // 0..9; not part of the instant

  // yyyy-mm-ddThh:mm:ss[.d{1,9}](Z|+00:00), seconds 00..59, years 0000..9999.
  static std::optional<WrittenTime> parse(std::string_view text);
  // Nanoseconds since 1970 when the instant is a legal event time, else nullopt.
  std::optional<int64_t> event_ns() const;
  bool same_instant(const WrittenTime& o) const { return seconds == o.seconds && nanos == o.nanos; }
  std::strong_ordering operator<=>(const WrittenTime& o) const {
    if (auto c = seconds <=> o.seconds; c != 0) return c;
    return nanos <=> o.nanos;
  }
  bool operator==(const WrittenTime& o) const { return same_instant(o); }
};

inline constexpr size_t kTimeTextBytesMax = 30;
// Writes "2026-11-20T10:15:30.123Z" as append_time does, at most kTimeTextBytesMax bytes; returns
// the end.
char* write_time(int64_t ns, uint8_t decimals, char* out);
// The same for many times: the date is worked out when it changes, which in a trail is seldom. One thread.
class TimeWriter {
 public:
  char* write(int64_t ns, uint8_t decimals, char* out);

 private:
  static constexpr size_t kDateBytes = 11;  // with the T
  int64_t day_ = -1;                        // since 1970
  char date_[kDateBytes];
};
// Appends "2026-11-20T10:15:30.123Z" with exactly `decimals` digits (no point for 0). ns in [0,
// kEventTimeMaxNs].
void append_time(int64_t ns, uint8_t decimals, std::string& out);
std::string format_time(int64_t ns, uint8_t decimals);

// The seam through which time enters. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t wall_ns() const = 0;  // since 1970, may jump either way
  virtual int64_t boot_ns() const = 0;  // since boot, suspended time included, never back
};

// The machine's clocks. A process-wide constant.
const Clock& system_clock();

}  // namespace satindex::schemas
