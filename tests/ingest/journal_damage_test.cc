// What a crash or a bad disk leaves of the journal's files: torn tails are cut, damage is found.
#include <fstream>

#include "indexer/ingest/journal_files.h"
#include "indexer/ingest/journal_frame.h"
#include "tests/ingest/journal_fixture.h"

namespace satindex::ingest {
namespace {

using Values = std::vector<std::string>;

class JournalDamage : public JournalTest {
 protected:
  // Each value in a group of its own.
  void leave(const Values& values, uint64_t segment_bytes = 1 << 16) {
    refuse_all(true);
    auto sink = open(with(segment_bytes));
    for (const auto& value : values) ASSERT_TRUE(record(*sink, value));
    sink.reset();
    refuse_all(false);
  }
  JournalSettings with(uint64_t segment_bytes = 1 << 16) const {
    auto out = settings();
    out.segment_bytes = segment_bytes;
    out.record_bytes_max = 2048;
    return out;
  }
  static size_t bytes_of_record(const std::string& value) {
    return frame_bytes(access_record("party", value));
  }
  void flip(const std::filesystem::path& path, size_t offset) {
    std::string bytes = bytes_of(path);
    ASSERT_LT(offset, bytes.size());
    bytes[offset] = static_cast<char>(bytes[offset] ^ 0x40);
    write_bytes(path, bytes);
  }
  // The whole directory, put back before each trial.
  std::map<std::string, std::string> image() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(settings().directory))
      out[entry.path().filename()] = bytes_of(entry.path());
    return out;
  }
  void restore(const std::map<std::string, std::string>& files) {
    std::filesystem::remove_all(settings().directory);
    std::filesystem::create_directory(settings().directory);
    for (const auto& [name, bytes] : files) write_bytes(settings().directory / name, bytes);
  }
  // Bytes of a tail that are told from prepared room: a frame may end in zeroes itself.
  static size_t written(const std::string& tail) { return tail.find_last_not_of('\0') + 1; }
};

TEST_F(JournalDamage, ATailTornAtAnyByteIsCutAndNothingElse) {
  leave({"one", "two", "three"});
  ASSERT_EQ(segments().size(), 1u);
  const auto files = image();
  const auto path = segments()[0];
  const std::string whole = bytes_of(path);
  const size_t last = bytes_of_record("three");
  for (size_t torn = 1; torn <= last; ++torn) {
    restore(files);
    std::filesystem::resize_file(path, whole.size() - torn);
    ScriptedSink topic;
    auto sink = JournalSink::open(with(), topic);
    ASSERT_TRUE(sink) << torn << ": " << sink.error().message;
    ASSERT_TRUE(record(**sink, "after"));
    ASSERT_TRUE(drained(**sink)) << torn;
    ASSERT_EQ(topic.values(), (Values{"one", "two", "after"})) << torn;
    ASSERT_EQ((*sink)->status().cut_bytes, written(whole.substr(whole.size() - last, last - torn)))
        << torn;
    ASSERT_FALSE((*sink)->status().damaged) << torn;
  }
}

TEST_F(JournalDamage, ATailWithAnyByteSpoiltIsCut) {
  leave({"one", "two", "three"});
  const auto files = image();
  const auto path = segments()[0];
  const size_t size = bytes_of(path).size();
  for (size_t back = 1; back <= bytes_of_record("three"); ++back) {
    restore(files);
    flip(path, size - back);
    const std::string torn = bytes_of(path).substr(size - bytes_of_record("three"));
    ScriptedSink topic;
    auto sink = JournalSink::open(with(), topic);
    ASSERT_TRUE(sink);
    ASSERT_TRUE(drained(**sink)) << back;
    ASSERT_EQ(topic.values(), (Values{"one", "two"})) << back;
    ASSERT_EQ((*sink)->status().cut_bytes, written(torn)) << back;
  }
}

