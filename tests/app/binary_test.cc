// The built program from outside: exit codes, what it says, what `gen` and `token` write.
#include "tests/support/binary.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace satindex::app {
namespace {

using testing::Ended;
using testing::run;
using testing::says;

TEST(Binary, VersionAndHelpEndCleanly) {
  EXPECT_EQ(run("version").code, 0);
  EXPECT_TRUE(says(run("version"), "satindex "));
  EXPECT_EQ(run("--version").code, 0);
  EXPECT_EQ(run("--help").code, 0);
  for (const char* command : {"run", "demo", "backfill", "verify", "checkpoint", "restore", "token",
                              "gen", "plan", "dead-letters", "validate", "version"}) {
    EXPECT_EQ(run(std::string(command) + " --help").code, 0) << command;
    EXPECT_TRUE(says(run("--help"), command)) << command;
  }
}

TEST(Binary, HelpOfRunNamesEverySetting) {
  const Ended ended = run("validate --help");
  for (const char* flag : {"--kafka-brokers", "--access-option none|A|B  (required)", "--retention",
                           "--cursor-key", "SATINDEX_DATA_DIR"}) {
    EXPECT_TRUE(says(ended, flag)) << flag;
  }
}

TEST(Binary, ConfigurationErrorsAre78) {
  EXPECT_EQ(run("").code, 78);
  Ended ended = run("rnu");
  EXPECT_EQ(ended.code, 78);
  EXPECT_TRUE(says(ended, "did you mean 'run'?"));
  for (const char* command : {"run", "validate"}) {
    ended = run(command);
    EXPECT_EQ(ended.code, 78) << command;
    EXPECT_TRUE(says(ended, "--access-option")) << ended.output;
    EXPECT_TRUE(says(ended, "--kafka-brokers")) << ended.output;
    ended = run(std::string(command) + " --data-dri x");
    EXPECT_EQ(ended.code, 78) << command;
    EXPECT_TRUE(says(ended, "did you mean --data-dir?")) << ended.output;
  }
  ended = run("gen --evnets 3");
  EXPECT_EQ(ended.code, 78);
  EXPECT_TRUE(says(ended, "did you mean --events?")) << ended.output;
  EXPECT_EQ(run("gen --events none").code, 78);
  EXPECT_EQ(run("validate --data-dir a --data-dir b").code, 78);
}

TEST(Binary, UnknownVariablesOnlyWarn) {
  const Ended ended = run("validate", "SATINDEX_DATADIR=x SATINDEX_DATA_DIR=/d");
  EXPECT_TRUE(says(ended, "warning: environment variable SATINDEX_DATADIR")) << ended.output;
  EXPECT_FALSE(says(ended, "--data-dir,")) << "it was given in the environment";
}

TEST(Binary, GenWritesTheSameBytesForTheSameSeed) {
  const Ended once = run("gen --events 500 --seed 9 --devices 50");
  EXPECT_EQ(once.code, 0);
  EXPECT_EQ(once.output, run("gen --events 500 --seed 9 --devices 50").output);
  EXPECT_EQ(std::count(once.output.begin(), once.output.end(), '\n'), 500);
  const Ended ownership = run("gen --ownership --devices 50");
  EXPECT_EQ(std::count(ownership.output.begin(), ownership.output.end(), '\n'), 100);
}

TEST(Binary, GenTargetsAskAboutDevicesOfTheSameSeed) {
  const std::string ownership = run("gen --ownership --devices 5 --seed 4").output;
  const Ended targets = run("gen --targets vegeta --target-count 20 --devices 5 --seed 4");
  EXPECT_EQ(targets.code, 0);
  const size_t at = targets.output.find("/v1/devices/");
  ASSERT_NE(at, std::string::npos);
  EXPECT_NE(ownership.find(targets.output.substr(at + 12, 23)), std::string::npos);
  EXPECT_TRUE(says(run("gen --targets k6 --target-count 1 --devices 5"),
                   "{\"method\":\"GET\",\"url\":\"http"));
}

TEST(Binary, TokenMakesAKeyOnceAndSignsWithIt) {
  std::string directory =
      (std::filesystem::temp_directory_path() / "satindex-token-XXXXXX").string();
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string arguments = "token --key " + directory + "/key.pem --jwks " + directory +
                                "/jwks.json --issuer i --audience a --party P --role OU"
                                " --user-id 90-B3-D5-1F-30-01-00-00";
  const Ended first = run(arguments);
  EXPECT_EQ(first.code, 0) << first.output;
  EXPECT_TRUE(says(first, "made a new signing key"));
  const auto mode = std::filesystem::status(directory + "/key.pem").permissions();
  EXPECT_EQ(mode & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Ended second = run(arguments);
  EXPECT_EQ(second.code, 0);
  EXPECT_EQ(std::count(second.output.begin(), second.output.end(), '.'), 2) << second.output;
  EXPECT_TRUE(std::filesystem::exists(directory + "/jwks.json"));
  EXPECT_EQ(run("token --key " + directory +
                "/key.pem --issuer i --audience a --party P --role OU"
                " --user-id nonsense")
                .code,
            78);
  for (const char* more :
       {"--party '' --role OU", "--party P --role ''", "--party P --role OU --ttl 0s"})
    EXPECT_EQ(run("token --key " + directory + "/key.pem --issuer i --audience a " + more).code, 78)
        << more;
  std::filesystem::remove_all(directory);
}

TEST(Binary, PlanAnswersForAnyLoad) {
  const Ended ended = run("plan --events-per-year 1000000000 --retention 2y");
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(says(ended, "2.0 billion events kept")) << ended.output;
}

}  // namespace
}  // namespace satindex::app
