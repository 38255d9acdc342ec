// Found by the black-box tests: a portfolio missed the rows whose device had its events in a back-filled shard and its
// ownership on the topic, or the other way round, and did not even say "partial" (INV-8).
#include <gtest/gtest.h>

#include <filesystem>

#include "indexer/store/writer.h"
#include "query/trail/service.h"

namespace satindex::trail {
namespace {

using store::Shard;
using store::ShardWriter;
using store::WritePath;

constexpr int64_t kStart = 1'700'000'000'000'000'000;
const schemas::DeviceId kDevice{{0x00DB1234567890A0}};

class BackfilledPortfolio : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::path(::testing::TempDir()) /
           ("satindex_backfilled_" +
            std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(dir_);
    resources_ = std::make_shared<store::StoreResources>(8 << 20, 8 << 20, 1);
    backfill_ = open("backfill-0", 1, {});
  }
  void TearDown() override {
    topic_.reset();
    backfill_.reset();
    std::filesystem::remove_all(dir_);
  }
  std::unique_ptr<Shard> open(const char* name, int32_t number, std::vector<Shard*> backfilled) {
    store::ShardOptions o;
    o.path = dir_ / name;
    o.partition = number;
    o.backfilled = std::move(backfilled);
    std::filesystem::create_directories(dir_);
    auto shard = Shard::open(o, resources_);
    EXPECT_TRUE(shard) << shard.error().message;
    return std::move(*shard);
  }
  void open_topic() { topic_ = open("partition-0", 0, {backfill_.get()}); }
  static void events(Shard& shard, int first, int count) {
    ShardWriter w(shard);
    const int64_t offset = std::max<int64_t>(0, shard.checkpoint().events.next_offset);
    for (int i = 0; i < count; ++i) {
      schemas::SatEvent e;
      e.time_ns = kStart + (first + i) * 1'000'000'000LL;
      e.event_type = "SERVICE_REQUEST";
      e.user = {{0x90B3D51F30010000}};
      e.user_role = "OU";
      e.device = kDevice;
      w.add_event(e, {offset + i, 1, store::kPartitionerAll});
    }
    ASSERT_TRUE(w.commit(WritePath::kBulk));
  }
  static void owned(Shard& shard) {
    ShardWriter w(shard);
    schemas::OwnershipRecord r;
    r.device = kDevice;
    r.party = "SUP-A";
    r.valid_from = {1'600'000'000, 0, 0};
    r.version = 1;
    w.add_ownership(r, {std::max<int64_t>(0, shard.checkpoint().ownership.next_offset), 1,
                        store::kPartitionerAll});
    ASSERT_TRUE(w.commit(WritePath::kLive));
    for (auto more = w.work_step(kStart); more && *more;) more = w.work_step(kStart);
  }
  // Rows of the owner's whole portfolio, once nothing is pending.
  size_t portfolio() {
    ShardWriter w(*topic_);
    for (int i = 0; i < 1000; ++i) {
      auto more = w.work_step(kStart);
      EXPECT_TRUE(more) << more.error().message;
      if (!more || !*more) break;
    }
    EXPECT_FALSE(topic_->any_pending());
    store::FreshnessBoard board(1);
    const schemas::Clock& clock = schemas::system_clock();
    for (const auto t : {store::Topic::kEvents, store::Topic::kOwnership}) {
      board.confirm(t, 0, clock.wall_ns(), clock.boot_ns());
    }
    AccessRules rules;
    rules.option = AccessOption::kA;
    auto policy = AccessPolicy::create(rules);
    const TrailService service({topic_.get(), backfill_.get()}, &board, *policy, {}, &clock);
    Caller caller;
    caller.party = "SUP-A";
    caller.role = "IS";
    caller.channel = Channel::kScreen;
    AuditTrailQuery query;
    query.route = Route::kOwned;
    query.limit = 1000;
    auto page = service.read(caller, query);
    EXPECT_TRUE(page) << page.error().message;
    EXPECT_FALSE(page->pending);
    EXPECT_FALSE(page->next);
    return page->entries.size();
  }

  std::filesystem::path dir_;
  std::shared_ptr<store::StoreResources> resources_;
  std::unique_ptr<Shard> backfill_;
  std::unique_ptr<Shard> topic_;
};

TEST_F(BackfilledPortfolio, OwnershipOnTheTopicCoversBackfilledEvents) {
  events(*backfill_, 0, 600);
  open_topic();
  EXPECT_TRUE(topic_->any_pending());
  events(*topic_, 600, 5);
  owned(*topic_);
  EXPECT_EQ(portfolio(), 605u);
  // Adopted once: the next start has nothing to do.
  topic_.reset();
  open_topic();
  EXPECT_FALSE(topic_->any_pending());
  EXPECT_EQ(portfolio(), 605u);
}

TEST_F(BackfilledPortfolio, OwnershipThatWasThereBeforeTheBackfill) {
  open_topic();
  owned(*topic_);
  events(*topic_, 600, 5);
  EXPECT_EQ(portfolio(), 5u);
  topic_.reset();
  events(*backfill_, 0, 600);
  open_topic();
  EXPECT_EQ(portfolio(), 605u);
}

TEST_F(BackfilledPortfolio, BackfilledOwnershipCoversTheTopicsEvents) {
  events(*backfill_, 0, 600);
  owned(*backfill_);
  open_topic();
  events(*topic_, 600, 5);
  EXPECT_EQ(portfolio(), 605u);
  events(*topic_, 605, 5);
  EXPECT_EQ(portfolio(), 610u);
}

TEST_F(BackfilledPortfolio, BothSidesHaveBoth) {
  events(*backfill_, 0, 300);
  owned(*backfill_);
  open_topic();
  owned(*topic_);
  events(*topic_, 250, 100);  // fifty of them are redeliveries
  EXPECT_EQ(portfolio(), 350u);
}

}  // namespace
}  // namespace satindex::trail
