// A disk that is full, and then no longer: nothing is lost, nothing is written twice, and it is said.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>

#include "indexer/ingest/file_source.h"
#include "indexer/ingest/shard_worker.h"
#include "tests/ingest/fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Topic;
using tests::device_text;
using tests::event_json;
using tests::eventually;

// A small file system of its own, to be filled up. Not smaller: RocksDB comes back only when there is
// room for its memory tables.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& at) : at_(at) {
    std::filesystem::create_directories(at_);
    mounted_ = mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=64m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  void fill() {
    std::ofstream out(at_ / "filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void make_room() { std::filesystem::remove(at_ / "filler"); }

 private:
  const std::filesystem::path at_;
  bool mounted_ = false;
};

class FullDiskTest : public testing::Test {
 protected:
  // More than the write-ahead log has room for beforehand.
  static constexpr uint64_t kEvents = 400'000;

  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << "needs the right to mount a file system";
    shard_ = tests::open_shard(dir_.path() / "disk" / "shard", 0);
    ASSERT_NE(shard_, nullptr);
    std::ofstream out(dir_.path() / "events");
    for (uint64_t i = 0; i < kEvents; ++i) out << event_json(device_text(i % 5'000), i) << "\n";
  }

  std::unique_ptr<ShardWorker> worker(bool bulk) {
    WorkerOptions options;
    options.topic_names = {"events", "ownership"};
    options.always_bulk = bulk;
    options.limits.bulk_records = 20'000;
    if (!bulk) options.limits.live_path_records = 1'000'000;
    options.log = [](LogLevel, std::string_view text) { std::cout << "  " << text << std::endl; };
    WorkerWiring wiring;
    wiring.metrics = &metrics_;
    return std::make_unique<ShardWorker>(
        *shard_,
        std::make_unique<FileSource>(std::vector<std::filesystem::path>{},
                                     std::vector<std::filesystem::path>{dir_.path() / "events"}),
        options, wiring);
  }

  void fails_then_passes(bool bulk) {
    disk_.fill();
    auto feeding = worker(bulk);
    feeding->start();
    EXPECT_TRUE(eventually(seconds{10}, [&] { return !feeding->healthy(); }));
    EXPECT_LT(shard_->checkpoint().events.consumed, kEvents);
    EXPECT_GT(tests::metric(registry_, "satindex_commit_failures_total"), 0);
    disk_.make_room();
    EXPECT_TRUE(eventually(seconds{30}, [&] { return feeding->rested(); }));
    EXPECT_TRUE(feeding->healthy());
    EXPECT_EQ(shard_->checkpoint().events.consumed, kEvents);
    EXPECT_EQ(shard_->checkpoint().events.indexed, kEvents);
    EXPECT_FALSE(shard_->stats().background_error);
  }

  tests::TempDir dir_;
  SmallDisk disk_{dir_.path() / "disk"};
  prometheus::Registry registry_;
  IngestMetrics metrics_{registry_, 1};
  std::unique_ptr<store::Shard> shard_;
};

TEST_F(FullDiskTest, FilesOfACatchUpWaitForRoom) { fails_then_passes(true); }
TEST_F(FullDiskTest, LiveCommitsWaitForRoom) { fails_then_passes(false); }

}  // namespace
}  // namespace satindex::ingest
