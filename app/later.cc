// Commands that this version does not have yet. They say so and fail: nothing here pretends.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/commands.h"

namespace satindex::app {
namespace {

void add_absent(CLI::App& root, Action* action, const std::string& name) {
  root.add_subcommand(name, "not in this version")->callback([action, name] {
    *action = [name] {
      std::fprintf(stderr, "satindex: '%s' is not in this version\n", name.c_str());
      return kExitFailure;
    };
  });
}

}  // namespace

void add_verify(CLI::App& root, Action* action) { add_absent(root, action, "verify"); }

}  // namespace satindex::app
