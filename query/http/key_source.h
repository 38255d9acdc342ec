// Where verification keys come from. KeySource is the seam (a file today; anything that can name a
// current set fits). JwksFile reads a file again when its bytes change, looked at no more than once
// a second by whichever request comes first; a file that has become unreadable leaves the last good
// set in use and is reported. Thread-safe, outlives its users.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "query/http/jwk.h"
#include "schemas/status.h"
#include "schemas/time.h"

namespace satindex::http {

using KeySource = std::function<std::shared_ptr<const KeySet>()>;

class JwksFile {
 public:
  using Report = std::function<void(const schemas::Status&)>;

  // kConfig when the file cannot be read now, is no key set, or holds no usable key.
  static schemas::Result<std::shared_ptr<JwksFile>> open(std::string path,
                                                         const schemas::Clock* clock,
                                                         Report report);

  std::shared_ptr<const KeySet> current();
  // True while the file is worse than what is in use.
  bool stale() const { return stale_.load(std::memory_order_relaxed); }

 private:
  JwksFile(std::string path, const schemas::Clock* clock, Report report)
      : path_(std::move(path)), clock_(clock), report_(std::move(report)) {}
  void look_again();

  const std::string path_;
  const schemas::Clock* const clock_;
  const Report report_;
  std::atomic<int64_t> next_look_boot_ns_{0};
  std::atomic<bool> stale_{false};
  std::mutex look_mutex_;  // one look at a time; guards text_
  std::string text_;
  std::mutex set_mutex_;  // guards set_
  std::shared_ptr<const KeySet> set_;
};

// Reads a small file whole; kConfig without the path in the message when it cannot, or is beyond
// bytes_max.
schemas::Result<std::string> read_small_file(const std::string& path, size_t bytes_max);

}  // namespace satindex::http
