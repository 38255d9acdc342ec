#include "app/data_dir.h"

#include <unistd.h>

#include <algorithm>

#include "app/values.h"

namespace satindex::app {

namespace fs = std::filesystem;

namespace {

std::string partition_part(int32_t partition) { return ", partition " + std::to_string(partition); }

}  // namespace

std::string identity_of_partition(const std::string& events_topic,
                                  const std::string& ownership_topic, int32_t partition) {
  return events_topic + " and " + ownership_topic + partition_part(partition);
}

bool identifies_partition(std::string_view identity, int32_t partition) {
  return identity.ends_with(partition_part(partition));
}

schemas::Result<void> DataDir::make() const {
  std::error_code error;
  if (fs::is_directory(path_, error)) return {};
  fs::create_directories(path_, error);
  if (!error) fs::permissions(path_, fs::perms::owner_all, error);
  if (error) return schemas::config_error("--data-dir: " + path_.string() + " cannot be made");
  return {};
}

std::vector<std::string> DataDir::shard_names() const {
  std::vector<std::string> names;
  for (const int32_t p : partitions()) names.push_back(partition(p).filename().string());
  for (const int32_t b : backfills()) {
    // What is no folder is no shard: `verify` passes it over as well.
    if (fs::is_directory(backfill(b))) names.push_back(backfill(b).filename().string());
  }
  return names;
}

schemas::Result<void> DataDir::usable() const {
  std::error_code error;
  fs::path nearest = fs::absolute(path_, error);
  while (!fs::exists(nearest, error) && nearest.has_relative_path())
    nearest = nearest.parent_path();
  if (!fs::is_directory(nearest, error)) {
    return schemas::config_error("--data-dir: " + nearest.string() + " is not a directory");
  }
  if (::access(nearest.c_str(), W_OK | X_OK) != 0) {
    return schemas::config_error("--data-dir: " + nearest.string() + " cannot be written to");
  }
  return {};
}

schemas::Result<void> DataDir::whole() const {
  std::error_code error;
  if (!fs::exists(restoring_file(), error)) return {};
  return schemas::config_error("--data-dir: a restore into " + path_.string() +
                               " was not finished; remove it and restore again");
}

std::vector<int32_t> DataDir::numbers(std::string_view prefix) const {
  std::vector<int32_t> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto number = parse_count(std::string_view(name).substr(prefix.size()));
    if (number && *number < INT32_MAX) found.push_back(static_cast<int32_t>(*number));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace satindex::app
