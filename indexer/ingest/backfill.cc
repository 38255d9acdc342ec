#include "indexer/ingest/backfill.h"

#include <thread>

#include "indexer/ingest/file_source.h"
#include "indexer/ingest/shard_worker.h"

namespace satindex::ingest {

using schemas::Result;

namespace {
constexpr std::chrono::milliseconds kLookEvery{20};
}  // namespace

Result<store::Checkpoint> backfill(store::Shard& shard, const BackfillSettings& settings,
                                   const std::atomic<bool>& stop, RecordSink* dead_letters,
                                   IngestMetrics* metrics) {
  auto source = std::make_unique<FileSource>(settings.ownership, settings.events);
  const FileSource* files = source.get();
  std::optional<schemas::Status> failure;
  {
    WorkerOptions options;
    options.partition = shard.partition();
    options.topic_names = {"events", "ownership"};
    options.always_bulk = true;
    options.limits.bulk_bytes = settings.memory_bytes / 2;
    options.log = settings.log;
    WorkerWiring wiring;
    wiring.dead_letters = dead_letters;
    wiring.metrics = metrics;
    ShardWorker worker(shard, std::move(source), options, wiring);
    worker.start();
    while (!stop.load() && !worker.rested()) std::this_thread::sleep_for(kLookEvery);
    if (worker.rested()) failure = files->failure();
    worker.request_stop();
    worker.join();
  }
  if (failure) return *failure;
  if (!stop.load()) {
    store::ShardWriter writer(shard);
    if (auto settled = writer.settle(); !settled) return settled.error();
  }
  return shard.checkpoint();
}

}  // namespace satindex::ingest
