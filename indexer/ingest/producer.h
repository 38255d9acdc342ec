// Producer: writes records with one partitioner, for `demo`, `gen` and tests. One librdkafka client
// and a thread that serves it. Thread-safe. produce() waits for room in the client's queue, up to
// its deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "indexer/ingest/settings.h"
#include "schemas/status.h"

namespace satindex::ingest {

enum class Partitioning : uint8_t {
  kMurmur2,  // the Java client's
  kCrc32,    // librdkafka's
};

class Producer {
 public:
  static schemas::Result<std::unique_ptr<Producer>> open(const KafkaSettings& settings,
                                                         Partitioning partitioning);
  ~Producer();

  // A null value (tombstone) is nullopt. partition -1: by the partitioner. timestamp_ms 0: now.
  schemas::Result<void> produce(const std::string& topic, std::string_view key,
                                std::optional<std::string_view> value, int32_t partition = -1,
                                int64_t timestamp_ms = 0);
  // Everything produced so far is acknowledged, or kUnavailable with how many were not.
  schemas::Result<void> flush(std::chrono::milliseconds deadline);
  uint64_t failed() const;  // deliveries that failed, so far

 private:
  struct Impl;
  explicit Producer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::ingest
