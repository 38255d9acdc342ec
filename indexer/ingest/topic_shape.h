// What the brokers say of both topics before a shard is opened: how many partitions there are, and
// whether the ownership topic is kept whole (CONTRACT 1.2). Blocking, start-up only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "indexer/ingest/settings.h"
#include "schemas/status.h"

namespace satindex::ingest {

struct TopicShape {
  int32_t partitions = 0;                 // of either topic
  bool finite_retention = false;          // the ownership topic would forget intervals
  bool configuration_unreadable = false;  // ...or its configuration may not be read
  std::vector<std::string> warnings;      // for an operator
};

// kConfig: partition counts differ, the ownership topic is compacted, a property is refused, a
// topic is still missing at the deadline. kUnavailable: no broker answered until the deadline.
schemas::Result<TopicShape> discover(const IngestSettings& settings,
                                     std::chrono::milliseconds deadline);

// Makes the topic with the brokers' defaults when it is not there; one partition. An error is for
// the log only: whoever writes to it will say so again.
schemas::Result<void> ensure_topic(const KafkaSettings& settings, const std::string& topic,
                                   std::chrono::milliseconds deadline);

}  // namespace satindex::ingest
