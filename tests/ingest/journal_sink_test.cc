// The journal of access records: what is answered true is durable, and arrives in order.
#include "indexer/ingest/journal_sink.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/ingest/journal_fixture.h"

namespace satindex::ingest {
namespace {

using std::chrono::milliseconds;
using tests::eventually;
using Values = std::vector<std::string>;

TEST_F(JournalTest, EveryPartOfARecordArrives) {
  auto sink = open();
  SinkRecord full = access_record("key", std::string("va\0lue", 6));
  full.headers = {{"a", "1"}, {"none", std::nullopt}, {"", ""}, {"a", "again"}};
  SinkRecord null_value;
  SinkRecord empty_value = access_record("", "");
  for (const SinkRecord& one : {full, null_value, empty_value})
    ASSERT_TRUE(append_and_wait(*sink, one));
  ASSERT_TRUE(drained(*sink));
  const auto log = topic_.log();
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[0].key, "key");
  EXPECT_EQ(log[0].value, full.value);
  EXPECT_EQ(log[0].headers, full.headers);
  EXPECT_EQ(log[1].value, std::nullopt);
  EXPECT_EQ(log[2].value, "");
}

TEST_F(JournalTest, TheRecordIsCopiedBeforeAppendReturns) {
  auto sink = open();
  std::atomic<int> answers{0};
  {
    SinkRecord record = access_record("party", "kept");
    sink->append(record, [&](bool ok) { answers += ok ? 1 : 100; });
    record.value = "changed";
  }
  ASSERT_TRUE(eventually(kPatience, [&] { return answers == 1; }));
  ASSERT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.values(), Values{"kept"});
}

