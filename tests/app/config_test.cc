// Settings from flags, environment and file: which one wins, what is missing, what is refused.
#include "app/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace satindex::app {
namespace {

class Config : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "satindex-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string file(std::string_view text, const std::string& name = "satindex.conf") {
    const std::string path = (directory_ / name).string();
    std::ofstream(path) << text;
    return path;
  }

  // Everything required, on the command line.
  static ConfigSources complete() {
    ConfigSources sources;
    sources.flags = {{"kafka-brokers", {"a:1"}}, {"data-dir", {"/d"}},
                     {"jwks", {"/k"}},           {"jwt-issuer", {"i"}},
                     {"jwt-audience", {"au"}},   {"access-option", {"A"}}};
    return sources;
  }

  static std::string refusal(const ConfigSources& sources) {
    auto config = resolve_config(sources);
    return config ? "(accepted)" : config.error().message;
  }

  std::filesystem::path directory_;
};

TEST_F(Config, TakesTheDefaultsOfTheContract) {
  auto config = resolve_config(complete());
  ASSERT_TRUE(config) << config.error().message;
  const RunSettings& s = *config;
  EXPECT_EQ(s.events_topic, "sat.events");
  EXPECT_EQ(s.ownership_topic, "dm.ownership");
  EXPECT_EQ(s.dead_letter_topic, "sat.dead-letter");
  EXPECT_EQ(s.access_topic, "sat.access");
  EXPECT_EQ(s.ownership_max_staleness_ns, 60 * schemas::kNanosPerSecond);
  EXPECT_EQ(s.retention_ns, 0);
  EXPECT_EQ(s.access.option, trail::AccessOption::kA);
  EXPECT_EQ(s.access.history, trail::AccessHistory::kCurrent);
  EXPECT_EQ(s.access.cross_user_types, trail::AccessRules{}.cross_user_types);
  EXPECT_EQ(s.access.supplier_roles, trail::AccessRules{}.supplier_roles);
  EXPECT_EQ(s.access.network_operator_roles, trail::AccessRules{}.network_operator_roles);
  EXPECT_FALSE(s.access.ignore_unreadable);
  EXPECT_FALSE(s.accept_clock);
  EXPECT_FALSE(s.access.hide_request_id || s.access.hide_command_variant ||
               s.access.hide_response_code);
  EXPECT_EQ(s.log_format, LogFormat::kJson);
}

// Flag over environment over file, for every combination of places that gives a value.
TEST_F(Config, PrecedenceTable) {
  for (int places = 1; places < 8; ++places) {
    ConfigSources sources = complete();
    std::string expected;
    if (places & 1) {
      sources.config_file = file("events-topic = of-file\n");
      expected = "of-file";
    }
    if (places & 2) {
      sources.environment["SATINDEX_EVENTS_TOPIC"] = "of-environment";
      expected = "of-environment";
    }
    if (places & 4) {
      sources.flags["events-topic"] = {"of-flag"};
      expected = "of-flag";
    }
    auto config = resolve_config(sources);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->events_topic, expected) << "places " << places;
  }
}

TEST_F(Config, EverySettingCanBeGivenInEachPlace) {
  const std::map<std::string, std::string> examples = {{"kafka-brokers", "x:1"},
                                                       {"kafka-property", "a=b"},
                                                       {"data-dir", "/x"},
                                                       {"retention", "7y"},
                                                       {"memory-budget", "1GiB"},
                                                       {"http-listen", "x:1"},
                                                       {"ops-listen", "x:1"},
                                                       {"http-threads", "3"},
                                                       {"access-option", "none"},
                                                       {"access-history", "tenure"},
                                                       {"others-hide", "requestId"},
                                                       {"ownership-max-staleness", "5s"},
                                                       {"unreadable-ownership", "ignore"},
                                                       {"accept-clock", "true"},
                                                       {"log-format", "text"}};
  for (const Setting& setting : run_settings()) {
    const std::string name(setting.name);
    const auto found = examples.find(name);
    const std::string value = found == examples.end() ? "x" : found->second;
    for (int place = 0; place < 3; ++place) {
      ConfigSources sources = complete();
      sources.flags.erase(name);
      if (place == 0) sources.flags[name] = {value};
      if (place == 1) sources.environment[environment_name(name)] = value;
      if (place == 2) sources.config_file = file(name + " = " + value + "\n");
      auto config = resolve_config(sources);
      EXPECT_TRUE(config) << name << " in place " << place << ": " << config.error().message;
    }
  }
}

TEST_F(Config, PropertiesOfAllPlacesJoin) {
  ConfigSources sources = complete();
  sources.config_file =
      file("kafka-property = a=file\nkafka-property = b=file\nkafka-property = c=file\n");
  sources.environment["SATINDEX_KAFKA_PROPERTY"] = "b=environment; c=environment";
  sources.flags["kafka-property"] = {"c=flag", "d=x=y"};
  auto config = resolve_config(sources);
  ASSERT_TRUE(config) << config.error().message;
  const std::map<std::string, std::string> expected = {
      {"a", "file"}, {"b", "environment"}, {"c", "flag"}, {"d", "x=y"}};
  EXPECT_EQ(config->kafka_properties, expected);
}

