#include "query/http/key_source.h"

#include <fstream>

namespace satindex::http {
namespace {

constexpr size_t kJwksBytesMax = 1 << 20;

}  // namespace

schemas::Result<std::string> read_small_file(const std::string& path, size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  std::string out(bytes_max + 1, '\0');
  if (!file.is_open()) return schemas::config_error("the file cannot be opened");
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (file.bad()) return schemas::config_error("the file cannot be read");
  out.resize(static_cast<size_t>(file.gcount()));
  if (out.size() > bytes_max) return schemas::config_error("the file is too large");
  return out;
}

schemas::Result<std::shared_ptr<JwksFile>> JwksFile::open(std::string path,
                                                          const schemas::Clock* clock,
                                                          Report report) {
  std::shared_ptr<JwksFile> file(new JwksFile(std::move(path), clock, std::move(report)));
  auto text = read_small_file(file->path_, kJwksBytesMax);
  if (!text) return text.error();
  auto set = parse_jwks(*text);
  if (!set) return set.error();
  if (set->keys.empty())
    return schemas::config_error("the key set holds no key for RS256, ES256 or EdDSA");
  set->generation = 1;
  file->text_ = std::move(*text);
  file->set_ = std::make_shared<const KeySet>(std::move(*set));
  file->next_look_boot_ns_ = clock->boot_ns() + schemas::kNanosPerSecond;
  return file;
}

std::shared_ptr<const KeySet> JwksFile::current() {
  const int64_t now = clock_->boot_ns();
  int64_t next = next_look_boot_ns_.load(std::memory_order_relaxed);
  if (now >= next &&
      next_look_boot_ns_.compare_exchange_strong(next, now + schemas::kNanosPerSecond))
    look_again();
  const std::lock_guard lock(set_mutex_);
  return set_;
}

void JwksFile::look_again() {
  const std::lock_guard look(look_mutex_);
  auto text = read_small_file(path_, kJwksBytesMax);
  // The bytes are compared, not the time of change: a file system's clock can be coarser than two
  // rotations.
  if (text && *text == text_) {
    stale_ = false;
    return;
  }
  auto set = text ? parse_jwks(*text) : schemas::Result<KeySet>(text.error());
  if (!set) {
    if (!stale_.exchange(true)) report_(set.error());
    return;
  }
  text_ = std::move(*text);
  const std::lock_guard lock(set_mutex_);
  set->generation = set_->generation + 1;
  set_ = std::make_shared<const KeySet>(
      std::move(*set));  // an empty set is a way to revoke everything
  stale_ = false;
}

}  // namespace satindex::http
