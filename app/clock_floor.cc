#include "app/clock_floor.h"

#include <filesystem>
#include <fstream>

#include "app/durable_file.h"
#include "app/values.h"
#include "schemas/time.h"

namespace satindex::app {

using schemas::Result;

namespace {

constexpr int64_t kAheadNs = schemas::kNanosPerSecond;  // what CONTRACT 2 allows

}  // namespace

Result<std::unique_ptr<ClockFloor>> ClockFloor::open(std::string path, bool accept_clock) {
  int64_t kept = 0;
  if (!accept_clock && std::filesystem::exists(path)) {
    std::ifstream in(path);
    std::string text;
    std::getline(in, text);
    const auto number = parse_count(text);
    if (!number || *number > static_cast<uint64_t>(schemas::kEventTimeMaxNs)) {
      return schemas::config_error(
          path + " is spoilt; start once with --accept-clock if the clock is right");
    }
    kept = static_cast<int64_t>(*number);
  }
  std::unique_ptr<ClockFloor> floor(new ClockFloor(std::move(path), kept));
  if (accept_clock) std::filesystem::remove(floor->path_);
  return floor;
}

bool ClockFloor::cover(int64_t now_ns) {
  if (now_ns <= durable_ns_.load(std::memory_order_acquire)) return true;
  const std::lock_guard lock(write_mutex_);
  if (now_ns <= durable_ns_.load(std::memory_order_relaxed))
    return true;  // the one before us wrote enough
  const int64_t ahead = now_ns + kAheadNs;
  if (!replace_file(path_, std::to_string(ahead) + "\n")) return false;
  durable_ns_.store(ahead, std::memory_order_release);
  return true;
}

}  // namespace satindex::app