TEST_F(JournalDamage, ATailOfZeroesOrGarbageIsCut) {
  leave({"one"});
  const auto path = segments()[0];
  const std::string whole = bytes_of(path);
  for (const std::string& tail : {std::string(5'000, '\0'), std::string(3, 'S'),
                                  std::string("\x53\x4A\xFF\x31\xFF\xFF\xFF\xFF", 8)}) {
    write_bytes(path, whole + tail);
    refuse_all(true);
    auto sink = open(with());
    const bool room =
        tail.front() == '\0';  // that was prepared, and lost with its process: nothing is torn
    EXPECT_EQ(sink->status().cut_bytes, room ? 0 : tail.size());
    sink.reset();
    EXPECT_EQ(bytes_of(path), whole);
  }
}

// A killed process leaves its room, and a power cut may leave that of a segment which is not the last.
TEST_F(JournalDamage, PreparedRoomIsNoTailAndNoDamageWhereverItIsLeft) {
  auto settings = with(2048);
  refuse_all(true);
  {
    auto sink = open(settings);
    ASSERT_TRUE(record(*sink, "one"));
    ASSERT_EQ(segments().size(), 1u);
    EXPECT_EQ(std::filesystem::file_size(segments()[0]), 2048u) << "room to the segment's end";
    EXPECT_EQ(sink->status().disk_bytes, 4096u);
  }
  EXPECT_EQ(std::filesystem::file_size(segments()[0]), bytes_of_record("one"));
  std::filesystem::remove_all(dir_.path() / "journal");

  Values values;
  for (int i = 0; i < 60; ++i) values.push_back("value " + std::to_string(i));
  leave(values, 2048);
  ASSERT_GE(segments().size(), 2u);
  for (const auto& path : segments())
    std::filesystem::resize_file(path, std::filesystem::file_size(path) + 10'000);
  refuse_all(false);
  auto sink = open(settings);
  EXPECT_EQ(sink->status().cut_bytes, 0u);
  ASSERT_TRUE(record(*sink, "after"));
  ASSERT_TRUE(drained(*sink));
  values.push_back("after");
  EXPECT_EQ(topic_.values(), values);
  EXPECT_EQ(sink->status().lost, 0u);
  EXPECT_FALSE(sink->status().damaged);
}

TEST_F(JournalDamage, AnyByteSpoiltInTheMiddleStopsForwardingLoudly) {
  leave({"one", "two", "three"});
  const auto files = image();
  const auto path = segments()[0];
  const size_t second = bytes_of_record("one");
  for (size_t at = second; at < second + bytes_of_record("two"); ++at) {
    restore(files);
    flip(path, at);
    ScriptedSink topic;
    std::vector<std::string> logged;
    std::mutex mutex;
    auto settings = with();
    settings.log = [&](LogLevel level, std::string_view what) {
      std::lock_guard lock(mutex);
      if (level == LogLevel::kError) logged.emplace_back(what);
    };
    auto sink = JournalSink::open(settings, topic);
    ASSERT_TRUE(sink);
    ASSERT_TRUE(record(**sink, "new"));  // new records still become durable
    ASSERT_TRUE(tests::eventually(kPatience, [&] { return (*sink)->status().damaged; })) << at;
    const auto status = (*sink)->status();
    EXPECT_EQ(topic.values(), Values{"one"});
    EXPECT_EQ(status.unforwarded, 3u);
    EXPECT_EQ(status.cut_bytes, 0u);
    EXPECT_EQ(status.lost, 0u);
    EXPECT_NE(status.last_error.find("access records 2 to 2 cannot be read"), std::string::npos);
    sink->reset();
    EXPECT_EQ(logged.size(), 1u);
  }
}

TEST_F(JournalDamage, PassedOverOnlyWhenToldToAndCounted) {
  leave({"one", "two", "three", "four", "five"});
  const auto path = segments()[0];
  flip(path, bytes_of_record("one") + 40);
  flip(path, bytes_of_record("one") + bytes_of_record("two") + 40);
  auto settings = with();
  settings.pass_damage = true;
  auto sink = open(settings);
  ASSERT_TRUE(record(*sink, "new"));
  ASSERT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.values(), (Values{"one", "four", "five", "new"}));
  EXPECT_EQ(sink->status().lost, 2u);
  EXPECT_FALSE(sink->status().damaged);
  sink.reset();
  EXPECT_TRUE(std::filesystem::exists(path.string() + ".damaged"));  // evidence stays
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(JournalDamage, AnEarlierSegmentIsHeldToAllItsRecords) {
  Values values;
  for (int i = 0; i < 150; ++i) values.push_back("value " + std::to_string(i));
  leave(values, 2048);
  ASSERT_GE(segments().size(), 3u);
  const auto files = image();
  const auto middle = segments()[1];
  const auto last = segments().back();

  const auto expect_stopped = [&](const char* what) {
    ScriptedSink topic;
    auto sink = JournalSink::open(with(2048), topic);
    ASSERT_TRUE(sink) << what;
    ASSERT_TRUE(tests::eventually(kPatience, [&] { return (*sink)->status().damaged; })) << what;
    const auto got = topic.values();
    ASSERT_LT(got.size(), values.size()) << what;
    EXPECT_EQ(got, Values(values.begin(), values.begin() + static_cast<long>(got.size()))) << what;
    EXPECT_EQ((*sink)->status().unforwarded, values.size() - got.size()) << what;
  };
  std::filesystem::resize_file(middle, std::filesystem::file_size(middle) - 1);
  expect_stopped("cut short");
  restore(files);
  std::filesystem::remove(middle);
  expect_stopped("gone");
  restore(files);
  std::filesystem::remove(segments()[0]);
  expect_stopped("the first is gone");
  restore(files);
  flip(middle, 8);
  expect_stopped("spoilt head");
}

TEST_F(JournalDamage, AMissingSegmentCanBePassedOverToo) {
  Values values;
  for (int i = 0; i < 150; ++i) values.push_back("value " + std::to_string(i));
  leave(values, 2048);
  std::filesystem::remove(segments()[1]);
  auto settings = with(2048);
  settings.pass_damage = true;
  auto sink = open(settings);
  ASSERT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.log().size() + sink->status().lost, values.size());
  EXPECT_GT(sink->status().lost, 0u);
}

TEST_F(JournalDamage, DamageAmongForwardedRecordsIsNoLoss) {
  topic_.takes = [](const SinkRecord& one) { return one.value != "three"; };
  {
    auto sink = open(with());
    for (const char* value : {"one", "two", "three"}) ASSERT_TRUE(record(*sink, value));
    ASSERT_TRUE(tests::eventually(kPatience, [&] { return sink->status().unforwarded == 1; }));
  }
  refuse_all(false);
  flip(segments()[0], 40);  // in "one"
  auto sink = open(with());
  ASSERT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.values(), (Values{"one", "two", "three"}));
  EXPECT_EQ(sink->status().lost, 0u);
}

