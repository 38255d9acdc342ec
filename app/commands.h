// The subcommands. Each adds itself to the command line with its flags and leaves, when it is the
// one called, what to do in *action: the exit code of CONTRACT 4. Exceptions of the command line
// library stay in cli.cc.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace satindex::app {

inline constexpr int kExitClean = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitConfig = 78;

using Action = std::function<int()>;

void add_run(CLI::App& root, Action* action);
void add_demo(CLI::App& root, Action* action);
void add_backfill(CLI::App& root, Action* action);
void add_verify(CLI::App& root, Action* action);
void add_checkpoint(CLI::App& root, Action* action);
void add_restore(CLI::App& root, Action* action);
void add_validate(CLI::App& root, Action* action);
void add_dead_letters(CLI::App& root, Action* action);
void add_plan(CLI::App& root, Action* action);
void add_gen(CLI::App& root, Action* action);
void add_token(CLI::App& root, Action* action);
void add_version(CLI::App& root, Action* action);

// Parses and acts; the exit code.
int run_command_line(int argc, char** argv);

}  // namespace satindex::app
