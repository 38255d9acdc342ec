#include "tests/http/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace satindex::http {

HttpClient::HttpClient(uint16_t port, int timeout_ms) {
  fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  const timeval wait{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

HttpClient::~HttpClient() {
  if (fd_ >= 0) ::close(fd_);
}

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool HttpClient::fill() {
  char chunk[16384];
  const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
  if (got < 0 && errno == ECONNRESET) reset_ = true;
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<size_t>(got));
  return true;
}

size_t HttpClient::receive_some(size_t bytes) {
  while (buffer_.size() < bytes && fill()) {
  }
  const size_t got = std::min(bytes, buffer_.size());
  buffer_.erase(0, got);
  return got;
}

std::string HttpClient::receive_all() {
  while (fill()) {
  }
  return std::move(buffer_);
}

Reply HttpClient::receive() {
  Reply reply;
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return reply;
  }
  reply.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  reply.status = std::atoi(reply.head.c_str() + 9);
  for (size_t at = reply.head.find("\r\n") + 2; at < reply.head.size();) {
    const size_t line_end = reply.head.find("\r\n", at);
    const size_t colon = reply.head.find(": ", at);
    std::string name = reply.head.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(::tolower(c));
    reply.headers[name] = reply.head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  return receive_body(std::move(reply));
}

Reply HttpClient::receive_body(Reply reply) {
  if (const auto length = reply.headers.find("content-length"); length != reply.headers.end()) {
    const size_t bytes = static_cast<size_t>(std::atoll(length->second.c_str()));
    while (buffer_.size() < bytes && fill()) {
    }
    reply.whole = buffer_.size() >= bytes;
    reply.body = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return reply;
  }
  if (reply.headers.count("transfer-encoding") == 0) {
    while (fill()) {
    }
    reply.whole = !reset_;
    reply.body.swap(buffer_);
    return reply;
  }
  for (;;) {
    size_t line = 0;
    while ((line = buffer_.find("\r\n")) == std::string::npos) {
      if (!fill()) return reply;
    }
    const size_t bytes = static_cast<size_t>(std::strtoull(buffer_.c_str(), nullptr, 16));
    while (buffer_.size() < line + 2 + bytes + 2) {
      if (!fill()) return reply;
    }
    reply.body.append(buffer_, line + 2, bytes);
    buffer_.erase(0, line + 2 + bytes + 2);
    if (bytes == 0) {
      reply.whole = true;
      return reply;
    }
    ++reply.chunks;
  }
}

Reply HttpClient::get(const std::string& target, const std::string& more_headers) {
  send("GET " + target + " HTTP/1.1\r\nHost: t\r\n" + more_headers + "\r\n");
  return receive();
}

bool HttpClient::closed() {
  char c = 0;
  if (!buffer_.empty()) return false;
  const ssize_t got = ::recv(fd_, &c, 1, 0);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

}  // namespace satindex::http
