// Commands that this version does not have yet. They say so and fail: nothing here pretends.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/commands.h"
#include "app/gen_kafka.h"

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

void add_run(CLI::App& root, Action* action) { add_absent(root, action, "run"); }
void add_demo(CLI::App& root, Action* action) { add_absent(root, action, "demo"); }
void add_backfill(CLI::App& root, Action* action) { add_absent(root, action, "backfill"); }
void add_verify(CLI::App& root, Action* action) { add_absent(root, action, "verify"); }
void add_checkpoint(CLI::App& root, Action* action) { add_absent(root, action, "checkpoint"); }
void add_restore(CLI::App& root, Action* action) { add_absent(root, action, "restore"); }
void add_dead_letters(CLI::App& root, Action* action) { add_absent(root, action, "dead-letters"); }

void add_kafka_flags(CLI::App&, GenKafkaFlags&) {}
int generate_to_kafka(const GenKafkaFlags&, const Population&, const TrafficOptions&, uint64_t,
                      bool) {
  std::fputs("satindex: gen into Kafka is not in this version\n", stderr);
  return kExitFailure;
}

}  // namespace satindex::app
