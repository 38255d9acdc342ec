#include "app/run_flags.h"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace satindex::app {

using schemas::config_error;
using schemas::Result;

namespace {

// One setting as --help shows it: the flag, then indented what it does, its default and whether it
// must be given.
std::string help_of(const Setting& setting) {
  std::string text = "  --" + std::string(setting.name);
  if (!setting.placeholder.empty()) text += " " + std::string(setting.placeholder);
  if (setting.required) text += "  (required)";
  text += "\n      " + std::string(setting.help);
  if (setting.kind == SettingKind::kValue && !setting.default_text.empty()) {
    text += " [" + std::string(setting.default_text) + "]";
  }
  return text + "\n";
}

std::string help_of_all() {
  std::string text =
      "  --config FILE\n      lines of `key = value`, the keys being the flags without --\n"
      "\nEvery flag can also be given in the environment (--data-dir as SATINDEX_DATA_DIR) or in "
      "the\n"
      "config file (data-dir = ...). A flag overrules the environment, and that the file.\n";
  std::string_view group;
  for (const Setting& setting : run_settings()) {
    if (setting.group != group) text += "\n" + std::string(setting.group) + ":\n";
    group = setting.group;
    text += help_of(setting);
  }
  return text + "\nExit codes: 0 stopped cleanly, 78 the configuration is wrong, 1 anything else.";
}

schemas::Status failed(schemas::Status status) {
  std::fprintf(stderr, "satindex: %s\n", status.message.c_str());
  return status;
}

}  // namespace

void RunFlags::add_to(CLI::App& command) {
  // Group "" hides an option from CLI11's own help: the footer explains them better, by group and
  // with defaults.
  command.add_option("--config", config_file_)->group("");
  for (const Setting& setting : run_settings()) {
    const std::string flag = "--" + std::string(setting.name);
    if (setting.kind == SettingKind::kSwitch) {
      switches_.emplace_back(&setting, false);
      command.add_flag(flag, switches_.back().second)->group("");
      continue;
    }
    values_.emplace_back(&setting, std::vector<std::string>{});
    command.add_option(flag, values_.back().second)
        ->group("")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  command.footer(help_of_all());
}

Result<RunSettings> RunFlags::resolve() const {
  ConfigSources sources;
  sources.config_file = config_file_;
  sources.environment = process_environment();
  for (const auto& [setting, given] : values_) {
    if (given.empty()) continue;
    // A repeated --kafka-property adds; of the others a second one would silently win or lose.
    if (given.size() > 1 && setting->kind != SettingKind::kProperty) {
      return failed(config_error("--" + std::string(setting->name) + " is given twice"));
    }
    sources.flags[std::string(setting->name)] = given;
  }
  for (const auto& [setting, given] : switches_) {
    if (given) sources.flags[std::string(setting->name)] = {"true"};
  }
  // Before any error: a misspelt variable is often the reason for one.
  for (const std::string& warning : unknown_variables(sources.environment)) {
    std::fprintf(stderr, "satindex: warning: %s\n", warning.c_str());
  }
  auto settings = resolve_config(sources);
  if (!settings) return failed(settings.error());
  if (auto checked = check_consistency(*settings); !checked) return failed(checked.error());
  if (auto checked = check_files(*settings); !checked) return failed(checked.error());
  return settings;
}

}  // namespace satindex::app
