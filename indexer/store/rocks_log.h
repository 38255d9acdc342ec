// RocksLog: where RocksDB writes what it does, the file LOG of a shard. RocksDB's own logger asserts when it is used again
// after a failed write, which would turn a full disk into an abort (the Debian build keeps its assertions): this one drops
// what cannot be written. Two files at most, bounded. Thread-safe; RocksDB owns it.
#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <mutex>

namespace satindex::store {

class RocksLog : public rocksdb::Logger {
 public:
  explicit RocksLog(const std::filesystem::path& directory);
  ~RocksLog() override;

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;

 private:
  void open();  // mutex_ held, or not yet shared

  const std::filesystem::path file_;
  const std::filesystem::path old_file_;
  std::mutex mutex_;  // guards all below
  int fd_ = -1;
  size_t bytes_ = 0;
};

}  // namespace satindex::store
