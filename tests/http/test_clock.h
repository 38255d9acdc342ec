// A clock that stands where the test puts it. Thread-safe.
#pragma once

#include <atomic>

#include "schemas/time.h"

namespace satindex::http {

class TestClock final : public schemas::Clock {
 public:
  int64_t wall_ns() const override { return wall_ns_; }
  int64_t boot_ns() const override { return boot_ns_; }
  void set_wall_s(int64_t s) { wall_ns_ = s * schemas::kNanosPerSecond; }
  void advance_s(int64_t s) {
    wall_ns_ += s * schemas::kNanosPerSecond;
    boot_ns_ += s * schemas::kNanosPerSecond;
  }

 private:
  std::atomic<int64_t> wall_ns_{1'800'000'000 * schemas::kNanosPerSecond};
  std::atomic<int64_t> boot_ns_{1000 * schemas::kNanosPerSecond};
};

}  // namespace satindex::http
