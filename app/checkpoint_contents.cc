#include "app/checkpoint_contents.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "app/durable_file.h"

namespace satindex::app {
namespace {

constexpr std::string_view kFirstLine = "satindex checkpoint 1";

std::string text_of(const std::vector<std::string>& shards) {
  std::string text(kFirstLine);
  for (const std::string& shard : shards) text += '\n' + shard;
  return text + "\n";
}

}  // namespace

schemas::Result<void> write_contents(const DataDir& checkpoint) {
  return replace_file(checkpoint.contents_file(), text_of(checkpoint.shard_names()));
}

bool has_contents(const DataDir& directory) {
  std::error_code error;
  return std::filesystem::exists(directory.contents_file(), error);
}

schemas::Result<void> check_contents(const DataDir& checkpoint) {
  const std::string where = checkpoint.path().string();
  std::ifstream file(checkpoint.contents_file());
  std::string line;
  if (!std::getline(file, line) || line != kFirstLine) {
    return schemas::config_error(where +
                                 " is not a finished checkpoint: it does not say what it holds");
  }
  std::vector<std::string> listed;
  while (std::getline(file, line)) listed.push_back(line);
  const std::vector<std::string> there = checkpoint.shard_names();
  const auto among = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : listed) {
    if (!among(there, name))
      return schemas::config_error(where + " is not whole: " + name + " is missing");
  }
  for (const std::string& name : there) {
    if (!among(listed, name))
      return schemas::config_error(where + ": " + name + " is not part of this checkpoint");
  }
  return {};
}

}  // namespace satindex::app
