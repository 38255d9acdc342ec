// `backfill --ownership FILE EVENTS` read the events as ownership, found them all unreadable and ended cleanly: the flag
// took every name behind it.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/ingest/fixture.h"
#include "tests/support/binary.h"

namespace satindex {
namespace {

using testing::run;
using testing::says;

TEST(BackfillFlag, TakesOneFileAndLeavesTheRest) {
  const tests::TempDir dir;
  const std::string device = tests::device_text(1);
  std::ofstream(dir.path() / "events") << tests::event_json(device, 1) << "\n"
                                       << tests::event_json(device, 2) << "\n";
  std::ofstream(dir.path() / "owners") << tests::ownership_json(device, "P1") << "\n";
  std::ofstream(dir.path() / "more") << tests::ownership_json(device, "P2") << "\n";
  const std::string at = dir.path().string() + "/";
  for (const std::string& files :
       {"--ownership " + at + "owners --ownership " + at + "more " + at + "events",
        at + "events --ownership=" + at + "owners --ownership " + at + "more"}) {
    const auto ended = run("backfill --memory-budget 256MiB --data-dir " + at + "data" +
                           std::to_string(files.size()) + " " + files);
    EXPECT_EQ(ended.code, 0) << ended.output;
    EXPECT_TRUE(says(ended, "events     2 read, 2 indexed")) << ended.output;
    EXPECT_TRUE(says(ended, "ownership  2 read, 2 indexed")) << ended.output;
  }
}

}  // namespace
}  // namespace satindex
