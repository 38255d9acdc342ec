// Strategy: one writer changes the ledgers of a few devices on both write paths while readers ask the same devices again
// and again through views of any age. Invariant (INV-5): a view's ledger is what its own snapshot holds, whatever other
// views have left in the cache, and no view sees a change before it is committed or misses one after.
#include "indexer/store/ledger_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "indexer/store/reader.h"
#include "indexer/store/shard_impl.h"
#include "tests/store/ledger_records.h"
#include "tests/store/one_shard.h"
#include "tests/support/seed.h"

namespace satindex::store {
namespace {

class LedgerCacheTest : public testing::OneShard {
 protected:
  // The n-th version of the one interval of the device.
  void give(schemas::DeviceId device, uint64_t version, bool withdrawn = false) {
    schemas::OwnershipRecord r =
        record(kSupplier, "SUP-A", "2024-01-01T00:00:00Z", "", version, withdrawn);
    r.device = device;
    writer_->add_ownership(r, {offset_++, version, kPartitionerAll});
  }
  static uint64_t version_of(const ShardView& view, schemas::DeviceId device) {
    auto ledger = view.ledger(device);
    EXPECT_TRUE(ledger);
    return ledger && !(*ledger)->empty() ? (*ledger)->intervals().front().version : 0;
  }
  bool cached(schemas::DeviceId device) const {
    const LedgerCache& cache = *shard_->impl().ledger_cache;
    return cache.find(device.eui.value, cache.clock().now()) != nullptr;
  }
};

TEST_F(LedgerCacheTest, ALedgerReadIsKeptUntilItsDeviceChanges) {
  give(device(1), 1);
  give(device(2), 1);
  commit();
  EXPECT_FALSE(cached(device(1)));
  EXPECT_EQ(version_of(ShardView(*shard_), device(1)), 1u);
  EXPECT_EQ(version_of(ShardView(*shard_), device(2)), 1u);
  EXPECT_TRUE(cached(device(1)));
  give(device(1), 2);
  commit();
  EXPECT_FALSE(cached(device(1)));
  EXPECT_TRUE(cached(device(2))) << "another device's change drops nothing";
  EXPECT_EQ(version_of(ShardView(*shard_), device(1)), 2u);
}

TEST_F(LedgerCacheTest, AViewKeepsWhatItsSnapshotHolds) {
  for (const WritePath path : {WritePath::kLive, WritePath::kBulk}) {
    const uint64_t first = writer_->checkpoint().ownership.consumed + 1;
    give(device(1), first);
    commit(path);
    const ShardView old(*shard_);
    give(device(1), first + 1);
    commit(path);
    EXPECT_EQ(version_of(ShardView(*shard_), device(1)), first + 1);
    EXPECT_EQ(version_of(old, device(1)), first) << "the newer view's ledger is not the old one's";
    EXPECT_EQ(version_of(ShardView(*shard_), device(1)), first + 1) << "nor the other way round";
  }
}

TEST_F(LedgerCacheTest, ManyAtOnceAreThoseOneByOne) {
  for (uint64_t n = 1; n <= 20; ++n) give(device(n), n);
  commit();
  const ShardView view(*shard_);
  for (uint64_t n = 1; n <= 20; n += 3) version_of(view, device(n));
  std::vector<schemas::DeviceId> asked;
  for (uint64_t n = 25; n > 0; --n) asked.push_back(device(n));
  for (int round = 0; round < 2; ++round) {
    auto ledgers = view.ledgers(asked);
    ASSERT_TRUE(ledgers);
    ASSERT_EQ(ledgers->size(), asked.size());
    for (size_t i = 0; i < asked.size(); ++i) {
      const DeviceLedger& ledger = *(*ledgers)[i];
      const uint64_t n = 25 - i;
      ASSERT_EQ(ledger.empty(), n > 20) << n;
      if (n <= 20) {
        EXPECT_EQ(ledger.intervals().front().version, n);
      }
    }
  }
}

TEST_F(LedgerCacheTest, AnEmptyLedgerTakesNoRoomAndADeviceThatIsBeingChangedNone) {
  version_of(ShardView(*shard_), device(9));
  EXPECT_FALSE(cached(device(9)));
  give(device(9), 1);
  give(device(8), 1);
  commit();
  EXPECT_EQ(version_of(ShardView(*shard_), device(8)), 1u);
  LedgerCache& cache = *shard_->impl().ledger_cache;
  TableBatch batch;
  std::array<char, 8> key;
  batch.add(BatchOp::kPut, ledger_key(device(9), &key), "x");
  {
    const CommitClock::Change change(
        cache.clock(), batch, [](std::string_view) { return std::optional(device(9).eui.value); });
    const ShardView amid(*shard_);
    EXPECT_EQ(version_of(amid, device(9)), 1u);
    EXPECT_FALSE(cached(device(9)));
    EXPECT_TRUE(cached(device(8))) << "the others are as they were";
  }
  EXPECT_FALSE(cached(device(9)));
}

TEST_F(LedgerCacheTest, AtRandomUnderWritesEveryViewSeesItsOwnSnapshot) {
  constexpr uint64_t kDevices = 5;
  constexpr uint64_t kCommits = 1500;
  const uint64_t seed = satindex::testing::seed();
  // A commit gives its number as version to some devices: `published` is a lower bound of what a new view must show.
  std::array<std::atomic<uint64_t>, kDevices> published{};
  std::atomic<bool> done{false};
  std::atomic<uint64_t> looks{0}, wrong{0};
  std::vector<std::thread> readers;
  for (uint64_t r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      std::mt19937_64 rng(seed + r);
      std::vector<std::unique_ptr<ShardView>> views;
      while (!done || looks < 1000) {
        if (views.size() < 4 || rng() % 3 == 0) {
          const uint64_t d = rng() % kDevices;
          const uint64_t at_least = published[d].load();
          auto view = std::make_unique<ShardView>(*shard_);
          if (version_of(*view, device(d)) < at_least) ++wrong;
          if (views.size() >= 4) views.erase(views.begin() + static_cast<long>(rng() % 4));
          views.push_back(std::move(view));
        }
        const ShardView& view = *views[rng() % views.size()];
        const uint64_t d = rng() % kDevices;
        // Through the cache twice, with whatever others leave there in between.
        const uint64_t first = version_of(view, device(d));
        if (version_of(view, device(d)) != first) ++wrong;
        // All of one commit or nothing of it: device 0 is in each, so none is ahead of it.
        if (version_of(view, device(d)) > version_of(view, device(0))) ++wrong;
        ++looks;
      }
    });
  }
  std::mt19937_64 rng(seed);
  for (uint64_t version = 1; version <= kCommits; ++version) {
    std::vector<uint64_t> given = {0};
    for (uint64_t d = 1; d < kDevices; ++d) {
      if (rng() % 3 == 0) given.push_back(d);
    }
    for (const uint64_t d : given) give(device(d), version);
    auto committed = writer_->commit(rng() % 8 == 0 ? WritePath::kBulk : WritePath::kLive);
    EXPECT_TRUE(committed);
    for (const uint64_t d : given) published[d] = version;
  }
  done = true;
  for (std::thread& t : readers) t.join();
  EXPECT_EQ(wrong, 0u) << "seed " << seed;
  EXPECT_GE(looks, 1000u);
  std::cout << looks << " looks, seed " << seed << std::endl;
}

}  // namespace
}  // namespace satindex::store
