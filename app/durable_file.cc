#include "app/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace satindex::app {

using schemas::Result;

namespace {

// Mode at creation, not afterwards: between the two others could open it.
bool write_new(const std::string& path, int how, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600);
  if (fd < 0) return false;
  const bool written =
      ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  if (!written || !synced) ::unlink(path.c_str());
  return written && synced;
}

bool sync_directory(const std::filesystem::path& directory) {
  const int fd =
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace

Result<void> write_private_file(const std::string& path, std::string_view content) {
  if (!write_new(path, O_EXCL, content)) return schemas::config_error(path + " cannot be made");
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view content) {
  const std::string beside = path + ".new";
  if (!write_new(beside, O_TRUNC, content) || std::rename(beside.c_str(), path.c_str()) != 0 ||
      !sync_directory(std::filesystem::path(path).parent_path())) {
    return schemas::unavailable(path + " cannot be written");
  }
  return {};
}

}  // namespace satindex::app
