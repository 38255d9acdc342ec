// Strategy: whatever earlier cursors have left in the cache, a cursor gives the rows of its own view's snapshot within its
// window, as a naive list of what was committed says: under both write paths, packing, views of any age, windows of any
// kind, and cursors that stop anywhere. Invariant: a view is a snapshot (INV-4).
#include "indexer/store/row_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "indexer/store/reader.h"
#include "indexer/store/shard_impl.h"
#include "tests/store/one_shard.h"
#include "tests/support/seed.h"

namespace satindex::store {
namespace {

constexpr int64_t kStart = int64_t{1'700'000'000} * 1'000'000'000;

// What tells the rows of these tests apart.
struct Row {
  int64_t time_ns = 0;
  uint64_t counter = 0;
  bool operator==(const Row&) const = default;
  bool operator<(const Row& o) const {
    return time_ns != o.time_ns ? time_ns > o.time_ns : counter < o.counter;
  }
};

class RowCacheTest : public testing::OneShard {
 protected:
  void add(schemas::DeviceId device, int64_t time_ns, uint64_t counter) {
    schemas::SatEvent e;
    e.time_ns = time_ns;
    e.decimals = 9;
    e.user = {schemas::Eui64{0x90B3D51F30000001}};
    e.user_role = "IS";
    e.event_type = "SERVICE_REQUEST";
    e.device = device;
    e.request = schemas::RequestId{e.user.eui, device.eui, counter};
    writer_->add_event(e, {offset_++, 0, kPartitionerAll});
  }
  // So many rows of the device, a second apart, counted from one.
  void add_rows(schemas::DeviceId device, uint64_t rows) {
    for (uint64_t n = 1; n <= rows; ++n)
      add(device, kStart + static_cast<int64_t>(n) * 1'000'000'000, n);
  }
  // The rows of a cursor in the order of the answer, at most so many times of them.
  static std::vector<Row> read(const ShardView& view, schemas::DeviceId device,
                               TimeWindow window = {}, size_t times = SIZE_MAX,
                               ChunkInterest interest = {}) {
    RowCursor cursor(view, device, {}, window, std::move(interest), RowCursor::Kept::kYes);
    std::vector<Row> out;
    for (size_t i = 0; i < times && cursor.peek(); ++i) {
      std::vector<TrailRow> taken;
      const int64_t time = *cursor.peek();
      cursor.take(&taken);
      const auto first = static_cast<long>(out.size());
      for (const TrailRow& r : taken) {
        EXPECT_EQ(r.time_ns, time);
        EXPECT_EQ(r.device, device);
        out.push_back({r.time_ns, r.request->counter});
      }
      std::sort(out.begin() + first, out.end());
    }
    EXPECT_TRUE(cursor.ok());
    return out;
  }
  std::shared_ptr<const NewestRows> cached(schemas::DeviceId device) const {
    const RowCache& cache = *shard_->impl().row_cache;
    return cache.find(device.eui.value, cache.clock().now());
  }
  size_t cached_rows(schemas::DeviceId device) const {
    const auto known = cached(device);
    return known ? known->rows.size() : 0;
  }
};

TEST_F(RowCacheTest, WhatWasReadIsKeptUntilItsDeviceChanges) {
  add_rows(device(1), 3);
  add_rows(device(2), 3);
  commit();
  EXPECT_EQ(cached_rows(device(1)), 0u);
  EXPECT_EQ(read(ShardView(*shard_), device(1)).size(), 3u);
  EXPECT_EQ(read(ShardView(*shard_), device(2)).size(), 3u);
  EXPECT_EQ(cached_rows(device(1)), 3u);
  add(device(1), kStart, 4);
  commit();
  EXPECT_EQ(cached_rows(device(1)), 0u);
  EXPECT_EQ(cached_rows(device(2)), 3u) << "another device's change drops nothing";
  EXPECT_EQ(read(ShardView(*shard_), device(1)).size(), 4u);
}

TEST_F(RowCacheTest, AViewKeepsWhatItsSnapshotHolds) {
  uint64_t rows = 0;
  for (const WritePath path : {WritePath::kLive, WritePath::kBulk}) {
    add(device(1), kStart, ++rows);
    commit(path);
    const ShardView old(*shard_);
    const uint64_t then = rows;
    add(device(1), kStart + 1, ++rows);
    commit(path);
    EXPECT_EQ(read(ShardView(*shard_), device(1)).size(), rows);
    EXPECT_EQ(read(old, device(1)).size(), then) << "the newer view's rows are not the old one's";
    EXPECT_EQ(read(ShardView(*shard_), device(1)).size(), rows) << "nor the other way round";
  }
}

TEST_F(RowCacheTest, ATrailGoesOnBehindWhatIsKept) {
  add_rows(device(1), 1'200);
  commit();
  const ShardView view(*shard_);
  read(view, device(1), {}, 10);
  EXPECT_EQ(cached_rows(device(1)), 10u);
  const std::vector<Row> all = read(view, device(1));
  ASSERT_EQ(all.size(), 1'200u);
  for (uint64_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].counter, 1'200 - i);
  EXPECT_EQ(cached_rows(device(1)), RowCache::kRowsMax)
      << "more was read: more is kept, to a bound";
  read(view, device(1), {}, 10);
  EXPECT_EQ(cached_rows(device(1)), RowCache::kRowsMax) << "who reads less takes nothing away";
}

TEST_F(RowCacheTest, NothingBehindAWholeTrailIsLookedFor) {
  add_rows(device(1), 5);
  commit();
  const ShardView view(*shard_);
  read(view, device(1));
  ASSERT_TRUE(cached(device(1)));
  EXPECT_EQ(cached(device(1))->from_ns, 0);
  RowCursor again(view, device(1), {}, {}, {}, RowCursor::Kept::kYes);
  std::vector<TrailRow> rows;
  while (again.peek()) again.take(&rows);
  EXPECT_EQ(rows.size(), 5u);
  EXPECT_EQ(again.work(), 5u);
}

TEST_F(RowCacheTest, WhatIsKeptIsWholeWhateverItsFirstReaderMaySee) {
  add_rows(device(1), 1'200);
  commit();
  const ShardView view(*shard_);
  const auto nothing = [](const ChunkGlance&) { return false; };
  EXPECT_LT(read(view, device(1), {}, SIZE_MAX, nothing).size(), 1'200u)
      << "the rest is passed over";
  ASSERT_TRUE(cached(device(1)));
  EXPECT_LE(cached_rows(device(1)), RowCache::kRowsMax);
  EXPECT_EQ(read(view, device(1)).size(), 1'200u);
  EXPECT_TRUE(read(view, device(1), {0, kStart + 2}, SIZE_MAX, nothing).empty());
  EXPECT_EQ(read(view, device(1)).size(), 1'200u);
}

TEST_F(RowCacheTest, AMomentNearTheNewestIsKeptWithWhatIsNewer) {
  for (uint64_t d = 1; d <= 2; ++d) add_rows(device(d), 500);
  commit();
  const ShardView view(*shard_);
  RowCursor cursor(view, device(1), {}, {0, 0}, {}, RowCursor::Kept::kYes);
  const auto counters_at = [&](schemas::DeviceId device, uint64_t n, bool near_newest) {
    cursor.seek(device.eui.value, kStart + static_cast<int64_t>(n) * 1'000'000'000, near_newest);
    std::vector<TrailRow> rows;
    while (cursor.peek()) cursor.take(&rows);
    std::vector<uint64_t> out;
    for (const TrailRow& r : rows) out.push_back(r.request->counter);
    return out;
  };
  using Counters = std::vector<uint64_t>;
  EXPECT_EQ(counters_at(device(1), 490, true), Counters{490});
  EXPECT_EQ(counters_at(device(2), 480, true), Counters{480});
  EXPECT_EQ(cached_rows(device(1)), 11u) << "kept once the cursor goes elsewhere";
  EXPECT_EQ(counters_at(device(1), 495, true), Counters{495});
  EXPECT_EQ(counters_at(device(1), 470, true), Counters{470});
  EXPECT_EQ(counters_at(device(2), 100, false), Counters{100});
  EXPECT_EQ(cached_rows(device(1)), 31u) << "and goes on behind what is kept";
  EXPECT_EQ(counters_at(device(1), 200, true), Counters{200});
  EXPECT_EQ(counters_at(device(1), 501, true), Counters{});
  EXPECT_EQ(counters_at(device(2), 480, false), Counters{480});
  EXPECT_LT(cached_rows(device(1)), 120u) << "not on the whole way to what is far from the newest";
  EXPECT_EQ(read(view, device(1)).size(), 500u);
}

TEST_F(RowCacheTest, ADeviceWithoutRowsTakesNoRoomAndOneThatIsBeingChangedNone) {
  EXPECT_TRUE(read(ShardView(*shard_), device(9)).empty());
  EXPECT_EQ(cached(device(9)), nullptr);
  add_rows(device(9), 2);
  add_rows(device(8), 2);
  commit();
  read(ShardView(*shard_), device(8));
  TableBatch batch;
  batch.add(BatchOp::kPut, "key", "value");
  {
    const CommitClock::Change change(
        shard_->impl().row_cache->clock(), batch,
        [](std::string_view) { return std::optional(device(9).eui.value); });
    EXPECT_EQ(read(ShardView(*shard_), device(9)).size(), 2u);
    EXPECT_EQ(cached(device(9)), nullptr);
    EXPECT_NE(cached(device(8)), nullptr) << "the others are as they were";
  }
  EXPECT_EQ(cached(device(9)), nullptr);
}

TEST_F(RowCacheTest, AtRandomEveryCursorGivesWhatItsSnapshotHolds) {
  constexpr uint64_t kDevices = 4;
  constexpr int kSteps = 6'000;
  satindex::testing::Random random(17);
  using Model = std::map<uint64_t, std::vector<Row>>;
  struct View {
    std::unique_ptr<ShardView> view;
    Model holds;
  };
  Model committed, gathered;
  std::vector<View> views;
  uint64_t counter = 0, hits = 0, reads = 0;
  const auto moment = [&] { return kStart + static_cast<int64_t>(random.below(400)) * 1'000'000; };
  for (int step = 0; step < kSteps; ++step) {
    switch (random.below(12)) {
      case 0: {  // events, some of them late, many of one time
        for (uint64_t n = 1 + random.below(12); n > 0; --n) {
          const uint64_t d = random.below(kDevices);
          const Row row{moment(), ++counter};
          add(device(d), row.time_ns, row.counter);
          gathered[d].push_back(row);
        }
        break;
      }
      case 1: {
        commit(random.one_in(4) ? WritePath::kBulk : WritePath::kLive);
        for (auto& [d, rows] : gathered) {
          committed[d].insert(committed[d].end(), rows.begin(), rows.end());
          std::sort(committed[d].begin(), committed[d].end());
        }
        gathered.clear();
        break;
      }
      case 2:
        if (random.one_in(8)) {
          ASSERT_TRUE(writer_->settle());
        } else {
          ASSERT_TRUE(writer_->work_step(kStart));
        }
        break;
      default: {
        if (views.size() < 3 || random.one_in(4)) {
          if (views.size() == 3) views.erase(views.begin() + static_cast<long>(random.below(3)));
          views.push_back({std::make_unique<ShardView>(*shard_), committed});
        }
        View& asked = random.pick(views);
        const uint64_t d = random.below(kDevices);
        if (random.one_in(10)) {  // gives what it likes, and must leave nothing wrong behind
          const bool some = random.one_in(2);
          read(*asked.view, device(d), {}, SIZE_MAX,
               [&](const ChunkGlance& g) { return some && g.newest_ns() % 2 == 0; });
        }
        TimeWindow window;
        if (random.one_in(3)) window.to_ns = moment();
        if (random.one_in(3)) window.from_ns = moment();
        const size_t times = random.one_in(3) ? SIZE_MAX : 1 + random.below(60);
        hits += shard_->impl().row_cache->find(device(d).eui.value,
                                               shard_->impl().row_cache->clock().now())
                    ? 1
                    : 0;
        ++reads;
        const std::vector<Row> got = read(*asked.view, device(d), window, times);
        std::vector<Row> wanted;
        std::set<int64_t> seen;
        for (const Row& row : asked.holds[d]) {
          if (!window.contains(row.time_ns)) continue;
          if (!seen.contains(row.time_ns) && seen.size() == times) break;
          seen.insert(row.time_ns);
          wanted.push_back(row);
        }
        ASSERT_EQ(got, wanted) << "step " << step;
        if (random.one_in(2)) {  // moments, of one device after the other
          RowCursor cursor(*asked.view, device(0), {}, {0, 0}, {}, RowCursor::Kept::kYes);
          for (uint64_t n = random.below(6); n > 0; --n) {
            const uint64_t other = random.below(kDevices);
            const int64_t time = moment();
            cursor.seek(device(other).eui.value, time, random.one_in(2));
            std::vector<TrailRow> taken;
            while (cursor.peek()) cursor.take(&taken);
            const auto there = std::count_if(asked.holds[other].begin(), asked.holds[other].end(),
                                             [&](const Row& r) { return r.time_ns == time; });
            ASSERT_EQ(static_cast<long>(taken.size()), there) << "step " << step;
            for (const TrailRow& r : taken) ASSERT_EQ(r.time_ns, time);
          }
        }
      }
    }
  }
  EXPECT_GT(hits, reads / 10) << "the cache was hardly met";
  std::cout << reads << " reads, " << hits << " of devices that are kept" << std::endl;
}

TEST_F(RowCacheTest, UnderWritesEveryViewSeesItsOwnSnapshot) {
  constexpr uint64_t kDevices = 5;
  constexpr uint64_t kCommits = 400;
  const uint64_t seed = satindex::testing::seed();
  std::array<std::atomic<uint64_t>, kDevices> published{};  // rows that a new view must show
  std::atomic<bool> done{false};
  std::atomic<uint64_t> looks{0}, wrong{0};
  std::vector<std::thread> readers;
  for (uint64_t r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      std::mt19937_64 rng(seed + r);
      std::vector<std::unique_ptr<ShardView>> views;
      while (!done || looks < 500) {
        if (views.size() < 4 || rng() % 3 == 0) {
          const uint64_t d = rng() % kDevices;
          const uint64_t at_least = published[d].load();
          auto view = std::make_unique<ShardView>(*shard_);
          if (read(*view, device(d)).size() < at_least) ++wrong;
          if (views.size() >= 4) views.erase(views.begin() + static_cast<long>(rng() % 4));
          views.push_back(std::move(view));
        }
        const ShardView& view = *views[rng() % views.size()];
        const uint64_t d = rng() % kDevices;
        const std::vector<Row> first = read(view, device(d));
        if (read(view, device(d)) != first) ++wrong;
        // All of one commit or nothing of it: device 0 has a row of each, so none is ahead of it.
        if (!first.empty() && first.front().counter > read(view, device(0)).front().counter)
          ++wrong;
        ++looks;
      }
    });
  }
  std::mt19937_64 rng(seed);
  std::array<uint64_t, kDevices> rows{};
  for (uint64_t n = 1; n <= kCommits; ++n) {
    for (uint64_t d = 0; d < kDevices; ++d) {
      if (d != 0 && rng() % 3 != 0) continue;
      add(device(d), kStart + static_cast<int64_t>(n), n);
      ++rows[d];
    }
    auto committed = writer_->commit(rng() % 8 == 0 ? WritePath::kBulk : WritePath::kLive);
    EXPECT_TRUE(committed);
    for (uint64_t d = 0; d < kDevices; ++d) published[d] = rows[d];
  }
  done = true;
  for (std::thread& t : readers) t.join();
  EXPECT_EQ(wrong, 0u) << "seed " << seed;
  std::cout << looks << " looks, seed " << seed << std::endl;
}

}  // namespace
}  // namespace satindex::store
