// `satindex validate`: what `run` would say about this configuration, without running.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/commands.h"
#include "app/run_flags.h"

namespace satindex::app {

void add_validate(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand(
      "validate", "check the configuration of `run`, and that what it names can be reached");
  auto flags = std::make_shared<RunFlags>();
  flags->add_to(*command);
  command->callback([action, flags] {
    *action = [flags] {
      auto settings = flags->resolve();
      if (!settings) return kExitConfig;
      std::puts("the configuration is right");
      return kExitClean;
    };
  });
}

}  // namespace satindex::app
