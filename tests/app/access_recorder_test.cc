// No answer with others' rows leaves unrecorded (CONTRACT 1.4): over a real store, with a sink that
// acknowledges or not.
#include "app/access_recorder.h"

#include "indexer/store/writer.h"
#include "tests/app/scratch.h"

namespace satindex::app {
namespace {

using schemas::kNanosPerSecond;

struct StillClock : schemas::Clock {
  int64_t wall = 1'800'000'000 * kNanosPerSecond;
  int64_t boot = 5'000 * kNanosPerSecond;
  int64_t wall_ns() const override { return wall; }
  int64_t boot_ns() const override { return boot; }
};

struct KeepingSink : ingest::RecordSink {
  bool acknowledges = true;
  int appended = 0;
  std::vector<ingest::SinkRecord> kept;
  void append(const ingest::SinkRecord& record, ingest::SinkAnswer answer) override {
    ++appended;
    if (acknowledges) kept.push_back(record);
    answer(acknowledges);
  }
};

class AccessRecorderTest : public Scratch {
 protected:
  static constexpr schemas::DeviceId kDevice{{0x00DB1234567890A0}};
  static constexpr schemas::UserId kOwnUser{{0x90B3D51F30010000}};
  static constexpr schemas::UserId kOtherUser{{0x90B3D51F30020000}};

  void SetUp() override {
    Scratch::SetUp();
    auto resources = std::make_shared<store::StoreResources>(32 << 20, 8 << 20, 1);
    store::ShardOptions options;
    options.path = directory_ / "shard";
    shard_ = std::move(*store::Shard::open(options, resources));
    fill();
    board_.confirm(store::Topic::kOwnership, 0, clock_.wall, clock_.boot);
    board_.confirm(store::Topic::kEvents, 0, clock_.wall, clock_.boot);
    trail::AccessRules rules;
    rules.option = trail::AccessOption::kB;
    service_ = std::make_unique<trail::TrailService>(
        std::vector<store::Shard*>{shard_.get()}, &board_,
        std::move(*trail::AccessPolicy::create(rules)), trail::TrailSettings{}, &clock_);
    floor_ = std::move(*ClockFloor::open(path("clock"), false));
    recorder_ = std::make_unique<AccessRecorder>(*service_, sink_, *floor_, metrics_, clock_);
  }

  void fill() {
    store::ShardWriter writer(*shard_);
    int64_t offset = 0;
    for (const schemas::UserId user : {kOwnUser, kOtherUser}) {
      schemas::SatEvent event;
      event.event_type = "SERVICE_REQUEST";
      event.user = user;
      event.user_role = user == kOwnUser ? "IS" : "OU";
      event.device = kDevice;
      event.srv = "4.8.1";
      event.time_ns = clock_.wall - ++offset * kNanosPerSecond;
      writer.add_event(event, {offset - 1, 0, store::kPartitionerAll});
    }
    schemas::OwnershipRecord owned;
    owned.device = kDevice;
    owned.party = "P";
    owned.version = 1;
    writer.add_ownership(owned, {0, 0, store::kPartitionerAll});
    writer.advance(store::Topic::kEvents, offset);
    writer.advance(store::Topic::kOwnership, 1);
    ASSERT_TRUE(writer.commit(store::WritePath::kLive));
  }

  static trail::Caller caller(const std::string& party,
                              trail::Channel channel = trail::Channel::kScreen) {
    return {"sub", party, "IS", {kOwnUser}, channel};
  }
  trail::Page read(const trail::Caller& who) {
    trail::AuditTrailQuery query;
    query.device = kDevice;
    auto read = recorder_->read(who, query);
    EXPECT_TRUE(read);
    if (!read->before_leaving) return std::move(read->page);
    bool recorded = false;
    read->before_leaving([&recorded](bool done) { recorded = done; });
    if (recorded) return std::move(read->page);
    query.withhold_others = true;  // what the endpoint does
    return std::move(recorder_->read(who, query)->page);
  }
  static size_t others(const trail::Page& page) {
    return static_cast<size_t>(std::count_if(page.entries.begin(), page.entries.end(),
                                             [](const trail::Entry& e) { return !e.own; }));
  }

