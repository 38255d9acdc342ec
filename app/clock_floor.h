// ClockFloor: the latest now that an answer was given for, kept in a small file so that it outlives
// the process (CONTRACT 2): a clock set back would otherwise give ended entitlements back.
// Thread-safe. cover() writes, synced, about once a second of progress and costs nothing in
// between; it fails only with the disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "schemas/status.h"

namespace satindex::app {

class ClockFloor {
 public:
  // `accept_clock`: whatever was kept is forgotten, time starts anew from the present. kConfig when
  // the file is spoilt and the clock was not accepted.
  static schemas::Result<std::unique_ptr<ClockFloor>> open(std::string path, bool accept_clock);

  // What was kept at opening, at most a second ahead of the latest now that was used; 0: nothing.
  int64_t kept_ns() const { return kept_ns_; }
  // True when a value of at least now_ns is durable: an answer that used now_ns may leave.
  bool cover(int64_t now_ns);

 private:
  ClockFloor(std::string path, int64_t kept_ns)
      : path_(std::move(path)), kept_ns_(kept_ns), durable_ns_(kept_ns) {}

  const std::string path_;
  const int64_t kept_ns_;
  std::atomic<int64_t> durable_ns_;
  std::mutex write_mutex_;  // one write at a time
};

}  // namespace satindex::app
