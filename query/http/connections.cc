#include "query/http/connections.h"

#include <boost/asio/post.hpp>

namespace satindex::http {

bool Connections::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  if (draining_ || open_.size() >= max_) return false;
  open_.insert(connection);
  return true;
}

void Connections::remove(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  open_.erase(connection);
  changed_.notify_all();
}

size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

void Connections::close_each(bool busy_too) {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  for (const auto& connection : open_) {
    connection->draining = true;
    boost::asio::post(connection->executor, [connection, busy_too] {
      if (connection->stream != nullptr && (busy_too || !connection->busy))
        connection->stream->close();
    });
  }
}

void Connections::drain() { close_each(false); }
void Connections::close_all() { close_each(true); }

bool Connections::wait_empty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return open_.empty(); });
}

}  // namespace satindex::http
