#include "app/node_settings.h"

namespace satindex::app {

ingest::IngestSettings ingest_settings(const RunSettings& settings, ingest::LogSink log,
                                       size_t memory_bytes) {
  ingest::IngestSettings out;
  out.kafka.brokers = settings.kafka_brokers;
  out.kafka.properties.assign(settings.kafka_properties.begin(), settings.kafka_properties.end());
  out.kafka.log = std::move(log);
  out.events_topic = settings.events_topic;
  out.ownership_topic = settings.ownership_topic;
  out.dead_letter_topic = settings.dead_letter_topic;
  if (memory_bytes != 0) out.memory_bytes = memory_bytes;
  out.max_staleness = std::chrono::nanoseconds(settings.ownership_max_staleness_ns);
  return out;
}

}  // namespace satindex::app
