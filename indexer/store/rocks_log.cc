#include "indexer/store/rocks_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <string>
#include <system_error>

namespace satindex::store {
namespace {

constexpr size_t kFileBytesMax = 4 << 20;
constexpr size_t kLineBytesMax = 16 << 10;

}  // namespace

RocksLog::RocksLog(const std::filesystem::path& directory)
    : file_(directory / "LOG"), old_file_(directory / "LOG.old") {
  open();
}

RocksLog::~RocksLog() {
  if (fd_ >= 0) ::close(fd_);
}

void RocksLog::open() {
  if (fd_ >= 0) ::close(fd_);
  std::error_code ignored;
  std::filesystem::rename(file_, old_file_, ignored);
  fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
  bytes_ = 0;
}

void RocksLog::Logv(const char* format, va_list arguments) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  std::string line(kLineBytesMax, '\0');
  size_t size = std::strftime(line.data(), line.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  size += static_cast<size_t>(
      std::snprintf(line.data() + size, line.size() - size, ".%06ldZ ", now.tv_nsec / 1000));
  const int text = std::vsnprintf(line.data() + size, line.size() - size, format, arguments);
  if (text > 0) size = std::min(size + static_cast<size_t>(text), line.size() - 1);
  line[size++] = '\n';
  const std::lock_guard lock(mutex_);
  if (bytes_ > kFileBytesMax) open();
  if (fd_ < 0) return;
  const ssize_t written = ::write(fd_, line.data(), size);
  if (written > 0) bytes_ += static_cast<size_t>(written);
}

}  // namespace satindex::store
