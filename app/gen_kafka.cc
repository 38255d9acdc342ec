#include "app/gen_kafka.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/cli_values.h"
#include "app/commands.h"
#include "app/values.h"
#include "indexer/ingest/producer.h"

namespace satindex::app {

using schemas::Result;

namespace {

constexpr std::chrono::minutes kFlushDeadline{2};

Result<ingest::KafkaSettings> kafka_settings(const GenKafkaFlags& flags) {
  ingest::KafkaSettings settings;
  settings.brokers = flags.brokers;
  settings.client_id = "satindex-gen";
  for (const std::string& property : flags.properties) {
    const size_t equals = property.find('=');
    if (equals == std::string::npos)
      return schemas::config_error("--kafka-property: '" + property + "' is not name=value");
    settings.properties.emplace_back(property.substr(0, equals), property.substr(equals + 1));
  }
  return settings;
}

Result<void> produce(ingest::Producer& producer, const GenKafkaFlags& flags,
                     const Population& population, const TrafficOptions& options, uint64_t events,
                     bool ownership) {
  for (uint64_t i = 0; ownership && i < population.devices(); ++i) {
    const GeneratedDevice device = population.device(i);
    const std::string key = device.id.eui.to_string();
    for (const std::string& json :
         {supplier_interval_json(population, device), network_interval_json(population, device)}) {
      if (auto sent = producer.produce(flags.ownership_topic, key, json); !sent) return sent;
    }
  }
  Traffic traffic(population, options);
  std::string json;
  for (uint64_t i = 0; i < events; ++i) {
    const GeneratedEvent& event = traffic.next();
    json.clear();
    traffic.append_json(json);
    // A record that is about no device is keyed by its User: any partition will do, but the same
    // one for a User.
    const std::string key =
        event.device ? event.device->id.eui.to_string() : population.users()[event.user].id_text;
    if (auto sent = producer.produce(flags.events_topic, key, json); !sent) return sent;
  }
  return producer.flush(kFlushDeadline);
}

}  // namespace

void add_kafka_flags(CLI::App& command, GenKafkaFlags& flags) {
  command
      .add_option("--kafka-brokers", flags.brokers,
                  "produce there instead of writing to standard output")
      ->group("Kafka");
  command.add_option("--kafka-property", flags.properties, "NAME=VALUE for librdkafka; repeatable")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Kafka");
  command.add_option("--events-topic", flags.events_topic, "[sat.events]")->group("Kafka");
  command.add_option("--ownership-topic", flags.ownership_topic, "[dm.ownership]")->group("Kafka");
  add_value(
      command, "--partitioner", flags.partitioning,
      [](std::string_view text) {
        return parse_choice<ingest::Partitioning>(
            text,
            {{"murmur2", ingest::Partitioning::kMurmur2}, {"crc32", ingest::Partitioning::kCrc32}});
      },
      "murmur2, the Java client's, or crc32, librdkafka's [murmur2]")
      ->group("Kafka");
}

int generate_to_kafka(const GenKafkaFlags& flags, const Population& population,
                      const TrafficOptions& traffic, uint64_t events, bool ownership) {
  const auto failed = [](const schemas::Status& status) {
    std::fprintf(stderr, "satindex: %s\n", status.message.c_str());
    return status.code == schemas::StatusCode::kConfig ? kExitConfig : kExitFailure;
  };
  auto settings = kafka_settings(flags);
  if (!settings) return failed(settings.error());
  auto producer = ingest::Producer::open(*settings, flags.partitioning);
  if (!producer) return failed(producer.error());
  if (auto done = produce(**producer, flags, population, traffic, events, ownership); !done)
    return failed(done.error());
  return kExitClean;
}

}  // namespace satindex::app
