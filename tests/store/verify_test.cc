// What `satindex verify` proves of one shard. Invariants: a shard that the product wrote, on either path, at rest or
// not, has no differences (INV-1, INV-6); each kind of damage planted behind the product's back is found and named.
#include "indexer/store/verify.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "indexer/store/ref_chunk.h"
#include "indexer/store/shard_impl.h"
#include "indexer/store/writer.h"
#include "tests/support/seed.h"

namespace satindex::store {
namespace {

constexpr int64_t kDay = int64_t{86'400} * 1'000'000'000;
constexpr int64_t kStart = int64_t{1'700'000'000} * 1'000'000'000;
const std::string kParties[] = {"SUP-A", "SUP-B", "SUP-C", "NET-A"};

class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "satindex-verify-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    RecordProperty("seed", std::to_string(satindex::testing::seed()));
    rng_.seed(satindex::testing::seed());
    open();
  }
  void TearDown() override {
    writer_.reset();
    shard_.reset();
    std::error_code ec;
    std::filesystem::remove_all(directory_, ec);
  }

  void open(const std::string& name = "partition-0", std::vector<Shard*> backfilled = {}) {
    writer_.reset();
    shard_.reset();
    ShardOptions options;
    options.path = directory_ / name;
    options.backfilled = std::move(backfilled);
    auto opened = Shard::open(options, resources_);
    ASSERT_TRUE(opened) << opened.error().message;
    shard_ = std::move(*opened);
    writer_ = std::make_unique<ShardWriter>(*shard_);
  }

  uint64_t below(uint64_t n) { return rng_() % n; }

  void add_event() {
    schemas::SatEvent e;
    const std::string id = "event-" + std::to_string(below(100'000));
    e.event_id = id;
    e.time_ns = kStart + static_cast<int64_t>(below(100)) * kDay / 2 +
                static_cast<int64_t>(below(3)) * 1'000'000;
    e.decimals = 3;
    e.event_type = below(3) == 0 ? "SERVICE_REQUEST" : "SERVICE_RESPONSE";
    e.user.eui.value = 0x90B3D51F30000000 + below(4);
    e.user_role = "IS";
    if (below(10) != 0) e.device = schemas::DeviceId{{0x00DB123400000000 + below(40)}};
    if (below(4) != 0) e.request = schemas::RequestId{e.user.eui, {below(9)}, rng_()};
    e.srv = "4.8.1";
    writer_->add_event(e, {events_++, rng_(), kPartitionerAll});
    if (below(8) == 0) writer_->add_event(e, {events_++, rng_(), kPartitionerAll});  // redelivered
  }

  void add_ownership() {
    schemas::OwnershipRecord r;
    r.device = schemas::DeviceId{{0x00DB123400000000 + below(40)}};
    const std::string& party = kParties[below(4)];
    r.party = party;
    r.relation = party == "NET-A" ? schemas::Relation::kNetworkOperator
                                  : schemas::Relation::kResponsibleSupplier;
    const auto at = [&](uint64_t day) {
      return *schemas::WrittenTime::parse(
          schemas::format_time(kStart + static_cast<int64_t>(day) * kDay, 0));
    };
    const uint64_t from = below(2) * 10;  // few, so that versions of one interval meet
    r.valid_from = at(from);
    if (below(2) == 0) r.valid_to = at(from + below(20));
    r.version = static_cast<uint64_t>(owned_);
    r.withdrawn = below(5) == 0;
    writer_->add_ownership(r, {owned_++, rng_(), kPartitionerAll});
  }

  void fill(WritePath path, size_t events, size_t ownership) {
    for (size_t i = 0; i < events; ++i) add_event();
    for (size_t i = 0; i < ownership; ++i) add_ownership();
    if (below(2) == 0) writer_->add_unreadable_event({events_++, 1, kPartitionerAll});
    ASSERT_TRUE(writer_->commit(path));
  }
  void work_off() {
    for (;;) {
      auto more = writer_->work_step(kStart + 200 * kDay);
      ASSERT_TRUE(more);
      if (!*more) return;
    }
  }
  // Both paths, both orders of the feeds.
  void fill_all() {
    fill(WritePath::kBulk, 2'000, 60);
    fill(WritePath::kLive, 50, 0);
    fill(WritePath::kLive, 0, 30);
    for (int i = 0; i < 20; ++i) fill(WritePath::kLive, below(6), below(3));
    fill(WritePath::kBulk, 800, 20);
    work_off();
  }

  VerifyReport verify(size_t rows_per_slice = 300) {
    auto report = verify_shard(*shard_, {rows_per_slice});
    EXPECT_TRUE(report);
    return report ? std::move(*report) : VerifyReport();
  }
  static std::string all(const VerifyReport& report) {
    std::string text;
    for (const std::string& line : report.first) text += line + "\n";
    return text;
  }
  void expect_found(const std::string& words) {
    const VerifyReport report = verify();
    EXPECT_GT(report.differences, 0u);
    EXPECT_NE(all(report).find(words), std::string::npos) << all(report);
    EXPECT_LE(report.first.size(), VerifyReport::kFirstMax);
  }

  rocksdb::DB& db() { return *shard_->impl().db; }
  // Replaces the value of the table's first key with what `change` makes of it.
  void damage(Table table, const std::function<void(const TrailKey&, std::string*)>& change) {
    rocksdb::ReadOptions ro;
    ro.total_order_seek = true;
    std::string key, value;
    {
      std::unique_ptr<rocksdb::Iterator> it(db().NewIterator(ro, shard_->impl().cf(table)));
      it->SeekToFirst();
      ASSERT_TRUE(it->Valid());
      key = it->key().ToString();
      value = it->value().ToString();
    }
    change(*TrailKey::parse(key), &value);
    ASSERT_TRUE(db().Put({}, shard_->impl().cf(table), key, value).ok());
  }
  void change_references(Table table,
                         const std::function<void(uint16_t, std::vector<TrailRef>*)>& change) {
    damage(table, [&](const TrailKey& key, std::string* value) {
      std::vector<std::string_view> chunks;
      ASSERT_TRUE(split_value(*value, &chunks));
      std::vector<TrailRef> refs;
      for (const std::string_view c : chunks) ASSERT_TRUE(decode_ref_chunk(key.bucket, c, &refs));
      std::sort(refs.begin(), refs.end());
      refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
      change(key.bucket, &refs);
      std::sort(refs.begin(), refs.end());
      std::string changed;
      encode_ref_chunk(key.bucket, refs, &changed);
      *value = changed;
    });
  }
  static void forge(uint16_t bucket, std::vector<TrailRef>* refs) {
    refs->push_back({bucket_start(bucket), true, 7});
  }

  std::filesystem::path directory_;
  std::shared_ptr<StoreResources> resources_ =
      std::make_shared<StoreResources>(size_t{8} << 20, size_t{4} << 20, 1);
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<ShardWriter> writer_;
  std::mt19937_64 rng_;
  int64_t events_ = 0;
  int64_t owned_ = 0;
};

TEST_F(Verify, AnEmptyShardIsGood) {
  const VerifyReport report = verify();
  EXPECT_TRUE(report.good()) << all(report);
  EXPECT_EQ(report.device_rows, 0u);
}

TEST_F(Verify, AShardOfBothPathsIsGood) {
  fill_all();
  VerifyReport report = verify();
  EXPECT_TRUE(report.good()) << all(report);
  EXPECT_GT(report.device_rows, 1'000u);
  EXPECT_GT(report.loose_rows, 100u);
  EXPECT_GT(report.owner_references, 100u);
  EXPECT_GT(report.candidates, 0u);
  EXPECT_EQ(report.pending, 0u);
  const uint64_t rows = report.device_rows + report.loose_rows;
  EXPECT_LE(rows, shard_->checkpoint().events.indexed);
  ASSERT_TRUE(writer_->settle());
  open();
  for (const size_t slice : {size_t{1}, size_t{40}, size_t{1'000'000}}) {
    report = verify(slice);
    EXPECT_TRUE(report.good()) << all(report);
    EXPECT_EQ(report.device_rows + report.loose_rows, rows) << "slices of " << slice;
  }
  EXPECT_EQ(report.copies, 0u);
}

TEST_F(Verify, LateOwnershipNotYetWorkedInIsNoDifference) {
  fill(WritePath::kBulk, 500, 0);
  fill(WritePath::kLive, 0, 40);
  ASSERT_TRUE(shard_->any_pending());
  const VerifyReport report = verify();
  EXPECT_TRUE(report.good()) << all(report);
  EXPECT_GT(report.pending, 0u);
}

TEST_F(Verify, ReferencesToBackFilledRowsAreResolvedThere) {
  open("backfill-0");
  fill(WritePath::kBulk, 400, 0);
  writer_.reset();
  const std::unique_ptr<Shard> backfilled = std::move(shard_);
  events_ = 0;
  open("partition-0", {backfilled.get()});
  fill(WritePath::kBulk, 100, 60);
  work_off();
  VerifyReport report = verify();
  EXPECT_TRUE(report.good()) << all(report);
  EXPECT_EQ(report.elsewhere, 0u);
  EXPECT_GT(report.owner_references, 100u);
  open();
  report = verify();
  EXPECT_TRUE(report.good()) << all(report);
  EXPECT_GT(report.elsewhere, 50u);
  writer_.reset();
  shard_.reset();
}

TEST_F(Verify, ALostOwnReferenceIsFound) {
  fill_all();
  ASSERT_TRUE(writer_->settle());
  change_references(Table::kOwn, [](uint16_t, std::vector<TrailRef>* refs) {
    refs->erase(refs->begin() + static_cast<ptrdiff_t>(refs->size() / 2));
  });
  EXPECT_EQ(verify().differences, 1u);
  expect_found("an event without its reference in the own trail");
}

TEST_F(Verify, AnOwnReferenceToNothingIsFound) {
  fill_all();
  change_references(Table::kOwn, forge);
  EXPECT_EQ(verify().differences, 1u);
  expect_found("an own reference without an event");
}

TEST_F(Verify, ALostOwnerKeyIsFound) {
  for (int i = 0; i < 400; ++i) add_event();
  schemas::OwnershipRecord r;  // all of one device's history
  r.device = schemas::DeviceId{{0x00DB123400000000}};
  r.party = kParties[0];
  r.valid_from = *schemas::WrittenTime::parse("2020-01-01T00:00:00Z");
  r.version = 1;
  writer_->add_ownership(r, {owned_++, 1, kPartitionerAll});
  ASSERT_TRUE(writer_->commit(WritePath::kBulk));
  EXPECT_TRUE(verify().good());
  std::string key;
  {
    std::unique_ptr<rocksdb::Iterator> it(
        db().NewIterator(rocksdb::ReadOptions(), shard_->impl().cf(Table::kOwner)));
    it->SeekToFirst();
    ASSERT_TRUE(it->Valid());
    key = it->key().ToString();
  }
  ASSERT_TRUE(db().Delete({}, shard_->impl().cf(Table::kOwner), key).ok());
  expect_found("party SUP-A, device 00-DB-12-34-00-00-00-00");
}

TEST_F(Verify, AnOwnerReferenceToNothingIsFound) {
  fill_all();
  change_references(Table::kOwner, forge);
  EXPECT_EQ(verify().differences, 1u);
  expect_found("an owner reference without an event");
}

TEST_F(Verify, ALostDeviceKeyIsFound) {
  fill_all();
  std::string key;
  damage(Table::kDevice, [&](const TrailKey& k, std::string*) { key = encode_key(k).view(); });
  ASSERT_TRUE(db().Delete({}, shard_->impl().cf(Table::kDevice), key).ok());
  expect_found("an own reference without an event");
}

TEST_F(Verify, SpoiltBytesAreFound) {
  for (const Table table : kTrailTables) {
    SCOPED_TRACE(kTableNames[index_of(table)]);
    fill(WritePath::kBulk, 300, 30);
    work_off();
    ASSERT_TRUE(writer_->settle());
    ASSERT_TRUE(verify().good());
    std::string before;
    damage(table, [&](const TrailKey&, std::string* value) {
      before = *value;
      for (char& c : *value) c = static_cast<char>(~c);
    });
    expect_found("table " + std::string(kTableNames[index_of(table)]));
    damage(table, [&](const TrailKey&, std::string* value) { *value = before; });
  }
}

TEST_F(Verify, AStrangeKeyIsFound) {
  fill_all();
  const std::string key = std::string(encode_key({bucket_of(kStart), 5, true, 0, 0}).view()) + "x";
  ASSERT_TRUE(db().Put({}, shard_->impl().cf(Table::kDevice), key, "x").ok());
  expect_found("a malformed key");
}

TEST_F(Verify, ASpoiltLedgerIsFound) {
  fill_all();
  std::string key(8, '\0');
  ASSERT_TRUE(db().Put({}, shard_->impl().cf(Table::kLedger), key, "\xFF\xFF").ok());
  expect_found("its ledger cannot be decoded");
}

TEST_F(Verify, WrongCountersAreFound) {
  fill_all();
  writer_.reset();
  Checkpoint c = shard_->checkpoint();
  ++c.events.consumed;
  ASSERT_TRUE(
      db().Put({}, shard_->impl().cf(Table::kMeta), slice(kCheckpointKey), c.encode()).ok());
  open();
  expect_found("(INV-6)");
  c.events.indexed = 10;
  c.events.duplicates = c.events.consumed - c.events.dead_lettered - 10;
  ASSERT_TRUE(
      db().Put({}, shard_->impl().cf(Table::kMeta), slice(kCheckpointKey), c.encode()).ok());
  open();
  expect_found("but the checkpoint has indexed 10");
}

}  // namespace
}  // namespace satindex::store