  StillClock clock_;
  KeepingSink sink_;
  NodeMetrics metrics_;
  store::FreshnessBoard board_{1};
  std::unique_ptr<store::Shard> shard_;
  std::unique_ptr<trail::TrailService> service_;
  std::unique_ptr<ClockFloor> floor_;
  std::unique_ptr<AccessRecorder> recorder_;
};

TEST_F(AccessRecorderTest, RecordsWhatWasShown) {
  const trail::Page page = read(caller("P"));
  EXPECT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(page.cross_user, trail::CrossUser::kIncluded);
  ASSERT_EQ(sink_.kept.size(), 1u);
  EXPECT_EQ(
      *sink_.kept[0].value,
      "{\"sub\":\"sub\",\"party\":\"P\",\"role\":\"IS\",\"devices\":[\"00-DB-12-34-56-78-90-A0\"],"
      "\"route\":\"/v1/devices/00-DB-12-34-56-78-90-A0/audit-trail\","
      "\"window\":{\"from\":null,\"to\":null},\"filters\":{},\"rows\":1,"
      "\"time\":\"2027-01-15T08:00:00.000000000Z\"}");
}

TEST_F(AccessRecorderTest, OwnRowsLeaveNoRecord) {
  EXPECT_EQ(read(caller("P", trail::Channel::kReport)).entries.size(), 1u);
  EXPECT_EQ(read(caller("STRANGER")).entries.size(), 1u);
  EXPECT_EQ(sink_.appended, 0);
}

TEST_F(AccessRecorderTest, WithholdsWhatCannotBeRecorded) {
  sink_.acknowledges = false;
  const trail::Page page = read(caller("P"));
  EXPECT_EQ(others(page), 0u);
  EXPECT_EQ(page.entries.size(), 1u) << "own rows still come";
  EXPECT_EQ(page.cross_user, trail::CrossUser::kWithheld);
}

TEST_F(AccessRecorderTest, WhileRecordingFailsNobodyWaitsAndNothingTellsWhoIsEntitled) {
  sink_.acknowledges = false;
  read(caller("P"));
  EXPECT_EQ(sink_.appended, 1);
  EXPECT_EQ(read(caller("P")).cross_user, trail::CrossUser::kWithheld);
  EXPECT_EQ(read(caller("STRANGER")).cross_user, trail::CrossUser::kWithheld);
  EXPECT_EQ(sink_.appended, 1);
  sink_.acknowledges = true;
  clock_.boot += 3 * kNanosPerSecond;
  EXPECT_EQ(others(read(caller("P"))), 1u);
  EXPECT_EQ(read(caller("STRANGER")).cross_user, trail::CrossUser::kNone);
}

TEST_F(AccessRecorderTest, WithholdsWhenTheLatestNowCannotBeKept) {
  floor_ = std::move(*ClockFloor::open(path("absent/clock"), false));
  recorder_ = std::make_unique<AccessRecorder>(*service_, sink_, *floor_, metrics_, clock_);
  const trail::Page page = read(caller("P"));
  EXPECT_EQ(others(page), 0u);
  EXPECT_EQ(page.cross_user, trail::CrossUser::kWithheld);
  EXPECT_EQ(sink_.appended, 0);
}

TEST(AccessRecord, NamesWindowAndFilters) {
  trail::Caller caller{"a \"b\"", "P", "ED", {}, trail::Channel::kScreen};
  trail::AuditTrailQuery query;
  query.route = trail::Route::kOwned;
  query.filters.window = {1'800'000'000 * kNanosPerSecond, 1'800'000'001 * kNanosPerSecond};
  query.filters.srv = {"4.8.1", "99.9"};
  query.filters.user_role = {"OU"};
  query.filters.others_only = true;
  const std::string json = access_record_json(caller, query, {}, 0);
  EXPECT_NE(json.find("\"sub\":\"a \\\"b\\\"\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"route\":\"/v1/audit-trail?scope=owned\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"window\":{\"from\":\"2027-01-15T08:00:00.000000000Z\",\"to\":\"2027-01-"
                      "15T08:00:01.000000000Z\"}"),
            std::string::npos)
      << json;
  EXPECT_NE(
      json.find(
          "\"filters\":{\"srv\":[\"4.8.1\",\"99.9\"],\"userRole\":[\"OU\"],\"othersOnly\":true}"),
      std::string::npos)
      << json;
}

}  // namespace
}  // namespace satindex::app
