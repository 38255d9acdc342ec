#include "app/settings.h"

#include <algorithm>

namespace satindex::app {

using schemas::config_error;
using schemas::Result;

namespace {

// Readers of one member each; the member is a template argument so that the table below stays a
// table.
template <auto Member>
Result<void> read_text(std::string_view text, RunSettings& s) {
  if (text.empty()) return config_error("must not be empty");
  s.*Member = std::string(text);
  return {};
}

template <auto Member>
Result<void> read_topic(std::string_view text, RunSettings& s) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (text.empty() || text.size() > 249 || !std::all_of(text.begin(), text.end(), legal)) {
    return config_error("'" + std::string(text) + "' is not a topic name");
  }
  return read_text<Member>(text, s);
}

template <auto Member>
Result<void> read_listen(std::string_view text, RunSettings& s) {
  auto value = parse_host_port(text);
  if (!value) return value.error();
  s.*Member = *value;
  return {};
}

template <auto Member>
Result<void> read_switch(std::string_view text, RunSettings& s) {
  auto value = parse_switch(text);
  if (!value) return value.error();
  s.*Member = *value;
  return {};
}

template <auto Member>
Result<void> read_list(std::string_view text, RunSettings& s) {
  auto value = parse_list(text);
  if (!value) return value.error();
  s.access.*Member = std::move(*value);
  return {};
}

Result<void> read_property(std::string_view text, RunSettings& s) {
  const size_t equals = text.find('=');
  const std::string_view key = trim(text.substr(0, equals));
  if (equals == std::string_view::npos || key.empty()) {
    return config_error("'" + std::string(key) + "' is not name=value");
  }
  s.kafka_properties.insert_or_assign(std::string(key), std::string(text.substr(equals + 1)));
  return {};
}

Result<void> read_option(std::string_view text, RunSettings& s) {
  using trail::AccessOption;
  auto value = parse_choice<AccessOption>(
      text, {{"none", AccessOption::kNone}, {"A", AccessOption::kA}, {"B", AccessOption::kB}});
  if (!value) return value.error();
  s.access.option = *value;
  return {};
}

Result<void> read_history(std::string_view text, RunSettings& s) {
  using trail::AccessHistory;
  auto value = parse_choice<AccessHistory>(text, {{"current", AccessHistory::kCurrent},
                                                  {"tenure", AccessHistory::kTenure},
                                                  {"tenure-former", AccessHistory::kTenureFormer}});
  if (!value) return value.error();
  s.access.history = *value;
  return {};
}

Result<void> read_others_hide(std::string_view text, RunSettings& s) {
  auto fields = parse_list(text);
  if (!fields) return fields.error();
  s.access.hide_request_id = s.access.hide_command_variant = s.access.hide_response_code = false;
  for (const std::string& field : *fields) {
    auto hide = parse_choice<bool trail::AccessRules::*>(
        field, {{"requestId", &trail::AccessRules::hide_request_id},
                {"commandVariant", &trail::AccessRules::hide_command_variant},
                {"responseCode", &trail::AccessRules::hide_response_code}});
    if (!hide) return hide.error();
    s.access.*(*hide) = true;
  }
  return {};
}

Result<void> read_staleness(std::string_view text, RunSettings& s) {
  auto value = parse_duration_ns(text);
  if (!value) return value.error();
  if (*value == 0) return config_error("'" + std::string(text) + "' is not above zero");
  s.ownership_max_staleness_ns = *value;
  return {};
}

Result<void> read_unreadable(std::string_view text, RunSettings& s) {
  auto value = parse_choice<bool>(text, {{"withhold", false}, {"ignore", true}});
  if (!value) return value.error();
  s.access.ignore_unreadable = *value;
  return {};
}

Result<void> read_retention(std::string_view text, RunSettings& s) {
  if (text == "unlimited") {
    s.retention_ns = 0;
    return {};
  }
  auto value = parse_duration_ns(text);
  if (!value) return value.error();
  if (*value == 0) return config_error("'" + std::string(text) + "' would hide everything");
  s.retention_ns = *value;
  return {};
}

Result<void> read_memory(std::string_view text, RunSettings& s) {
  if (text == "auto") {
    s.memory_budget_bytes = 0;
    return {};
  }
  auto value = parse_size(text);
  if (!value) return value.error();
  // Below this the queues towards Kafka are too small to keep up (facts: 5 k / 8 MiB ran 80 times
  // slower).
  constexpr uint64_t kFloor = 128ull << 20;
  if (*value < kFloor) return config_error("'" + std::string(text) + "' is below 128MiB");
  s.memory_budget_bytes = *value;
  return {};
}

Result<void> read_threads(std::string_view text, RunSettings& s) {
  if (text == "auto") {
    s.http_threads = 0;
    return {};
  }
  constexpr uint64_t kMost = 256;
  const auto value = parse_count(text);
  if (!value || *value == 0 || *value > kMost) {
    return config_error("'" + std::string(text) + "' is not auto or 1 to 256");
  }
  s.http_threads = static_cast<int>(*value);
  return {};
}

Result<void> read_log_format(std::string_view text, RunSettings& s) {
  auto value =
      parse_choice<LogFormat>(text, {{"json", LogFormat::kJson}, {"text", LogFormat::kText}});
  if (!value) return value.error();
  s.log_format = *value;
  return {};
}

constexpr bool kRequired = true;
constexpr bool kOptional = false;
using S = RunSettings;
using R = trail::AccessRules;
using enum SettingKind;

// group, name, placeholder, default, required, kind, help, reader
constexpr Setting kSettings[] = {
    {"Kafka", "kafka-brokers", "HOST:PORT,...", "", kRequired, kValue, "where to find the cluster",
     read_text<&S::kafka_brokers>},
    {"Kafka", "kafka-property", "NAME=VALUE", "", kOptional, kProperty,
     "passed to librdkafka (TLS, SASL); repeatable, in the environment separated by ';'",
     read_property},
    {"Kafka", "events-topic", "TOPIC", "sat.events", kOptional, kValue,
     "Service Audit Trail events", read_topic<&S::events_topic>},
    {"Kafka", "ownership-topic", "TOPIC", "dm.ownership", kOptional, kValue,
     "who holds what on which device, from Data Management; never compacted",
     read_topic<&S::ownership_topic>},
    {"Kafka", "dead-letter-topic", "TOPIC", "sat.dead-letter", kOptional, kValue,
     "references to unreadable records", read_topic<&S::dead_letter_topic>},
    {"Kafka", "access-topic", "TOPIC", "sat.access", kOptional, kValue,
     "who was shown what belongs to others", read_topic<&S::access_topic>},

    {"Storage", "data-dir", "DIRECTORY", "", kRequired, kValue, "the index; one process at a time",
     read_text<&S::data_dir>},
    {"Storage", "retention", "DURATION", "unlimited", kOptional, kValue,
     "events older than this are hidden at once, and their space follows", read_retention},
    {"Storage", "memory-budget", "SIZE", "auto", kOptional, kValue,
     "for caches, write buffers and queues; auto: three quarters of the cgroup's limit",
     read_memory},

    {"Serving", "http-listen", "HOST:PORT", "127.0.0.1:8080", kOptional, kValue,
     "the audit trail: API and screen", read_listen<&S::http_listen>},
    {"Serving", "http-threads", "N", "auto", kOptional, kValue,
     "threads that answer; auto: two a core, for a page may wait for the disk", read_threads},
    {"Serving", "ops-listen", "HOST:PORT", "127.0.0.1:9090", kOptional, kValue,
     "/livez, /readyz and /metrics; keep it away from callers", read_listen<&S::ops_listen>},
    {"Serving", "tls-cert", "FILE", "", kOptional, kValue,
     "certificate chain (PEM) of the first listener; with --tls-key", read_text<&S::tls_cert>},
    {"Serving", "tls-key", "FILE", "", kOptional, kValue, "its private key (PEM)",
     read_text<&S::tls_key>},
    {"Serving", "tls-client-ca", "FILE", "", kOptional, kValue,
     "demand client certificates signed by one of these", read_text<&S::tls_client_ca>},
    {"Serving", "cursor-key", "FILE", "", kOptional, kValue,
     "seals cursors; the same on replicas that share callers; made in --data-dir when absent",
     read_text<&S::cursor_key>},

    {"Credentials", "jwks", "FILE|URL", "", kRequired, kValue, "keys that tokens are verified with",
     read_text<&S::jwks>},
    {"Credentials", "jwt-issuer", "TEXT", "", kRequired, kValue, "the only iss accepted",
     read_text<&S::jwt_issuer>},
    {"Credentials", "jwt-audience", "TEXT", "", kRequired, kValue, "must be among a token's aud",
     read_text<&S::jwt_audience>},

    {"Access", "access-option", "none|A|B", "", kRequired, kValue,
     "none: own events only; A: suppliers see all requests to their devices; B: network operators "
     "too",
     read_option},
    {"Access", "access-history", "current|tenure|tenure-former", "current", kOptional, kValue,
     "how far back a holder sees: everything, its own tenure, or its tenure even afterwards",
     read_history},
    {"Access", "cross-user-types", "TYPE,...",
     "SERVICE_REQUEST,SIGNED_PRE_COMMAND,SERVICE_RESPONSE", kOptional, kValue,
     "event types of others that are shown; ACKNOWLEDGEMENT and PRE_COMMAND may join",
     read_list<&R::cross_user_types>},
    {"Access", "others-hide", "FIELD,...", "", kOptional, kValue,
     "left out of others' rows: requestId, commandVariant, responseCode", read_others_hide},
    {"Access", "supplier-roles", "ROLE,...", "IS,ES,GS", kOptional, kValue,
     "roles of the supplier class", read_list<&R::supplier_roles>},
    {"Access", "network-operator-roles", "ROLE,...", "ED,GT", kOptional, kValue,
     "roles of the network operator class", read_list<&R::network_operator_roles>},
    {"Access", "ownership-max-staleness", "DURATION", "60s", kOptional, kValue,
     "what belongs to others is withheld once ownership is not known to be this current",
     read_staleness},
    {"Access", "unreadable-ownership", "withhold|ignore", "withhold", kOptional, kValue,
     "what an unreadable ownership record does to its device", read_unreadable},
    {"Access", "accept-clock", "", "false", kOptional, kSwitch,
     "start anew from the present although the clock was ahead before; logged and counted",
     read_switch<&S::accept_clock>},

    {"Records", "event-mapping", "FILE", "", kOptional, kValue,
     "how to read events of another shape (refused: not in this version)",
     read_text<&S::event_mapping>},
    {"Records", "ownership-mapping", "FILE", "", kOptional, kValue,
     "how to read ownership of another shape (refused: not in this version)",
     read_text<&S::ownership_mapping>},

    {"Process", "log-format", "json|text", "json", kOptional, kValue, "the log, on stderr",
     read_log_format},
};

}  // namespace

std::span<const Setting> run_settings() { return kSettings; }

std::string environment_name(std::string_view setting_name) {
  std::string name = "SATINDEX_";
  for (const char c : setting_name) {
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

}  // namespace satindex::app
