#include "app/config.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "app/nearest.h"

namespace satindex::app {

using schemas::config_error;
using schemas::Result;

namespace {

constexpr std::string_view kPrefix = "SATINDEX_";
constexpr std::string_view kConfigName = "config";

std::vector<std::string> environment_names() {
  std::vector<std::string> names = {environment_name(kConfigName)};
  for (const Setting& setting : run_settings()) names.push_back(environment_name(setting.name));
  return names;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    if (const std::string_view part = trim(text.substr(at, end - at)); !part.empty()) {
      parts.emplace_back(part);
    }
    at = end + 1;
  }
  return parts;
}

RawValues environment_values(const std::map<std::string, std::string>& environment) {
  RawValues values;
  for (const Setting& setting : run_settings()) {
    const auto found = environment.find(environment_name(setting.name));
    if (found == environment.end()) continue;
    values[std::string(setting.name)] = setting.kind == SettingKind::kProperty
                                            ? split(found->second, ';')
                                            : std::vector{found->second};
  }
  return values;
}

// One of the places settings come from, and what it is called in an error.
struct Layer {
  const RawValues* values;
  std::string (*where)(std::string_view name);
};

std::string flag_place(std::string_view name) { return "--" + std::string(name); }
std::string file_place(std::string_view name) { return std::string(name) + " in the config file"; }

Result<void> read_one(const Setting& setting, std::string_view text, std::string_view place,
                      RunSettings& settings) {
  if (auto read = setting.read(text, settings); !read) {
    return config_error(std::string(place) + ": " + read.error().message);
  }
  return {};
}

// `layers` by falling precedence. True when the setting was given anywhere.
Result<bool> apply_layers(const Setting& setting, const std::vector<Layer>& layers,
                          RunSettings& settings) {
  bool given = false;
  // Weakest first: properties of the stronger layers replace theirs one by one; of a value only the
  // strongest is read.
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    const auto found = layer->values->find(setting.name);
    if (found == layer->values->end()) continue;
    const bool overruled = setting.kind != SettingKind::kProperty &&
                           std::any_of(layer + 1, layers.rend(), [&](const Layer& l) {
                             return l.values->contains(setting.name);
                           });
    if (overruled) continue;
    for (const std::string& text : found->second) {
      if (auto read = read_one(setting, text, layer->where(setting.name), settings); !read) {
        return read.error();
      }
    }
    given = true;
  }
  return given;
}

std::string missing_text(const std::vector<const Setting*>& missing) {
  std::string text = "missing required setting";
  text += missing.size() > 1 ? "s: " : ": ";
  for (size_t i = 0; i < missing.size(); ++i) {
    const std::string name(missing[i]->name);
    text += (i > 0 ? ", --" : "--") + name;
  }
  const std::string first(missing.front()->name);
  return text + " (or for instance " + environment_name(first) + ", or " + first +
         " = ... in the config file)";
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad()) return config_error("config file " + path + " cannot be read");
  return text.str();
}

}  // namespace

std::vector<std::string> unknown_variables(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> warnings;
  const std::vector<std::string> known = environment_names();
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || std::ranges::find(known, name) != known.end()) continue;
    warnings.push_back("environment variable " + name + " is not a setting; the nearest is " +
                       std::string(nearest(name, known)));
  }
  return warnings;
}

Result<RunSettings> resolve_config(const ConfigSources& sources) {
  std::string path = sources.config_file;
  if (path.empty()) {
    const auto found = sources.environment.find(environment_name(kConfigName));
    if (found != sources.environment.end()) path = found->second;
  }
  RawValues file;
  if (!path.empty()) {
    auto text = read_file(path);
    if (!text) return text.error();
    auto values = parse_config_text(*text, path);
    if (!values) return values.error();
    file = std::move(*values);
  }
  const RawValues environment = environment_values(sources.environment);

  const std::vector<Layer> layers = {
      {&sources.flags, flag_place}, {&environment, environment_name}, {&file, file_place}};
  RunSettings settings;
  std::vector<const Setting*> missing;
  for (const Setting& setting : run_settings()) {
    if (!setting.default_text.empty()) {
      const auto read = setting.read(setting.default_text, settings);
      SATINDEX_INVARIANT(read.has_value(), "a default of the table reads like any other value");
    }
    auto given = apply_layers(setting, layers, settings);
    if (!given) return given.error();
    if (setting.required && !*given) missing.push_back(&setting);
  }
  if (!missing.empty()) return config_error(missing_text(missing));
  return settings;
}

Result<void> check_consistency(const RunSettings& s) {
  if (s.tls_cert.empty() != s.tls_key.empty()) {
    return config_error(s.tls_cert.empty() ? "--tls-key needs --tls-cert"
                                           : "--tls-cert needs --tls-key");
  }
  if (!s.tls_client_ca.empty() && s.tls_cert.empty()) {
    return config_error("--tls-client-ca needs --tls-cert and --tls-key");
  }
  if (s.http_listen == s.ops_listen && s.http_listen.port != 0) {
    return config_error("--ops-listen: " + s.ops_listen.to_string() +
                        " is where --http-listen listens");
  }
  const std::string* const topics[] = {&s.events_topic, &s.ownership_topic, &s.dead_letter_topic,
                                       &s.access_topic};
  for (const auto* a : topics) {
    for (const auto* b : topics) {
      if (a != b && *a == *b) return config_error("topic " + *a + " is given two meanings");
    }
  }
  if (auto policy = trail::AccessPolicy::create(s.access); !policy) return policy.error();
  return {};
}

Result<void> check_files(const RunSettings& s) {
  // Better refused than read as if they were not there: every record of the other shape would become a dead letter.
  if (!s.event_mapping.empty() || !s.ownership_mapping.empty()) {
    return config_error(
        std::string(s.event_mapping.empty() ? "--ownership-mapping" : "--event-mapping") +
        ": records of another shape are not read in this version");
  }
  const std::pair<std::string_view, const std::string*> files[] = {
      {"tls-cert", &s.tls_cert},
      {"tls-key", &s.tls_key},
      {"tls-client-ca", &s.tls_client_ca},
      {"cursor-key", &s.cursor_key},
      {"jwks", &s.jwks}};
  for (const auto& [name, path] : files) {
    if (path->empty() || path->find("://") != std::string::npos) continue;
    if (::access(path->c_str(), R_OK) != 0) {
      return config_error("--" + std::string(name) + ": " + *path + " cannot be read");
    }
  }
  return {};
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace satindex::app
