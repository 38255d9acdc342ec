#include "indexer/store/rocks_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <fstream>
#include <iterator>
#include <string>

namespace satindex::store {
namespace {

class RocksLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "satindex-log-XXXXXX").string();
    directory_ = mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string text(const char* file) {
    std::ifstream in(directory_ / file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::filesystem::path directory_;
};

TEST_F(RocksLogTest, WritesLinesAndKeepsTheLogBefore) {
  {
    RocksLog log(directory_);
    rocksdb::Warn(&log, "number %d", 7);
  }
  EXPECT_NE(text("LOG").find("number 7\n"), std::string::npos);
  RocksLog log(directory_);
  EXPECT_NE(text("LOG.old").find("number 7\n"), std::string::npos);
}

// RocksDB's own logger aborts the process on the second line that cannot be written.
TEST_F(RocksLogTest, DropsWhatCannotBeWritten) {
  RocksLog log(directory_);
  rocksdb::Warn(&log, "before");
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit none = limit;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_FSIZE, &none);
  for (int i = 0; i < 10; ++i) rocksdb::Warn(&log, "lost");
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, handler);
  rocksdb::Warn(&log, "after");
  EXPECT_NE(text("LOG").find("after"), std::string::npos);
  EXPECT_EQ(text("LOG").find("lost"), std::string::npos);
}

TEST_F(RocksLogTest, StaysWithinTwoFilesOfBoundedSize) {
  RocksLog log(directory_);
  const std::string line(8'000, 'x');
  for (int i = 0; i < 2'000; ++i) rocksdb::Warn(&log, "%s", line.c_str());
  EXPECT_LT(text("LOG").size(), size_t{5} << 20);
  EXPECT_LT(text("LOG.old").size(), size_t{5} << 20);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) files += entry.exists();
  EXPECT_EQ(files, 2);
}

}  // namespace
}  // namespace satindex::store
