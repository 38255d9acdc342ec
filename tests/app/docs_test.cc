// The documents follow the table of settings, and the README names the two commands a newcomer needs.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/settings.h"

namespace satindex::app {
namespace {

std::string read(const std::string& name) {
  std::ifstream in(std::string(SATINDEX_SOURCE) + "/" + name);
  EXPECT_TRUE(in) << name;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Docs, OperationsExplainsEverySettingAsTheTableDoes) {
  const std::string text = read("docs/operations.md");
  for (const Setting& setting : run_settings()) {
    std::string flag = "`--" + std::string(setting.name);
    EXPECT_NE(text.find(flag), std::string::npos) << flag;
    EXPECT_NE(text.find("`" + environment_name(setting.name) + "`"), std::string::npos) << flag;
    EXPECT_NE(text.find("| " + std::string(setting.help) + " |"), std::string::npos) << flag;
    if (setting.kind == SettingKind::kValue && !setting.default_text.empty()) {
      EXPECT_NE(text.find("`" + std::string(setting.default_text) + "`"), std::string::npos)
          << flag;
    }
  }
}

TEST(Docs, ReadmeNamesTheTwoCommands) {
  const std::string text = read("README.md");
  EXPECT_NE(text.find("./dev demo"), std::string::npos);
  EXPECT_NE(text.find("./dev test"), std::string::npos);
}

}  // namespace
}  // namespace satindex::app