TEST_F(JournalTest, OrderIsKeptOverManySegmentsAndFilesAreRemoved) {
  auto sink = open();
  constexpr int kRecords = 2'000;
  std::atomic<int> recorded{0};
  for (int i = 0; i < kRecords; ++i)
    sink->append(access_record("party", std::to_string(i)), [&](bool ok) { recorded += ok; });
  ASSERT_TRUE(eventually(kPatience, [&] { return recorded == kRecords; }));
  ASSERT_TRUE(drained(*sink));
  Values expected;
  for (int i = 0; i < kRecords; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(topic_.values(), expected);
  EXPECT_LT(sink->status().groups, uint64_t{kRecords});
  EXPECT_TRUE(eventually(kPatience, [&] { return segments().size() <= 1; }));
}

TEST_F(JournalTest, WhatWaitsIsWrittenAsOneGroup) {
  auto with = settings();
  with.segment_bytes = 1 << 20;
  with.disk_bytes_max = 4 << 20;
  auto sink = open(with);
  std::atomic<bool> held{true};
  std::atomic<int> answered{0};
  // The answer of the first holds the writer's thread while the others gather.
  sink->append(access_record("p", "first"), [&](bool) {
    while (held) std::this_thread::sleep_for(milliseconds(1));
  });
  ASSERT_TRUE(eventually(kPatience, [&] { return sink->status().groups == 1; }));
  for (int i = 0; i < 100; ++i)
    sink->append(access_record("p", "x"), [&](bool ok) { answered += ok; });
  held = false;
  ASSERT_TRUE(eventually(kPatience, [&] { return answered == 100; }));
  EXPECT_EQ(sink->status().groups, 2u);
}

TEST_F(JournalTest, LeftoversGoBeforeNewRecordsAfterARestart) {
  refuse_all(true);
  {
    auto sink = open();
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(record(*sink, "old" + std::to_string(i)));
    EXPECT_GT(segments().size(), 3u);
  }
  ASSERT_TRUE(topic_.values().empty());
  refuse_all(false);
  auto sink = open();
  ASSERT_TRUE(record(*sink, "new"));
  ASSERT_TRUE(drained(*sink));
  Values expected;
  for (int i = 0; i < 300; ++i) expected.push_back("old" + std::to_string(i));
  expected.push_back("new");
  EXPECT_EQ(topic_.values(), expected);
}

TEST_F(JournalTest, WhatIsForwardedIsNotSentAgainAfterACleanStop) {
  for (int run = 0; run < 3; ++run) {
    auto sink = open();
    ASSERT_TRUE(record(*sink, std::to_string(run)));
    ASSERT_TRUE(drained(*sink));
    sink->stop(milliseconds(5'000));
  }
  EXPECT_EQ(topic_.values(), (Values{"0", "1", "2"}));
}

TEST_F(JournalTest, AfterAFailureItBeginsAgainAtTheFirstNotTaken) {
  std::atomic<int> failures{3};
  topic_.takes = [&](const SinkRecord& one) { return one.value != "5" || failures-- <= 0; };
  topic_.hold(true);  // so that 0..9 are under way together
  auto sink = open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(record(*sink, std::to_string(i)));
  ASSERT_TRUE(eventually(kPatience, [&] { return topic_.held() == 10; }));
  topic_.hold(false);
  topic_.release();
  ASSERT_TRUE(drained(*sink));
  const Values got = topic_.values();
  // What was under way behind 5 arrived, and arrives again behind it, in order.
  const Values once = {"0", "1", "2", "3", "4", "6", "7", "8", "9"};
  EXPECT_EQ(Values(got.begin(), got.begin() + 9), once);
  const Values end = {"5", "6", "7", "8", "9"};
  EXPECT_EQ(Values(got.end() - 5, got.end()), end);
  EXPECT_EQ(sink->status().forward_failures, 3u);
}

TEST_F(JournalTest, TheWindowIsBounded) {
  auto with = settings();
  with.window_records = 7;
  topic_.hold(true);
  auto sink = open(with);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(record(*sink, std::to_string(i)));
  ASSERT_TRUE(eventually(kPatience, [&] { return topic_.held() == 7; }));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(topic_.held(), 7u);
  EXPECT_EQ(sink->status().unforwarded, 30u);
  topic_.hold(false);
  topic_.release();
  EXPECT_TRUE(drained(*sink));
}

TEST_F(JournalTest, AFullJournalRefusesAndRecovers) {
  auto with = settings();
  with.disk_bytes_max = 5 * 4096;
  refuse_all(true);
  auto sink = open(with);
  int taken = 0;
  while (record(*sink, std::string(500, 'x'))) ASSERT_LT(++taken, 1'000);
  EXPECT_GT(taken, 20);
  EXPECT_LE(sink->status().disk_bytes, with.disk_bytes_max);
  EXPECT_GE(sink->status().refused, 1u);
  EXPECT_NE(sink->status().last_error.find("full"), std::string::npos);
  sink.reset();
  refuse_all(false);
  sink = open(with);
  ASSERT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.log().size(), static_cast<size_t>(taken));
  EXPECT_TRUE(eventually(kPatience, [&] { return record(*sink, "again"); }));
}

TEST_F(JournalTest, WhatWaitsIsBoundedInRecordsAndBytes) {
  auto with = settings();
  with.waiting_records_max = 5;
  auto sink = open(with);
  std::atomic<bool> held{true};
  std::atomic<int> yes{0}, no{0};
  const auto count = [&](bool ok) { ++(ok ? yes : no); };
  sink->append(access_record("p", "first"), [&](bool) {
    while (held) std::this_thread::sleep_for(milliseconds(1));
  });
  ASSERT_TRUE(eventually(kPatience, [&] { return sink->status().groups == 1; }));
  for (int i = 0; i < 8; ++i) sink->append(access_record("p", "x"), count);
  EXPECT_EQ(no, 3);  // at once
  held = false;
  ASSERT_TRUE(eventually(kPatience, [&] { return yes == 5; }));
  sink->append(access_record("p", std::string(with.record_bytes_max, 'x')), count);
  EXPECT_EQ(no, 4);
  sink.reset();

  with.waiting_records_max = 100;
  with.waiting_bytes_max = 1'000;
  sink = open(with);
  sink->append(access_record("p", std::string(1'000, 'x')), count);
  EXPECT_EQ(no, 5);
}

TEST_F(JournalTest, StopRefusesNewRecordsAndAnswersAll) {
  refuse_all(true);
  auto sink = open();
  std::atomic<int> answers{0};
  for (int i = 0; i < 50; ++i)
    sink->append(access_record("p", std::to_string(i)), [&](bool) { ++answers; });
  sink->stop(milliseconds(10'000));
  EXPECT_EQ(answers, 50);
  EXPECT_FALSE(record(*sink, "late"));
  const uint64_t kept = sink->status().unforwarded;
  EXPECT_EQ(kept, 50u);
  sink.reset();
  refuse_all(false);
  sink = open();
  EXPECT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.log().size(), kept);
}

TEST_F(JournalTest, StopDoesNotWaitForASinkThatNeverAnswers) {
  topic_.hold(true);
  auto sink = open();
  ASSERT_TRUE(record(*sink, "1"));
  ASSERT_TRUE(eventually(kPatience, [&] { return topic_.held() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  sink->stop(milliseconds(100));
  sink.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  topic_.hold(false);
  topic_.release();  // answers after the journal is gone
  sink = open();
  EXPECT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.values(), (Values{"1", "1"}));
}

TEST_F(JournalTest, OneProcessAtATime) {
  auto sink = open();
  auto second = JournalSink::open(settings(), topic_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
}

TEST_F(JournalTest, ImpossibleBoundsAreAConfigurationError) {
  auto with = settings();
  with.disk_bytes_max = with.segment_bytes;
  EXPECT_EQ(JournalSink::open(with, topic_).error().code, schemas::StatusCode::kConfig);
  with = settings();
  with.record_bytes_max = with.segment_bytes + 1;
  EXPECT_EQ(JournalSink::open(with, topic_).error().code, schemas::StatusCode::kConfig);
}

TEST_F(JournalTest, NobodyElseMayReadIt) {
  refuse_all(true);
  auto sink = open();
  ASSERT_TRUE(record(*sink, "x"));
  for (const auto& entry : std::filesystem::directory_iterator(settings().directory)) {
    struct stat is {};
    ASSERT_EQ(::stat(entry.path().c_str(), &is), 0);
    EXPECT_EQ(is.st_mode & 0777u, 0600u) << entry.path();
  }
}

// The kernel refuses to let files grow: a write that fails half-way, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    rlimit lower = limit_;
    lower.rlim_cur = bytes;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &lower), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  void (*before_)(int);
};

TEST_F(JournalTest, AFailedWriteIsAnsweredReportedAndTriedAnew) {
  refuse_all(true);
  Values expected;
  {
    // The forwarder reports too, so the last error may be its own.
    std::atomic<int> reported{0};
    auto with = settings();
    with.log = [&](LogLevel, std::string_view what) {
      if (what.starts_with("journal: writing")) ++reported;
    };
    auto sink = open(with);
    for (const rlim_t limit : {rlim_t{0}, rlim_t{300}, rlim_t{350}, rlim_t{0}}) {
      ASSERT_TRUE(record(*sink, "good" + std::to_string(expected.size())));
      expected.push_back("good" + std::to_string(expected.size()));
      ASSERT_TRUE(record(*sink, "good" + std::to_string(expected.size())));
      expected.push_back("good" + std::to_string(expected.size()));
      const uint64_t failed = sink->status().write_failures;
      {
        const FileSizeLimit full(limit);
        EXPECT_FALSE(record(*sink, std::string(400, 'x')));
        EXPECT_FALSE(record(*sink, std::string(400, 'y')));
      }
      EXPECT_EQ(sink->status().write_failures, failed + 2);
    }
    EXPECT_GT(reported, 0);
    ASSERT_TRUE(record(*sink, "last"));
    expected.push_back("last");
  }
  refuse_all(false);
  auto sink = open();
  ASSERT_TRUE(drained(*sink));
  EXPECT_EQ(topic_.values(), expected);
  EXPECT_FALSE(sink->status().damaged);
}

}  // namespace
}  // namespace satindex::ingest
