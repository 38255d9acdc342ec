#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/commands.h"

namespace satindex::app {

void add_version(CLI::App& root, Action* action) {
  root.add_subcommand("version", "say which release this is")->callback([action] {
    *action = [] {
      std::puts("satindex " SATINDEX_VERSION);
      return kExitClean;
    };
  });
}

}  // namespace satindex::app
