// Backfill: NDJSON files into one shard, without Kafka, on the same worker as the topics (CONTRACT
// 4). Blocks until the files are read, everything left behind is worked in and the shard's files
// are at rest, or until `stop`. A shard that was stopped midway goes on where it was when it is
// given the same files.
#pragma once

#include <atomic>
#include <filesystem>
#include <vector>

#include "indexer/ingest/ingest_metrics.h"
#include "indexer/ingest/record_sink.h"
#include "indexer/ingest/settings.h"
#include "indexer/store/shard.h"
#include "schemas/status.h"

namespace satindex::ingest {

struct BackfillSettings {
  std::vector<std::filesystem::path> events;  // "-": the standard input
  std::vector<std::filesystem::path> ownership;
  size_t memory_bytes = size_t{1} << 30;
  LogSink log;
};

// The shard's checkpoint at the end; its counters say what became of the records (INV-6).
// dead_letters and metrics may be null. kInvalid: a file cannot be read, or is not the one read
// before.
schemas::Result<store::Checkpoint> backfill(store::Shard& shard, const BackfillSettings& settings,
                                            const std::atomic<bool>& stop, RecordSink* dead_letters,
                                            IngestMetrics* metrics);

}  // namespace satindex::ingest
