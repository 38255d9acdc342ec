#include "tests/property/shrink.h"

#include <algorithm>
#include <utility>

namespace satindex::property {
namespace {

// Two ways to feed: as the seed did, and the plainest there is.
std::string try_once(const model::Log& log, const Feeding& feeding, const Ask& ask, bool plain) {
  World world(log, feeding.seed, feeding.options);
  if (plain) {
    for (int p = 0; p < world.partitions(); ++p) {
      while (world.gather(p, 1) > 0) world.commit(p, store::WritePath::kLive);
    }
    if (feeding.drained) world.drain();
  } else {
    world.finish();
  }
  return difference(ask, world, nullptr);
}

}  // namespace

std::string shrink(const model::Log& log, const Feeding& feeding, const Ask& ask) {
  bool plain = true;
  std::string what = try_once(log, feeding, ask, plain);
  if (what.empty()) {
    plain = false;
    what = try_once(log, feeding, ask, plain);
  }
  if (what.empty()) return "\n  (not seen again on a newly fed world: depends on when it was asked)";
  model::Log rest = log;
  int tries = 0;
  for (size_t piece = std::max<size_t>(1, rest.size() / 2);;) {
    bool left_out = false;
    for (size_t at = 0; at < rest.size() && tries < 600;) {
      model::Log part(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(at));
      const size_t behind = std::min(rest.size(), at + piece);
      part.insert(part.end(), rest.begin() + static_cast<std::ptrdiff_t>(behind), rest.end());
      ++tries;
      std::string still = try_once(part, feeding, ask, plain);
      if (still.empty()) {
        at += piece;
        continue;
      }
      what = std::move(still);
      rest = std::move(part);
      left_out = true;
    }
    if (piece == 1 && (!left_out || tries >= 600)) break;
    piece = std::max<size_t>(1, piece / 2);
  }
  std::string out = "\n  smallest log found (" + std::string(plain ? "every record committed alone" : "fed by seed") +
                    "):";
  for (const model::LogRecord& record : rest) out += "\n    " + model::describe(record);
  return out + "\n  differs:" + what;
}

}  // namespace satindex::property
