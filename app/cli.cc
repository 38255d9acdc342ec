#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/nearest.h"

namespace satindex::app {
namespace {

int usage_error(const std::string& message) {
  std::fprintf(stderr, "satindex: %s\n", message.c_str());
  return kExitConfig;
}

std::vector<std::string> flag_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string unknown_flag(const CLI::App& command, const std::string& given) {
  const std::string flag = given.substr(0, given.find('='));
  std::string message = "unknown flag " + flag + " of '" + command.get_name() + "'";
  const std::string_view near = nearest(flag, flag_names(command));
  if (!near.empty()) message += "; did you mean " + std::string(near) + "?";
  return message;
}

std::string unknown_command(const CLI::App& root, const std::string& given) {
  std::vector<std::string> names;
  for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return "no command '" + given + "'; did you mean '" + std::string(nearest(given, names)) + "'?";
}

// What was left over belongs to nobody: say what was probably meant.
std::string leftover_message(const CLI::App& root) {
  const auto called = root.get_subcommands();
  const CLI::App& command = called.empty() ? root : *called.front();
  const std::vector<std::string> left = command.remaining(true);
  for (const std::string& item : left) {
    if (item.starts_with("-")) return unknown_flag(command, item);
  }
  if (called.empty()) return unknown_command(root, left.front());
  return "unexpected argument '" + left.front() + "' of '" + command.get_name() + "'";
}

int parse_and_act(int argc, char** argv) {
  CLI::App root{
      "satindex: shows each User of the smart-metering network the Service Audit Trail it may "
      "see.\n"
      "`satindex COMMAND --help` says more.",
      "satindex"};
  Action action;
  for (auto* add : {add_run, add_demo, add_backfill, add_verify, add_checkpoint, add_restore,
                    add_validate, add_dead_letters, add_plan, add_gen, add_token, add_version}) {
    add(root, &action);
  }
  root.set_version_flag("--version", SATINDEX_VERSION);
  root.require_subcommand(0, 1);
  root.allow_extras();
  for (CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    command->allow_extras();
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return root.exit(success);
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  if (root.remaining_size(true) > 0) return usage_error(leftover_message(root));
  if (!action) {
    std::fputs(root.help().c_str(), stderr);
    return kExitConfig;
  }
  return action();
}

}  // namespace

int run_command_line(int argc, char** argv) {
  try {
    return parse_and_act(argc, argv);
  } catch (
      const std::exception& error) {  // third parties at start-up: out of memory, a broken locale
    std::fprintf(stderr, "satindex: %s\n", error.what());
    return kExitFailure;
  }
}

}  // namespace satindex::app
