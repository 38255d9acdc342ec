#include "app/admin_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <system_error>

#include "app/node.h"

namespace satindex::app {

using schemas::Result;

namespace {

constexpr int kPollMs = 200;
// For one line, sent at once: who says nothing holds up the next.
constexpr timeval kRequestTimeout{1, 0};
constexpr timeval kReadingTimeout{5, 0};
constexpr timeval kAnswerTimeout{600, 0};  // a checkpoint of a large index takes its time
constexpr size_t kRequestBytesMax = 8192;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// An address holds 107 bytes, a path may be longer: the directory is named by its descriptor.
sockaddr_un address_in(int directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/satindex.sock",
                directory);
  return address;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// Lines of a socket until its end; false when a line is too long or nothing came in time.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}
  bool next(std::string& line) {
    for (;;) {
      if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
        line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return true;
      }
      if (buffer_.size() > kRequestBytesMax) return false;
      char block[4096];
      const ssize_t got = ::recv(fd_, block, sizeof block, 0);
      if (got <= 0) return false;
      buffer_.append(block, static_cast<size_t>(got));
    }
  }

 private:
  const int fd_;
  std::string buffer_;
};

std::vector<std::string> split_tabs(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\t', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(Node& node, Log& log) {
  const std::string& data_dir = node.settings().data_dir;
  const Descriptor directory(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_in(directory.get());
  ::unlink(
      address
          .sun_path);  // left by a process that was killed: the shards' locks prove that it is gone
  const mode_t before = ::umask(0177);
  const bool bound =
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::umask(before);
  if (!bound || ::listen(listener.get(), 4) != 0) {
    return schemas::unavailable("the administration socket in " + data_dir + " cannot be made: " +
                                std::error_code(errno, std::generic_category()).message());
  }
  std::unique_ptr<AdminSocket> socket(new AdminSocket(node, listener.release()));
  socket->thread_ = std::thread([raw = socket.get()] { raw->serve(); });
  log.info("administration socket open", {{"data_dir", data_dir}});
  return socket;
}

void AdminSocket::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  thread_.join();
  ::close(listener_);
  const Descriptor directory(
      ::open(node_.settings().data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  ::unlink(address_in(directory.get()).sun_path);
}

void AdminSocket::serve() {
  pthread_setname_np(pthread_self(), "admin");
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, kPollMs) <= 0) continue;
    const Descriptor client(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() >= 0) answer(client.get());
  }
}

void AdminSocket::answer(int client) {
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &kRequestTimeout, sizeof kRequestTimeout);
  ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &kReadingTimeout, sizeof kReadingTimeout);
  std::string request;
  if (!LineReader(client).next(request)) return;
  const auto done = admin_command(node_, split_tabs(request), [client](std::string_view line) {
    send_all(client, "|" + std::string(line) + "\n");
  });
  send_all(client, done ? std::string("ok\n") : "error " + done.error().message + "\n");
}

Result<void> admin_request(const std::string& data_dir, const std::vector<std::string>& words,
                           const AdminLine& line) {
  const Descriptor directory(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0)
    return schemas::config_error("--data-dir: " + data_dir + " is not there");
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerTimeout, sizeof kAnswerTimeout);
  const sockaddr_un address = address_in(directory.get());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return schemas::unavailable("no index runs on " + data_dir);
  }
  std::string request;
  for (const std::string& word : words) request += (request.empty() ? "" : "\t") + word;
  if (!send_all(socket.get(), request + "\n")) return schemas::unavailable("the index went away");
  LineReader lines(socket.get());
  std::string answer;
  while (lines.next(answer)) {
    if (answer == "ok") return {};
    if (answer.starts_with("error ")) return schemas::internal(answer.substr(6));
    if (answer.starts_with("|")) line(std::string_view(answer).substr(1));
  }
  return schemas::unavailable("the index went away");
}

}  // namespace satindex::app
