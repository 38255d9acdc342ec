// Strategy: a trail is read in small pages; between the pages records arrive, are packed, worked
// in, the store is reopened and the clock goes on. Each page is asked of a service that has seen
// nothing of the pages before. Invariant: INV-4: put together, the pages hold exactly once all that
// was there at page 1 and that the caller may see at every page; nothing on a page is more than the
// caller may see at that moment (INV-5).
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "tests/property/checking.h"

namespace satindex::property {
namespace {

// A redelivery may bring a more precise writing of the time between two pages: the same event all
// the same.
std::string event_line(model::Entry entry) {
  entry.timestamp = model::write_time(model::from_ns(entry.time_ns), 9);
  return entry.line();
}

using Counts = std::map<std::string, int>;

struct Reading {
  Counts seen;
  Counts due;  // there at page 1 and visible at every page since
  std::optional<store::TrailPosition> last;
  bool promised = true;  // crossUser stayed the same and pending was absent
  std::optional<model::CrossUser> cross_user;
  std::string wrong;
};

Counts visible(const Ask& ask, const World& world) {
  Counts out;
  for (const model::Entry& e :
       world.model().answer(ask.settings, ask.caller, ask.question, ask.moment(world)).entries) {
    const bool may_lack = ask.question.route == model::Route::kOwned &&
                          world.misplaced().count(e.device_id.value_or(""));
    // Counted as visible, but not as due.
    out[event_line(e)] += may_lack ? 0 : 1;
  }
  return out;
}

void take(const Ask& ask, const World& world, const PageSeen& page, bool first, Reading* r) {
  const Counts now = visible(ask, world);
  if (first) r->due = now;
  for (auto& [line, n] : r->due) {
    auto it = now.find(line);
    n = std::min(n, it == now.end() ? 0 : it->second);
  }
  for (size_t i = 0; i < page.entries.size(); ++i) {
    const std::string line = event_line(page.entries[i]);
    if (now.count(line) == 0) r->wrong += "\n  not to be shown: " + line;
    if (r->last && !(*r->last < page.positions[i]))
      r->wrong += "\n  twice, or out of order: " + line;
    r->last = page.positions[i];
    ++r->seen[line];
  }
  if (page.next && page.entries.size() < ask.limit) r->wrong += "\n  a short page before the end";
  if (r->cross_user && *r->cross_user != page.cross_user) r->promised = false;
  r->cross_user = page.cross_user;
  if (page.pending) r->promised = false;
}

std::string read_under_ingest(Rng& rng, World* world, uint64_t* held) {
  Ask ask = random_ask(rng, *world);
  ask.limit = 1 + rng.below(12);
  if (ask.question.route == model::Route::kOwned && rng.one_in(2)) world->drain();
  Reading r;
  std::optional<store::TrailPosition> after;
  bool first = true;
  do {
    std::optional<PageSeen> page = Asked(ask, *world).page(after);
    if (!page) return {};
    take(ask, *world, *page, first, &r);
    first = false;
    after = page->next;
    for (uint32_t n = rng.below(4); n > 0; --n) world->step();
    if (rng.one_in(8)) ask.now_ns += int64_t{3600} * model::kSecond;
  } while (after && r.wrong.empty());
  if (r.promised && r.wrong.empty()) {
    ++*held;
    for (const auto& [line, n] : r.due) {
      if (r.seen[line] < n) r.wrong += "\n  missing: " + line;
    }
  }
  if (r.wrong.empty()) return world->broken();
  return ask.describe() + r.wrong + "\n  after:" + describe(world->script(), world->log());
}

TEST(PagesUnderIngest, ConcatenateToTheFilteredTrail) {
  const uint64_t worlds = setting("SATINDEX_WORLDS", 60);
  uint64_t held = 0;
  for (uint64_t w = 0; w < worlds; ++w) {
    Rng rng(world_seed(3, w));
    LogShape shape = random_shape(rng);
    shape.events = 400;
    shape.devices = 1 + static_cast<int>(rng.below(4));
    WorldOptions options;
    options.partitions = shape.partitions;
    options.work_now_ns = slot_ns(0);
    options.settle = rng.one_in(2);
    World world(random_log(shape, rng.fork()), rng.fork(), options);
    for (int p = 0; p < shape.partitions; ++p) {
      world.gather(p, 120);
      world.commit(p, rng.one_in(2) ? store::WritePath::kLive : store::WritePath::kBulk);
    }
    for (int i = 0; i < 25; ++i) {
      ASSERT_TRUE(nothing_wrong(read_under_ingest(rng, &world, &held)))
          << "SATINDEX_SEED=" << testing::seed() << " world " << w << " reading " << i;
    }
  }
  std::cout << held << " trails read whole under ingest" << std::endl;
  EXPECT_GT(held, worlds * 5);
}

}  // namespace
}  // namespace satindex::property
