// The syntax of the config file.
#include <gtest/gtest.h>

#include "app/config.h"

namespace satindex::app {
namespace {

std::string only(const RawValues& values, const char* key) {
  const auto found = values.find(key);
  if (found == values.end() || found->second.size() != 1) return "(not once)";
  return found->second.front();
}

std::string refusal(std::string_view text) {
  auto values = parse_config_text(text, "f");
  return values ? "(accepted)" : values.error().message;
}

TEST(ConfigText, ReadsKeysValuesCommentsAndBlanks) {
  auto values = parse_config_text(
      "# a comment\n"
      "\n"
      "kafka-brokers = a:1,b:2   # behind a blank\r\n"
      "  jwt-issuer=https://issuer/#fragment\n"
      "data-dir = \"/var/lib/sat # index\"\n"
      "jwt-audience = 'it''\n"
      "access-option = B",
      "f");
  ASSERT_FALSE(values) << "a quote after a closed quote is a slip";
  values = parse_config_text(
      "kafka-brokers = a:1,b:2   # behind a blank\r\n"
      "  jwt-issuer=https://issuer/#fragment\n"
      "data-dir = \"/var/lib/sat # \\\"index\\\"\" # why\n"
      "jwt-audience = 'it'\n"
      "access-option = B",
      "f");
  ASSERT_TRUE(values);
  EXPECT_EQ(only(*values, "kafka-brokers"), "a:1,b:2");
  EXPECT_EQ(only(*values, "jwt-issuer"), "https://issuer/#fragment");
  EXPECT_EQ(only(*values, "data-dir"), "/var/lib/sat # \"index\"");
  EXPECT_EQ(only(*values, "jwt-audience"), "it");
  EXPECT_EQ(only(*values, "access-option"), "B");
}

TEST(ConfigText, ReadsListsEitherWay) {
  auto values =
      parse_config_text("supplier-roles = [\"IS\", 'GS',]\nnetwork-operator-roles = ED, GT\n", "f");
  ASSERT_TRUE(values);
  EXPECT_EQ(only(*values, "supplier-roles"), "IS,GS");
  EXPECT_EQ(only(*values, "network-operator-roles"), "ED, GT");
  EXPECT_FALSE(parse_config_text("supplier-roles = [\"IS\" \"GS\"]", "f"));
  EXPECT_FALSE(parse_config_text("supplier-roles = [\"IS\"] x", "f"));
}

TEST(ConfigText, KeepsRepeatedPropertiesOnly) {
  auto values = parse_config_text("kafka-property = a=1\nkafka-property = b=2\n", "f");
  ASSERT_TRUE(values);
  EXPECT_EQ(values->at("kafka-property"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(refusal("data-dir = a\ndata-dir = b\n"), "f:2: 'data-dir' is given twice");
}

TEST(ConfigText, SuggestsTheNearestKey) {
  EXPECT_EQ(refusal("\nkafka-broker = a"),
            "f:2: unknown key 'kafka-broker'; did you mean 'kafka-brokers'?");
  EXPECT_EQ(refusal("data_dir = a"), "f:1: unknown key 'data_dir'; did you mean 'data-dir'?");
}

TEST(ConfigText, RefusesOtherShapes) {
  EXPECT_EQ(refusal("[section]"), "f:1: is not 'key = value'");
  EXPECT_EQ(refusal("data-dir"), "f:1: is not 'key = value'");
  EXPECT_NE(refusal("data-dir = \"open"), "(accepted)");
  EXPECT_NE(refusal("data-dir = \"a\" b"), "(accepted)");
}

}  // namespace
}  // namespace satindex::app
