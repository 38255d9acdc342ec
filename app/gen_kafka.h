// The part of `gen` that produces into Kafka, with the partitioner of one's choice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/population.h"
#include "app/traffic.h"
#include "indexer/ingest/producer.h"

namespace CLI {
class App;
}

namespace satindex::app {

struct GenKafkaFlags {
  std::string brokers;  // empty: standard output
  std::vector<std::string> properties;
  std::string events_topic = "sat.events";
  std::string ownership_topic = "dm.ownership";
  ingest::Partitioning partitioning = ingest::Partitioning::kMurmur2;
};

void add_kafka_flags(CLI::App& command, GenKafkaFlags& flags);
// The exit code.
int generate_to_kafka(const GenKafkaFlags& flags, const Population& population,
                      const TrafficOptions& traffic, uint64_t events, bool ownership);

}  // namespace satindex::app
