#include "app/private_file.h"

#include <fcntl.h>
#include <unistd.h>

namespace satindex::app {

schemas::Result<void> write_private_file(const std::string& path, std::string_view content) {
  // Mode at creation, not afterwards: between the two others could open it.
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return schemas::config_error(path + " cannot be made");
  const ssize_t written = ::write(fd, content.data(), content.size());
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  if (written != static_cast<ssize_t>(content.size()) || !synced) {
    ::unlink(path.c_str());
    return schemas::config_error(path + " cannot be written");
  }
  return {};
}

}  // namespace satindex::app
