// Reading the dead-letter topic, and reading a referenced record again from its log: for `satindex
// dead-letters`. Each call makes a client of its own and is bounded in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "indexer/ingest/settings.h"
#include "schemas/status.h"

namespace satindex::ingest {

// A reference as it stands in the topic (CONTRACT 1.4).
struct DeadLetter {
  std::string topic;
  int32_t partition = -1;
  int64_t offset = -1;
  std::optional<std::string> key;
  std::string reason;
  std::string time;
};

// Calls `each` for every reference there was at the call, oldest first within a partition, until it
// returns false. Records that are not references of ours are passed over. A missing topic has none.
// Returns how many were given. kUnavailable when for so long nothing came before the end.
schemas::Result<uint64_t> list_dead_letters(const IngestSettings& settings,
                                            std::chrono::milliseconds patience,
                                            const std::function<bool(const DeadLetter&)>& each);

struct LogRecord {
  std::string key;
  std::string value;
};

// kNotFound when nothing stands at the offset any more; kUnavailable when it could not be asked in
// time.
schemas::Result<LogRecord> read_log_record(const IngestSettings& settings, const std::string& topic,
                                           int32_t partition, int64_t offset,
                                           std::chrono::milliseconds deadline);

}  // namespace satindex::ingest