TEST_F(Config, FileMayBeNamedInTheEnvironment) {
  ConfigSources sources = complete();
  sources.environment["SATINDEX_CONFIG"] = file("events-topic = one\n", "one.conf");
  EXPECT_EQ(resolve_config(sources)->events_topic, "one");
  sources.config_file = file("events-topic = two\n", "two.conf");
  EXPECT_EQ(resolve_config(sources)->events_topic, "two");
  sources.config_file = (directory_ / "absent.conf").string();
  EXPECT_NE(refusal(sources).find("cannot be read"), std::string::npos);
}

TEST_F(Config, NamesEveryMissingSetting) {
  for (const char* name :
       {"kafka-brokers", "data-dir", "jwks", "jwt-issuer", "jwt-audience", "access-option"}) {
    ConfigSources sources = complete();
    sources.flags.erase(name);
    EXPECT_NE(refusal(sources).find("missing required setting: --" + std::string(name)),
              std::string::npos)
        << refusal(sources);
  }
  ConfigSources sources = complete();
  sources.flags.erase("jwks");
  sources.flags.erase("data-dir");
  EXPECT_NE(refusal(sources).find("missing required settings: --data-dir, --jwks"),
            std::string::npos);
}

TEST_F(Config, AccessOptionHasNoDefault) {
  for (const Setting& setting : run_settings()) {
    if (setting.name != "access-option") continue;
    EXPECT_TRUE(setting.required);
    EXPECT_TRUE(setting.default_text.empty());
  }
}

TEST_F(Config, SaysWhereAWrongValueStands) {
  ConfigSources sources = complete();
  sources.config_file = file("retention = soon\n");
  EXPECT_TRUE(refusal(sources).starts_with("retention in the config file: 'soon'"))
      << refusal(sources);
  sources.environment["SATINDEX_RETENTION"] = "later";
  EXPECT_TRUE(refusal(sources).starts_with("SATINDEX_RETENTION: 'later'")) << refusal(sources);
  sources.flags["retention"] = {"never"};
  EXPECT_TRUE(refusal(sources).starts_with("--retention: 'never'")) << refusal(sources);
}

TEST_F(Config, RefusesWrongValues) {
  const std::pair<const char*, const char*> wrong[] = {
      {"access-option", "b"},  {"access-history", "former"}, {"http-listen", "8080"},
      {"retention", "0s"},     {"memory-budget", "1MiB"},    {"ownership-max-staleness", "0s"},
      {"log-format", "xml"},   {"events-topic", "a b"},      {"others-hide", "userId"},
      {"kafka-property", "a"}, {"jwt-issuer", ""},           {"unreadable-ownership", "no"},
      {"http-threads", "0"},   {"http-threads", "257"},      {"http-threads", "two"}};
  for (const auto& [name, value] : wrong) {
    ConfigSources sources = complete();
    sources.flags[name] = {value};
    EXPECT_TRUE(refusal(sources).starts_with("--" + std::string(name) + ": ")) << refusal(sources);
  }
}

TEST_F(Config, HidesExactlyTheNamedFields) {
  ConfigSources sources = complete();
  sources.flags["others-hide"] = {"responseCode,requestId"};
  const RunSettings s = *resolve_config(sources);
  EXPECT_TRUE(s.access.hide_request_id);
  EXPECT_FALSE(s.access.hide_command_variant);
  EXPECT_TRUE(s.access.hide_response_code);
}

TEST_F(Config, UnknownVariablesAreWarningsWithTheNearest) {
  const auto warnings = unknown_variables({{"SATINDEX_DATADIR", "/x"},
                                           {"SATINDEX_DATA_DIR", "/x"},
                                           {"SATINDEX_CONFIG", "/x"},
                                           {"SATINDEX_SERVICE_HOST", "10.0.0.1"},
                                           {"PATH", "/bin"}});
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("SATINDEX_DATADIR is not a setting; the nearest is SATINDEX_DATA_DIR"),
            std::string::npos);
  EXPECT_NE(warnings[1].find("SATINDEX_SERVICE_HOST"), std::string::npos);
}

TEST_F(Config, ConsistencyOfTlsTopicsRolesAndTypes) {
  RunSettings good = *resolve_config(complete());
  EXPECT_TRUE(check_consistency(good));
  RunSettings s = good;
  s.tls_cert = "c";
  EXPECT_EQ(check_consistency(s).error().message, "--tls-cert needs --tls-key");
  s = good;
  s.tls_client_ca = "c";
  EXPECT_FALSE(check_consistency(s));
  s = good;
  s.ops_listen = s.http_listen = {"127.0.0.1", 8080};
  EXPECT_NE(check_consistency(s).error().message.find("--ops-listen"), std::string::npos);
  s.ops_listen = s.http_listen = {"127.0.0.1", 0};  // two ports, whichever are free
  EXPECT_TRUE(check_consistency(s));
  s = good;
  s.access_topic = s.events_topic;
  EXPECT_FALSE(check_consistency(s));
  s = good;
  s.access.cross_user_types = {"DEVICE_ALERT"};
  EXPECT_FALSE(check_consistency(s)) << "alerts can never be added";
  s = good;
  s.access.network_operator_roles = {"IS"};
  EXPECT_FALSE(check_consistency(s)) << "a role in both classes";
}

TEST_F(Config, FilesMustBeThere) {
  RunSettings s = *resolve_config(complete());
  s.jwks = (directory_ / "absent.json").string();
  EXPECT_TRUE(check_files(s).error().message.starts_with("--jwks: "));
  s.jwks = "https://issuer/jwks.json";
  EXPECT_TRUE(check_files(s)) << "a URL is not a file";
}

}  // namespace
}  // namespace satindex::app
