// One shard in a directory of its own, with its writer, for the tests of the store's insides.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "indexer/store/writer.h"

namespace satindex::store::testing {

class OneShard : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "satindex-shard-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    ShardOptions options;
    options.path = directory_ / "partition-0";
    auto opened = Shard::open(options, std::make_shared<StoreResources>(32 << 20, 8 << 20, 1));
    ASSERT_TRUE(opened) << opened.error().message;
    shard_ = std::move(*opened);
    writer_ = std::make_unique<ShardWriter>(*shard_);
  }
  void TearDown() override {
    writer_.reset();
    shard_.reset();
    std::error_code ec;
    std::filesystem::remove_all(directory_, ec);
  }

  static schemas::DeviceId device(uint64_t n) { return {schemas::Eui64{0x00DB123400000000 + n}}; }
  void commit(WritePath path = WritePath::kLive) {
    auto done = writer_->commit(path);
    ASSERT_TRUE(done) << done.error().message;
  }

  std::filesystem::path directory_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<ShardWriter> writer_;
  int64_t offset_ = 0;  // of the next record, of either topic
};

}  // namespace satindex::store::testing
