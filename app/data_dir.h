// The layout of --data-dir: one folder a shard, and a few small files. Everything that names a path
// in it asks here. A value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/status.h"

namespace satindex::app {

// What a shard keeps of whose index it is (store::ShardOptions::identity).
std::string identity_of_partition(const std::string& events_topic,
                                  const std::string& ownership_topic, int32_t partition);
// Whether an identity made by the above is of this partition, of whichever topics.
bool identifies_partition(std::string_view identity, int32_t partition);

class DataDir {
 public:
  explicit DataDir(std::filesystem::path path) : path_(std::move(path)) {}

  // Makes the directory (mode 0700) when it is not there; kConfig when that fails.
  schemas::Result<void> make() const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path partition(int32_t partition) const {
    return path_ / ("partition-" + std::to_string(partition));
  }
  std::filesystem::path backfill(int32_t number) const {
    return path_ / ("backfill-" + std::to_string(number));
  }
  // A back-filled shard's number in the process follows from the topics, so it is its folder that tells it apart.
  std::string identity_of_backfill(int32_t number) const {
    return backfill(number).filename().string();
  }
  std::string clock_file() const { return (path_ / "clock").string(); }
  std::string cursor_key_file() const { return (path_ / "cursor.key").string(); }
  std::filesystem::path access_journal() const { return path_ / "access-journal"; }
  // Which shards a finished checkpoint has (checkpoint_contents.h).
  std::string contents_file() const { return (path_ / "contents").string(); }
  // There while a restore into the directory is under way.
  std::string restoring_file() const { return (path_ / "restoring").string(); }
  std::string socket_file() const { return (path_ / "satindex.sock").string(); }

  // The numbers of the shards there are, ascending.
  std::vector<int32_t> partitions() const { return numbers("partition-"); }
  std::vector<int32_t> backfills() const { return numbers("backfill-"); }
  // The names of their folders, in that order.
  std::vector<std::string> shard_names() const;
  // kConfig unless make() would succeed and files could be written. Writes nothing.
  schemas::Result<void> usable() const;
  // kConfig when a restore into it was not finished: what is there is a part.
  schemas::Result<void> whole() const;

 private:
  std::vector<int32_t> numbers(std::string_view prefix) const;
  std::filesystem::path path_;
};

}  // namespace satindex::app
