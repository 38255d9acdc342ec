// What the tests of ingest share: directories, shards, records, a running Ingest, waiting with a
// deadline.
#pragma once

#include <prometheus/registry.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "indexer/ingest/ingest.h"
#include "indexer/ingest/record_sink.h"
#include "indexer/store/freshness.h"
#include "indexer/store/shard.h"
#include "schemas/ids.h"

namespace satindex::tests {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<store::Shard> open_shard(const std::filesystem::path& path, int32_t partition);

// The n-th device, in canonical text.
std::string device_text(uint64_t n);
schemas::DeviceId device(uint64_t n);
// A readable event about the device; another n gives another time.
std::string event_json(const std::string& device, uint64_t n);
std::string ownership_json(const std::string& device, const std::string& party,
                           uint64_t version = 1);

// Looks every few milliseconds; false when it did not come true in time.
bool eventually(std::chrono::milliseconds patience, const std::function<bool()>& condition);

// Value of the one sample of a metric whose labels contain all of `labels`; NaN when there is none.
double metric(prometheus::Registry& registry, const std::string& name,
              const std::vector<std::pair<std::string, std::string>>& labels = {});

// An Ingest over shards in a directory, as the composition root would make it. May be made again
// over the same directory.
class Running {
 public:
  Running(ingest::IngestSettings settings, const std::filesystem::path& directory);
  ~Running();
  // False when discovering or starting failed; error() says why.
  bool start();
  void stop();
  const std::string& error() const { return error_; }

  ingest::Ingest& ingest() { return *ingest_; }
  store::Shard& shard(size_t p) { return *shards_[p]; }
  store::FreshnessBoard& board() { return *board_; }
  prometheus::Registry& registry() { return *registry_; }
  int32_t partitions() const { return static_cast<int32_t>(shards_.size()); }
  store::TopicProgress progress(store::Topic t, size_t p) const;
  // Sum over partitions of a topic's indexed records.
  uint64_t indexed(store::Topic t) const;
  bool fresh(int32_t partition) const;
  std::optional<int64_t> as_of(store::Topic t) const;
  bool logged(const std::string& part) const;

 private:
  ingest::IngestSettings settings_;
  const std::filesystem::path directory_;
  std::string error_;
  mutable std::mutex mutex_;  // guards log_
  std::vector<std::string> log_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::vector<std::unique_ptr<store::Shard>> shards_;
  std::unique_ptr<store::FreshnessBoard> board_;
  std::unique_ptr<ingest::Ingest> ingest_;
};

}  // namespace satindex::tests

namespace satindex::ingest {

// Appends and waits for the answer: false when it failed. Bounded by the sink's deadline.
bool append_and_wait(RecordSink& sink, const SinkRecord& record);

}  // namespace satindex::ingest
