// What ingest is told by the composition root. Plain values, copied at construction; nothing here
// is read from the environment. A property that would break an invariant is refused when a client
// is made (kafka_handle.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "indexer/store/freshness.h"

namespace satindex::ingest {

enum class LogLevel : uint8_t { kInfo, kWarning, kError };
// Called from any thread, must not block for long; empty: nothing is logged. Never given a record's
// content.
using LogSink = std::function<void(LogLevel, std::string_view)>;

struct KafkaSettings {
  std::string brokers;
  std::vector<std::pair<std::string, std::string>> properties;  // --kafka-property, in order
  std::string group_id = "satindex";  // only names the offsets committed for information
  std::string client_id = "satindex";
  LogSink log;
};

struct IngestSettings {
  KafkaSettings kafka;
  std::string events_topic = "sat.events";
  std::string ownership_topic = "dm.ownership";
  std::string dead_letter_topic = "sat.dead-letter";
  // Ingest's share of the memory budget: half for fetched records that wait, half for what is
  // gathered for a commit.
  size_t memory_bytes = size_t{1} << 30;
  std::chrono::nanoseconds max_staleness = std::chrono::seconds(60);

  const std::string& topic(store::Topic t) const {
    return t == store::Topic::kEvents ? events_topic : ownership_topic;
  }
};

inline constexpr store::Topic kTopics[] = {store::Topic::kOwnership, store::Topic::kEvents};
inline std::string_view topic_label(store::Topic t) {
  return t == store::Topic::kEvents ? "events" : "ownership";
}

}  // namespace satindex::ingest
