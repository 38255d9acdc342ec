#include "indexer/ingest/file_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "indexer/ingest/backfill.h"
#include "indexer/store/writer.h"
#include "tests/ingest/fixture.h"

namespace satindex::ingest {
namespace {

using store::Topic;
using tests::device_text;
using tests::event_json;
using tests::ownership_json;

struct Line {
  Topic topic;
  int64_t offset;
  std::string value;
};

std::vector<Line> drain(FileSource& source, std::array<int64_t, 2>* ends, size_t records_max = 3) {
  std::vector<Line> out;
  SourceBatch batch;
  for (int i = 0; i < 100'000; ++i) {
    source.poll(std::chrono::milliseconds{0}, records_max, &batch);
    EXPECT_LE(batch.records.size(), records_max);
    for (const auto& r : batch.records) out.push_back({r.topic, r.offset, std::string(r.value)});
    for (const auto& e : batch.ends) (*ends)[static_cast<size_t>(e.topic)] = e.next_offset;
    if (batch.finished) return out;
  }
  ADD_FAILURE() << "the source never finished";
  return out;
}

class FileSourceTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    const auto path = dir_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  tests::TempDir dir_;
  std::array<int64_t, 2> ends_{-1, -1};
};

TEST_F(FileSourceTest, LinesAreRecordsAndTheirNumbersOffsetsOverAllFiles) {
  FileSource source({write("o", "o0\no1")}, {write("a", "a0\n\n  \r\na3\r\n"), write("b", "b4\n")});
  const auto lines = drain(source, &ends_);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0].topic, Topic::kOwnership);
  EXPECT_EQ(lines[1].value, "o1");
  EXPECT_EQ(lines[2].value, "a0");
  EXPECT_EQ(lines[3].value, "a3\r");
  EXPECT_EQ(lines[3].offset, 3);
  EXPECT_EQ(lines[4].value, "b4");
  EXPECT_EQ(lines[4].offset, 4);
  EXPECT_EQ(ends_[static_cast<size_t>(Topic::kOwnership)], 2);
  EXPECT_EQ(ends_[static_cast<size_t>(Topic::kEvents)], 5);
  EXPECT_FALSE(source.failure());
}

TEST_F(FileSourceTest, NoFilesFinishAtOnce) {
  FileSource source({}, {});
  EXPECT_TRUE(drain(source, &ends_).empty());
  EXPECT_EQ(ends_[0], 0);
}

TEST_F(FileSourceTest, GoesOnBehindWhatWasRead) {
  FileSource source({}, {write("a", "a0\na1\na2\n")});
  store::TopicProgress from;
  from.next_offset = 2;
  from.last_record_offset = 1;
  from.last_record_hash = store::record_hash({}, "a1", -1);
  source.start(Topic::kEvents, from);
  const auto lines = drain(source, &ends_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].value, "a2");
}

TEST_F(FileSourceTest, AnotherFileInThePlaceOfTheOneReadIsAFailure) {
  FileSource source({}, {write("a", "x0\nx1\nx2\n")});
  store::TopicProgress from;
  from.next_offset = 2;
  from.last_record_offset = 1;
  from.last_record_hash = store::record_hash({}, "a1", -1);
  source.start(Topic::kEvents, from);
  EXPECT_TRUE(drain(source, &ends_).empty());
  ASSERT_TRUE(source.failure());
  EXPECT_NE(source.failure()->message.find("line 2"), std::string::npos);
}

TEST_F(FileSourceTest, AMissingFileIsAFailure) {
  FileSource source({}, {dir_.path() / "none"});
  drain(source, &ends_);
  EXPECT_TRUE(source.failure());
}

TEST_F(FileSourceTest, ALineTooLongIsCutAndTheNextOneIsWhole) {
  std::string text = "first\n" + std::string(3 * FileSource::kLineBytesMax, 'x') + "\nlast\n";
  FileSource source({}, {write("a", text)});
  const auto lines = drain(source, &ends_, 100);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_LE(lines[1].value.size(), 2 * FileSource::kLineBytesMax);
  EXPECT_EQ(lines[2].value, "last");
  EXPECT_EQ(lines[2].offset, 2);
}

TEST_F(FileSourceTest, ManyLinesAcrossBufferBoundariesArriveWhole) {
  std::string text;
  std::vector<std::string> wanted;
  for (int i = 0; i < 20'000; ++i) {
    wanted.push_back(std::to_string(i) + std::string(static_cast<size_t>(i % 977), 'y'));
    text += wanted.back() + "\n";
  }
  ASSERT_GT(text.size(), 2 * FileSource::kLineBytesMax);
  FileSource source({}, {write("a", text)});
  const auto lines = drain(source, &ends_, 1000);
  ASSERT_EQ(lines.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) ASSERT_EQ(lines[i].value, wanted[i]) << i;
}

TEST_F(FileSourceTest, BackfillIndexesCountsAndGoesOn) {
  std::string events;
  for (uint64_t i = 0; i < 500; ++i) events += event_json(device_text(i % 7), i) + "\n";
  events += event_json(device_text(0), 0) + "\nnot json\n";  // a redelivery and an unreadable one
  BackfillSettings settings;
  settings.events = {write("e", events)};
  settings.ownership = {write("o", ownership_json(device_text(1), "P1") + "\n")};
  auto shard = tests::open_shard(dir_.path() / "shard", 0);
  ASSERT_NE(shard, nullptr);
  std::atomic<bool> stop{false};
  auto done = backfill(*shard, settings, stop, nullptr, nullptr);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->events.consumed, 502u);
  EXPECT_EQ(done->events.dead_lettered, 1u);
  EXPECT_EQ(done->events.indexed + done->events.duplicates, 501u);
  EXPECT_EQ(done->ownership.indexed, 1u);
  EXPECT_EQ(done->misplaced, 0u);
  auto again = backfill(*shard, settings, stop, nullptr, nullptr);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->events.consumed, 502u);
}

}  // namespace
}  // namespace satindex::ingest
