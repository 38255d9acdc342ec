// TopicReader: reads a topic from its beginning to the ends seen at the start, in batches, with
// nothing around librdkafka. One client a worker thread, partitions dealt out in turn. What the raw
// rate and the naive design are measured with. Fails by exception: these tools have nothing to
// recover.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace satindex::bench {

struct TopicRange {
  int32_t partition = 0;
  int64_t low = 0;
  int64_t high = 0;
};

struct ReadTotals {
  uint64_t records = 0;
  uint64_t bytes = 0;
  double seconds =
      0;  // from the first message to the last record handled: what the log gives once it flows
};

// Called on worker threads; a worker has one number and its calls do not overlap.
using BatchHandler = std::function<void(int worker, rd_kafka_message_t** messages, size_t count)>;

// Every partition's range now.
std::vector<TopicRange> topic_ranges(const std::string& brokers, const std::string& topic);
// records_max 0: all.
ReadTotals read_topic(const std::string& brokers, const std::string& topic, int workers,
                      uint64_t records_max, const BatchHandler& handler);

}  // namespace satindex::bench
