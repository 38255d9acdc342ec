#include "app/data_dir.h"

#include <algorithm>

#include "app/values.h"

namespace satindex::app {

namespace fs = std::filesystem;

schemas::Result<void> DataDir::make() const {
  std::error_code error;
  if (fs::is_directory(path_, error)) return {};
  fs::create_directories(path_, error);
  if (!error) fs::permissions(path_, fs::perms::owner_all, error);
  if (error) return schemas::config_error("--data-dir: " + path_.string() + " cannot be made");
  return {};
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
