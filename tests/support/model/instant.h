// Instant: a time as a record writes it, for the reference model. A value. Reading a text that is
// no time aborts: the generator writes only legal ones. Covers years 0000 to 9999, which
// nanoseconds in 64 bits would not.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace satindex::model {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr int64_t kOpen = INT64_MAX;

struct Instant {
  int64_t seconds = 0;  // since 1970, negative before
  int64_t nanos = 0;
  auto operator<=>(const Instant&) const = default;
};

// A time as written: the instant and how many decimals it was given.
struct Written {
  Instant instant;
  int decimals = 0;
};

Written read_time(const std::string& text);
// "2026-11-20T10:15:30.123Z", exactly `decimals` digits.
std::string write_time(Instant instant, int decimals);

Instant from_ns(int64_t ns);
// Within 1970..2261 only.
int64_t to_ns(Instant instant);
Instant first_of_1970();
Instant first_after_2261();

}  // namespace satindex::model
