// `satindex gen`: seeded traffic, the ownership it needs, and query targets for load tools.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/cli_values.h"
#include "app/commands.h"
#include "app/gen_kafka.h"
#include "app/output.h"
#include "app/population.h"
#include "app/traffic.h"
#include "app/values.h"

namespace satindex::app {
namespace {

enum class Targets : uint8_t { kNone, kVegeta, kK6 };

struct GenFlags {
  uint64_t events = 1'000'000;
  uint64_t devices = 0;  // 0: by density
  bool ownership = false;
  Targets targets = Targets::kNone;
  uint64_t target_count = 100'000;
  std::string base_url = "http://127.0.0.1:8080";
  std::string token;
  TrafficOptions traffic;
  GenKafkaFlags kafka;
};

// Three million devices are what one partition of a national deployment sees in a batch; 100,000
// what one machine tests with.
uint64_t default_devices(Density density) {
  return density == Density::kNational ? 3'000'000 : 100'000;
}

int finish(Output& output) {
  output.flush();
  if (output.ok()) return kExitClean;
  std::fputs("satindex: standard output could not be written\n", stderr);
  return kExitFailure;
}

int write_targets(const GenFlags& flags, const Population& population) {
  Traffic traffic(population, flags.traffic);
  Output output;
  for (uint64_t i = 0; i < flags.target_count && output.ok(); ++i) {
    const std::string url = flags.base_url + "/v1/devices/" +
                            population.device(traffic.pick_device()).id.eui.to_string() +
                            "/audit-trail";
    if (flags.targets == Targets::kK6) {  // one JSON object a line
      output.buffer() += R"({"method":"GET","url":")" + url + "\"}";
    } else {
      output.buffer() += "GET " + url;
      if (!flags.token.empty()) output.buffer() += "\nAuthorization: Bearer " + flags.token;
      output.buffer() += '\n';  // vegeta wants a blank line between targets
    }
    output.line_done();
  }
  return finish(output);
}

int write_stdout(const GenFlags& flags, const Population& population) {
  Output output;
  if (flags.ownership) {
    for (uint64_t i = 0; i < population.devices() && output.ok(); ++i) {
      const GeneratedDevice device = population.device(i);
      output.line(supplier_interval_json(population, device));
      output.line(network_interval_json(population, device));
    }
    return finish(output);
  }
  Traffic traffic(population, flags.traffic);
  for (uint64_t i = 0; i < flags.events && output.ok(); ++i) {
    traffic.next();
    traffic.append_json(output.buffer());
    output.line_done();
  }
  return finish(output);
}

int generate(GenFlags flags) {
  if (flags.devices == 0) flags.devices = default_devices(flags.traffic.density);
  const Population population(flags.traffic.seed, flags.devices, flags.traffic.unknown_role);
  if (flags.targets != Targets::kNone) return write_targets(flags, population);
  if (!flags.kafka.brokers.empty()) {
    return generate_to_kafka(flags.kafka, population, flags.traffic, flags.events, flags.ownership);
  }
  return write_stdout(flags, population);
}

schemas::Result<uint64_t> read_positive(std::string_view text) {
  auto number = parse_count(text);
  if (number && (*number == 0 || *number > 1ull << 40)) {
    return schemas::config_error("'" + std::string(text) + "' is not between 1 and 2^40");
  }
  return number;
}

schemas::Result<int64_t> read_start(std::string_view text) {
  const auto time = schemas::WrittenTime::parse(text);
  const auto ns = time ? time->event_ns() : std::nullopt;
  if (!ns)
    return schemas::config_error("'" + std::string(text) +
                                 "' is not a time such as 2026-01-01T00:00:00Z");
  return *ns;
}

void add_traffic_flags(CLI::App& command, GenFlags& flags) {
  const auto density = [](std::string_view text) {
    return parse_choice<Density>(text,
                                 {{"dense", Density::kDense}, {"national", Density::kNational}});
  };
  add_value(command, "--events", flags.events, read_positive, "how many events [1000000]");
  add_value(command, "--devices", flags.devices, read_positive,
            "how many devices they are about [100000, national: 3000000]");
  add_value(command, "--density", flags.traffic.density, density,
            "dense: busy devices and quiet ones; national: all alike [dense]");
  add_value(command, "--seed", flags.traffic.seed, parse_count,
            "the same seed gives the same bytes [1]");
  add_value(command, "--rate-of-log-time", flags.traffic.events_per_second, read_positive,
            "events a second of their timestamps [650, the national mean]");
  add_value(command, "--start", flags.traffic.start_ns, read_start,
            "the first timestamp [2026-01-01T00:00:00Z]");
  add_value(
      command, "--payload-bytes", flags.traffic.payload_bytes,
      [](std::string_view text) {
        auto bytes = parse_size(text);
        if (bytes && *bytes > 1 << 20)
          bytes = schemas::config_error("a payload has at most 1MiB here");
        return bytes;
      },
      "random base64 in each event [160]");
  command.add_flag("--unknown-role", flags.traffic.unknown_role,
                   "also a User of a role nobody has heard of");
  command.add_flag(
      "--long-forms", flags.traffic.long_forms,
      "critical requests with their pre-commands, and alerts; else three events a transaction");
  command.add_flag(
      "--ownership", flags.ownership,
      "the ownership of every device, two intervals each: instead of events, or before them "
      "when they go to Kafka");
}

void add_target_flags(CLI::App& command, GenFlags& flags) {
  const auto tool = [](std::string_view text) {
    return parse_choice<Targets>(text, {{"vegeta", Targets::kVegeta}, {"k6", Targets::kK6}});
  };
  add_value(command, "--targets", flags.targets, tool,
            "instead: queries about the same devices for vegeta or k6")
      ->group("Query targets");
  add_value(command, "--target-count", flags.target_count, read_positive, "how many [100000]")
      ->group("Query targets");
  command.add_option("--base-url", flags.base_url, "where they point [http://127.0.0.1:8080]")
      ->group("Query targets");
  command.add_option("--token", flags.token, "sent with each (vegeta)")->group("Query targets");
}

}  // namespace

void add_gen(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand(
      "gen",
      "generate SAT events as NDJSON on standard output, or into Kafka; ownership; query targets");
  auto flags = std::make_shared<GenFlags>();
  add_traffic_flags(*command, *flags);
  add_kafka_flags(*command, flags->kafka);
  add_target_flags(*command, *flags);
  command->callback([action, flags] { *action = [flags] { return generate(*flags); }; });
}

}  // namespace satindex::app
