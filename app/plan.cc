// `satindex plan`: how large a deployment must be, from its load and the figures measured for this
// release.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/capacity.h"
#include "app/cli_values.h"
#include "app/commands.h"
#include "app/values.h"

namespace satindex::app {

void add_plan(CLI::App& root, Action* action) {
  CLI::App* command =
      root.add_subcommand("plan", "capacity plan: disk, memory, cores and time to catch up");
  auto load = std::make_shared<Load>();
  add_value(*command, "--events-per-year", load->events_per_year, parse_count, "[20000000000]");
  add_value(*command, "--devices", load->devices, parse_count, "[80000000]");
  add_value(*command, "--retention", load->retention_ns, parse_duration_ns,
            "how long events are kept [7y]");
  add_value(*command, "--burst", load->burst_factor, parse_count,
            "busiest second over the mean one [20]");
  add_value(*command, "--replicas", load->replicas, parse_count,
            "independent copies of the index [2]");
  add_value(*command, "--log-bytes", load->log_bytes_per_event, parse_size,
            "one event in Kafka, uncompressed [530]");
  command->callback([action, load] {
    *action = [load] {
      std::fputs(capacity_report(*load).c_str(), stdout);
      return kExitClean;
    };
  });
}

}  // namespace satindex::app
