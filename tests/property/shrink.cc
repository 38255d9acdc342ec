#include "tests/property/shrink.h"

#include <algorithm>
#include <utility>

namespace satindex::property {
namespace {

constexpr int kTriesMax = 1500;

std::string play_and_ask(const World& origin, const Script& script, const Ask& ask) {
  World world(origin.log(), 1, origin.options());
  world.play(script);
  return difference(ask, world, nullptr);
}

Script without(const Script& script, size_t at, size_t count) {
  Script out(script.begin(), script.begin() + static_cast<std::ptrdiff_t>(at));
  const size_t behind = std::min(script.size(), at + count);
  out.insert(out.end(), script.begin() + static_cast<std::ptrdiff_t>(behind), script.end());
  return out;
}

}  // namespace

std::string shrink(const World& world, const Ask& ask) {
  Script rest = world.script();
  std::string what = play_and_ask(world, rest, ask);
  if (what.empty()) {
    return "\n  (playing the same again does not show it) after:" + describe(rest, world.log());
  }
  int tries = 0;
  size_t piece = std::max<size_t>(1, rest.size() / 2);
  for (bool again = true; again && tries < kTriesMax;) {
    bool left_out = false;
    for (size_t at = 0; at < rest.size() && tries < kTriesMax; ++tries) {
      Script part = without(rest, at, piece);
      std::string still = play_and_ask(world, part, ask);
      if (still.empty()) {
        at += piece;
        continue;
      }
      what = std::move(still);
      rest = std::move(part);
      left_out = true;
    }
    again = piece > 1 || left_out;
    piece = std::max<size_t>(1, piece / 2);
  }
  return "\n  smallest way found to it:" + describe(rest, world.log()) + "\n  shows:" + what;
}

}  // namespace satindex::property
