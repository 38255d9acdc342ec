// DemoWorld: the invented country of `satindex demo`, producing into Kafka: devices and who holds
// them, three hours of history, then live traffic at the pace of the clock with a change of
// supplier now and then. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "app/population.h"
#include "app/traffic.h"
#include "indexer/ingest/producer.h"
#include "schemas/status.h"

namespace satindex::app {

class DemoWorld {
 public:
  static constexpr uint64_t kDevices = 3'000;
  static constexpr uint64_t kLiveEventsPerSecond = 20;

  DemoWorld(ingest::Producer& producer, std::string events_topic, std::string ownership_topic,
            int64_t now_ns);

  // Ownership of all devices and the history up to now. How many events that were.
  schemas::Result<uint64_t> produce_history();
  // Everything due by now_ns. Milliseconds until there is more.
  schemas::Result<int64_t> produce_due(int64_t now_ns);

  // One device passes to another supplier at now_ns. A sentence about it.
  schemas::Result<std::string> change_a_supplier(int64_t now_ns);

  // The device that the demo is about: an electricity meter of the second generation that many ask.
  const GeneratedDevice& star() const { return star_; }
  const Population& population() const { return population_; }

 private:
  schemas::Result<void> produce_event();
  schemas::Result<void> produce_ownership(const GeneratedDevice& device, const std::string& json);

  ingest::Producer& producer_;
  const std::string events_topic_;
  const std::string ownership_topic_;
  const int64_t history_end_ns_;
  const Population population_;
  const uint64_t star_index_;
  const GeneratedDevice star_;
  Traffic traffic_;
  Dice dice_;
  int64_t next_time_ms_ = 0;  // of the event drawn but not yet produced
  uint64_t changes_ = 0;
  std::string json_;
};

}  // namespace satindex::app
