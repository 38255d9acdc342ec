// Puts RunSettings together from flags, environment and a config file, in that order of precedence
// (CONTRACT 4). Pure but for reading the one file; errors are kConfig and name the setting and
// where it was given.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/settings.h"
#include "schemas/status.h"

namespace satindex::app {

// Raw values by setting name, in the order given (several only for kProperty).
using RawValues = std::map<std::string, std::vector<std::string>, std::less<>>;

struct ConfigSources {
  RawValues flags;
  std::map<std::string, std::string> environment;  // every variable of the process
  std::string config_file;                         // --config; empty: SATINDEX_CONFIG, else none
};

schemas::Result<RunSettings> resolve_config(const ConfigSources& sources);

// `key = value`, one a line; # begins a comment; values may be quoted, lists may be written ["a",
// "b"]. A key twice, an unknown key (the nearest is suggested) and a line of another shape are
// errors, with their line. `name` is for the message.
schemas::Result<RawValues> parse_config_text(std::string_view text, std::string_view name);

// What no single setting shows: files that go together, roles in two classes, types that can never
// be shown.
schemas::Result<void> check_consistency(const RunSettings& settings);
// Files that must be there and readable.
schemas::Result<void> check_files(const RunSettings& settings);

// One for each SATINDEX_ variable that is no setting, with the nearest that is. A cluster sets some
// of its own accord, so these are never errors.
std::vector<std::string> unknown_variables(const std::map<std::string, std::string>& environment);

std::map<std::string, std::string> process_environment();

}  // namespace satindex::app
