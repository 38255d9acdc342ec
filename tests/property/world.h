// World: one log on its way into the product, in process, and the model beside it. Real shards in a
// directory of their own, fed partition by partition the way ingest feeds them, with commits,
// background work, reopenings and replays at moments that a seed decides. The model holds exactly
// what is committed. Single-threaded. Once the store fails or breaks a promise of its headers, the
// world stands still and says why in broken().
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "indexer/store/shard.h"
#include "indexer/store/writer.h"
#include "schemas/decoder.h"
#include "schemas/time.h"
#include "tests/property/rng.h"
#include "tests/support/model/model.h"

namespace satindex::property {

class FixedClock : public schemas::Clock {
 public:
  void set(int64_t wall_ns, int64_t boot_ns) {
    wall_ = wall_ns;
    boot_ = boot_ns;
  }
  int64_t wall_ns() const override { return wall_; }
  int64_t boot_ns() const override { return boot_; }

 private:
  std::atomic<int64_t> wall_{0};
  std::atomic<int64_t> boot_{0};
};

// One thing done to the product. A world keeps the list, so that what was found can be played
// again, and in parts.
struct Operation {
  enum Kind { kFeed, kFeedAgain, kAdvance, kReplay, kLive, kBulk, kWork, kSettle, kReopen, kDrain };
  Kind kind = kFeed;
  int partition = 0;
  size_t record = 0;  // index into the log: the first four
};
using Script = std::vector<Operation>;

struct WorldOptions {
  int partitions = 1;
  int64_t work_now_ns =
      0;  // the wall clock of background work: no question may be asked of an earlier one
  int64_t retention_ns = 0;
  bool settle = true;  // settle() may be called
};

class World {
 public:
  World(const model::Log& log, uint64_t seed, const WorldOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // One random operation on one random shard.
  void step();
  // All of the log is committed, or the world is broken.
  bool all_fed() const;
  // Feeds and commits the rest in random steps, then works until nothing is left to do.
  void finish();
  void drain();

  // Plays what another world of the same log did, or parts of it: what no longer makes sense is
  // passed over.
  void play(const Script& script);
  const Script& script() const { return script_; }

  // The same by hand. `count` records of the partition, of either topic, in a random mix.
  // How many were left to gather, at most `count`.
  uint32_t gather(int partition, uint32_t count);
  void commit(int partition, store::WritePath path);
  void work(int partition);
  void settle(int partition);
  void reopen(int partition);  // what is gathered and not committed is fed again
  // Adds a record behind the rest of the log.
  void append(model::LogRecord record);

  const model::Model& model() const { return model_; }
  std::vector<store::Shard*> shards() const;
  int partitions() const { return options_.partitions; }
  const WorldOptions& options() const { return options_; }
  uint8_t partitioners(int partition) const;
  const model::Log& log() const { return log_; }
  // Devices some of whose records lie where the partitioner would not put them: a portfolio may
  // lack them (1.3).
  const std::set<std::string>& misplaced() const { return misplaced_; }
  // Empty, or what the product did that it must never do.
  const std::string& broken() const { return broken_; }
  // Devices with a committed event where no known partitioner puts it.
  const std::set<std::string>& strays() const { return strays_; }

 private:
  struct Lane;  // one partition

  Lane& lane(int partition) const { return *lanes_[static_cast<size_t>(partition)]; }
  void enlist(size_t index);
  void feed(Lane* lane, const model::LogRecord& record);
  void feed_at(Lane* lane, int topic, size_t place);
  bool feed_next(Lane* lane);
  void feed_again(Lane* lane);
  void advance(Lane* lane, size_t index);
  void replay(Lane* lane, size_t index);
  void play(const Operation& operation);
  void drain(int partition);
  void must_hold(bool condition, const std::string& what);

  const WorldOptions options_;
  model::Log log_;
  Rng rng_;
  std::filesystem::path directory_;
  std::shared_ptr<store::StoreResources> resources_;
  schemas::EventDecoder event_decoder_;
  schemas::OwnershipDecoder ownership_decoder_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  model::Model model_;
  std::set<std::string> misplaced_;
  std::set<std::string> strays_;
  Script script_;
  std::string broken_;
};

// One line an operation, with the records it feeds.
std::string describe(const Script& script, const model::Log& log);
// Known partitioners that give this record its partition (RecordMark::partitioners).
uint8_t partitioner_mask(const model::LogRecord& record, int partitions);

}  // namespace satindex::property