TEST_F(JournalDamage, ASpoiltPositionSendsAgainFromTheBeginning) {
  topic_.takes = [](const SinkRecord& one) { return one.value != "two"; };
  {
    auto sink = open(with());
    for (const char* value : {"one", "two"}) ASSERT_TRUE(record(*sink, value));
    ASSERT_TRUE(tests::eventually(kPatience, [&] { return sink->status().unforwarded == 1; }));
  }
  refuse_all(false);
  write_bytes(settings().directory / "position", std::string(1024, 'x'));
  auto sink = open(with());
  ASSERT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.values(), (Values{"one", "one", "two"}));
}

TEST(JournalFrame, BytesOnDisk) {
  SinkRecord record = access_record("k", "v");
  record.headers = {{"h", std::nullopt}};
  std::string frame = open_frame(record);
  seal_frame(frame, 0x0102, 0x0101);
  ASSERT_EQ(frame.size(), frame_bytes(record));
  EXPECT_EQ(frame.substr(0, 8), std::string("\x53\x4A\xFF\x31\x15\0\0\0", 8));
  EXPECT_EQ(frame.substr(16), std::string("\x02\x01\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0"
                                          "\x01\0\0\0k\x01\x01\0\0\0v\x01\0\0\0\x01\0\0\0h\0",
                                          37));
  Frame out;
  EXPECT_EQ(look_at_frame(frame, out), FrameLook::kWhole);
  EXPECT_EQ(out.sequence, 0x0102u);
  EXPECT_EQ(out.group, 0x0101u);
  for (size_t n = 0; n < frame.size(); ++n)
    EXPECT_EQ(look_at_frame(std::string_view(frame).substr(0, n), out), FrameLook::kShort);
  const auto back = read_frame_body(std::string_view(frame).substr(kFrameHeadBytes));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->headers, record.headers);
  for (size_t n = kFrameHeadBytes; n < frame.size(); ++n)
    EXPECT_FALSE(
        read_frame_body(std::string_view(frame).substr(kFrameHeadBytes, n - kFrameHeadBytes)));
}

}  // namespace
}  // namespace satindex::ingest
