// RunSettings: what `run` and `validate` are told, and the one table that says how each setting is
// named, explained, defaulted and read. Flags, environment variables, keys of the config file,
// --help and the table in docs/operations.md all come from it. Values and constants.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/log.h"
#include "app/values.h"
#include "query/trail/policy.h"
#include "schemas/status.h"

namespace satindex::app {

struct RunSettings {
  std::string kafka_brokers;
  std::map<std::string, std::string> kafka_properties;
  std::string events_topic;
  std::string ownership_topic;
  std::string dead_letter_topic;
  std::string access_topic;

  std::string data_dir;
  int64_t retention_ns = 0;          // 0: unlimited
  uint64_t memory_budget_bytes = 0;  // 0: of the machine or its cgroup

  HostPort http_listen;
  int http_threads = 0;  // 0: by the number of cores
  HostPort ops_listen;
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
  std::string jwks;
  std::string jwt_issuer;
  std::string jwt_audience;
  std::string cursor_key;  // a file; empty: the one made in data_dir

  trail::AccessRules access;
  int64_t ownership_max_staleness_ns = 0;
  bool accept_clock = false;

  std::string event_mapping;
  std::string ownership_mapping;
  LogFormat log_format = LogFormat::kJson;
};

enum class SettingKind : uint8_t {
  kValue,     // once; of several sources the first in precedence
  kProperty,  // k=v, repeatable; sources are joined property by property
  kSwitch,    // a flag without value; true or false elsewhere
};

struct Setting {
  std::string_view group;
  std::string_view
      name;  // "kafka-brokers": --kafka-brokers, SATINDEX_KAFKA_BROKERS, kafka-brokers = ...
  std::string_view placeholder;   // what --help shows for the value
  std::string_view default_text;  // read like any other value; empty: none
  bool required = false;
  SettingKind kind = SettingKind::kValue;
  std::string_view help;
  schemas::Result<void> (*read)(std::string_view text, RunSettings& settings);
};

// In the order of --help.
std::span<const Setting> run_settings();
// SATINDEX_KAFKA_BROKERS
std::string environment_name(std::string_view setting_name);

}  // namespace satindex::app
