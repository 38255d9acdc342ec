// Strategy: random logs with late, corrected and withdrawn ownership; at rest, and in the middle
// whenever nothing is pending, every party's portfolio is put beside the trails of all devices,
// both as the product gives them. Invariant: INV-8: the portfolio is the merge, over the devices
// the caller is entitled to, of their trails cut to its own intervals, in the same order. Only the
// intervals come from the model.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/property/checking.h"

namespace satindex::property {
namespace {

struct Row {
  store::TrailPosition position;
  std::string line;
};

std::vector<Row> rows_of(const std::vector<PageSeen>& pages) {
  std::vector<Row> out;
  for (const PageSeen& page : pages) {
    for (size_t i = 0; i < page.entries.size(); ++i) {
      out.push_back({page.positions[i], page.entries[i].line()});
    }
  }
  return out;
}

std::vector<Row> merged_device_trails(Ask ask, const World& world) {
  const auto relation = model::Model::cross_relation(ask.settings, ask.caller);
  std::vector<Row> out;
  ask.question.route = model::Route::kDevice;
  ask.limit = 1000;
  for (int d = 0; d < 8; ++d) {
    ask.question.device = device_name(d);
    const auto pages = Asked(ask, world).all();
    // Withheld: entitled, but the device is suspended; own rows stay.
    if (!pages || pages->front().cross_user == model::CrossUser::kNone) continue;
    const auto own =
        world.model().own_intervals(ask.question.device, *relation, ask.caller.party, ask.now_ns);
    for (Row& row : rows_of(*pages)) {
      const int64_t t = row.position.time_ns;
      if (std::any_of(own.begin(), own.end(),
                      [&](const model::Held& h) { return h.contains(t); })) {
        out.push_back(std::move(row));
      }
    }
  }
  std::sort(out.begin(), out.end(),
            [](const Row& a, const Row& b) { return a.position < b.position; });
  return out;
}

// Empty when they agree; counts the portfolios compared.
std::string compare(const Ask& ask, const World& world, uint64_t* compared) {
  const auto pages = Asked(ask, world).all();
  if (!pages) return {};
  for (const PageSeen& page : *pages) {
    if (page.pending) return {};
  }
  ++*compared;
  const std::vector<Row> portfolio = rows_of(*pages);
  const std::vector<Row> merged = merged_device_trails(ask, world);
  std::string out;
  for (size_t i = 0; i < std::max(portfolio.size(), merged.size()) && out.empty(); ++i) {
    const std::string a = i < portfolio.size() ? portfolio[i].line : "nothing";
    const std::string b = i < merged.size() ? merged[i].line : "nothing";
    if (a != b)
      out = "\n  row " + std::to_string(i) + "\n  portfolio:     " + a + "\n  device trails: " + b;
  }
  return out.empty() ? world.broken()
                     : ask.describe() + out + "\n  after:" + describe(world.script(), world.log());
}

std::string compare_some(Rng& rng, const World& world, int count, uint64_t* compared) {
  for (int i = 0; i < count; ++i) {
    Ask ask = random_ask(rng, world);
    ask.question.route = model::Route::kOwned;
    ask.caller.report = false;
    std::fill(ask.proofs.begin(), ask.proofs.end(), Proof::kFresh);
    ask.unread_partitions = false;
    ask.clock_behind_ns = 0;
    std::string differs = compare(ask, world, compared);
    if (!differs.empty()) return differs;
  }
  return {};
}

TEST(PortfolioMerge, IsTheMergeOfDeviceTrails) {
  const uint64_t worlds = setting("SATINDEX_WORLDS", 60);
  uint64_t compared = 0;
  for (uint64_t w = 0; w < worlds; ++w) {
    Rng rng(world_seed(4, w));
    LogShape shape = random_shape(rng);
    shape.misplaced = false;
    shape.intervals = 10 + static_cast<int>(rng.below(60));
    WorldOptions options;
    options.partitions = shape.partitions;
    options.work_now_ns = slot_ns(0);
    options.settle = rng.one_in(2);
    World world(random_log(shape, rng.fork()), rng.fork(), options);
    for (int steps = 0; !world.all_fed() && steps < 200; ++steps) {
      world.step();
      if (rng.one_in(8)) {
        ASSERT_TRUE(nothing_wrong(compare_some(rng, world, 2, &compared)))
            << "SATINDEX_SEED=" << testing::seed() << " world " << w << " while records come in";
      }
    }
    world.finish();
    ASSERT_TRUE(nothing_wrong(compare_some(rng, world, 30, &compared)))
        << "SATINDEX_SEED=" << testing::seed() << " world " << w << " at rest";
  }
  EXPECT_GT(compared, worlds * 10);
}

}  // namespace
}  // namespace satindex::property
