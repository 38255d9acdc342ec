#include "tests/property/world.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "tests/property/log_generator.h"

namespace satindex::property {
namespace {

constexpr int64_t kRecordMillis = 1'704'067'200'000;

template <class T>
T must(schemas::Result<T> result, const char* what) {
  if (!result) {
    std::cerr << what << ": " << result.error().message << std::endl;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

void must_hold(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << "the product broke a promise of its headers: " << what << std::endl;
  std::abort();
}

std::filesystem::path new_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "satindex-property-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  return pattern;
}

// Canonical; nullopt for an unreadable record and for an event without a device.
std::optional<std::string> device_of(const model::LogRecord& record) {
  std::optional<std::string> device;
  if (const auto* e = std::get_if<model::EventFields>(&record.body)) device = e->device_id;
  if (const auto* o = std::get_if<model::OwnershipFields>(&record.body)) device = o->device_id;
  return device ? std::optional(model::canonical(*device)) : std::nullopt;
}

// The party, relation and so on of the fields, in the product's type; views into `fields`.
schemas::OwnershipRecord as_product(const model::OwnershipFields& fields) {
  schemas::OwnershipRecord r;
  r.device = schemas::DeviceId{*schemas::Eui64::parse(fields.device_id)};
  r.relation = fields.relation == "NETWORK_OPERATOR" ? schemas::Relation::kNetworkOperator
                                                     : schemas::Relation::kResponsibleSupplier;
  r.party = fields.party_id;
  r.valid_from = *schemas::WrittenTime::parse(fields.valid_from);
  if (fields.valid_to) r.valid_to = schemas::WrittenTime::parse(*fields.valid_to);
  r.version = fields.version;
  r.withdrawn = fields.withdrawn;
  return r;
}

}  // namespace

uint8_t partitioner_mask(const model::LogRecord& record, int partitions) {
  const std::optional<std::string> device = device_of(record);
  if (!device) return store::kPartitionerAll;
  if (*device != record.key) return 0;
  schemas::DeviceId id{*schemas::Eui64::parse(*device)};
  uint8_t mask = 0;
  for (auto bit : {store::kPartitionerMurmur2, store::kPartitionerCrc32}) {
    if (store::partition_of(bit, id, partitions) == record.partition) mask |= bit;
  }
  return mask;
}

struct World::Lane {
  int partition = 0;
  std::vector<size_t> topic[2];   // indices into the log
  size_t gathered[2] = {0, 0};    // how many are gathered or committed
  size_t done[2] = {0, 0};        // how many are committed
  std::vector<size_t> replayable;  // committed unreadable ownership records that can be read by now
  std::vector<size_t> replaying;  // gathered
  std::unique_ptr<store::Shard> shard;
  std::unique_ptr<store::ShardWriter> writer;
};

World::World(const model::Log& log, uint64_t seed, const WorldOptions& options)
    : options_(options),
      log_(log),
      rng_(seed),
      directory_(new_directory()),
      resources_(std::make_shared<store::StoreResources>(size_t{16} << 20, size_t{4} << 20, 1)) {
  for (int p = 0; p < options_.partitions; ++p) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->partition = p;
    reopen(p);
  }
  for (size_t i = 0; i < log_.size(); ++i) enlist(i);
}

void World::enlist(size_t index) {
  const model::LogRecord& record = log_[index];
  lanes_[static_cast<size_t>(record.partition)]->topic[static_cast<int>(record.topic)].push_back(index);
  const std::optional<std::string> device = device_of(record);
  if (device && home_partition(*device, options_.partitions) != record.partition) misplaced_.insert(*device);
}

World::~World() {
  lanes_.clear();
  resources_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void World::append(model::LogRecord record) {
  Lane& lane = *lanes_[static_cast<size_t>(record.partition)];
  auto& topic = lane.topic[static_cast<int>(record.topic)];
  record.offset = topic.empty() ? 0 : log_[topic.back()].offset + 1;
  log_.push_back(std::move(record));
  enlist(log_.size() - 1);
}

std::vector<store::Shard*> World::shards() const {
  std::vector<store::Shard*> out;
  for (const auto& lane : lanes_) out.push_back(lane->shard.get());
  return out;
}

uint8_t World::partitioners(int partition) const {
  return lanes_[static_cast<size_t>(partition)]->shard->checkpoint().partitioners;
}

void World::note(const std::string& operation, int partition) {
  operations_.push_back(operation + '/' + std::to_string(partition));
}

std::string World::history() const {
  std::string out;
  for (const std::string& operation : operations_) out += operation + ' ';
  return out;
}

bool World::all_fed() const {
  for (const auto& lane : lanes_) {
    for (int t : {0, 1}) {
      if (lane->done[t] < lane->topic[t].size()) return false;
    }
  }
  return true;
}

void World::feed(Lane* lane, const model::LogRecord& record) {
  store::RecordMark mark;
  mark.offset = record.offset;
  mark.hash = store::record_hash(record.key, record.value, kRecordMillis + record.offset);
  mark.partitioners = partitioner_mask(record, options_.partitions);
  schemas::Unreadable reason{};
  const bool readable = !std::holds_alternative<model::UnreadableRecord>(record.body);
  if (record.topic == model::Topic::kEvents) {
    schemas::SatEvent event;
    const bool decoded = event_decoder_.decode(record.value, &event, &reason);
    must_hold(decoded == readable, "decode " + model::describe(record));
    decoded ? lane->writer->add_event(event, mark) : lane->writer->add_unreadable_event(mark);
    return;
  }
  schemas::OwnershipRecord ownership;
  const bool decoded = ownership_decoder_.decode(record.value, &ownership, &reason);
  must_hold(decoded == readable, "decode " + model::describe(record));
  if (decoded) {
    lane->writer->add_ownership(ownership, mark);
  } else {
    auto eui = schemas::Eui64::parse(record.key);
    schemas::DeviceId device{eui.value_or(schemas::Eui64{})};
    lane->writer->add_unreadable_ownership(eui ? &device : nullptr, mark);
  }
}

bool World::feed_next(Lane* lane) {
  size_t left[2];
  for (int t : {0, 1}) left[t] = lane->topic[t].size() - lane->gathered[t];
  if (left[0] + left[1] == 0) return false;
  const int t = rng_.below(static_cast<uint32_t>(left[0] + left[1])) < left[0] ? 0 : 1;
  const model::LogRecord& record = log_[lane->topic[t][lane->gathered[t]++]];
  if (rng_.one_in(8)) lane->writer->advance(static_cast<store::Topic>(t), record.offset);
  feed(lane, record);
  return true;
}

// A record below the checkpoint changes nothing (INV-2).
void World::feed_again(Lane* lane) {
  for (int t : {0, 1}) {
    if (lane->done[t] == 0 || lane->gathered[t] != lane->done[t]) continue;
    size_t from = rng_.below(static_cast<uint32_t>(lane->done[t]));
    for (size_t i = from; i < lane->done[t] && i < from + 20; ++i) feed(lane, log_[lane->topic[t][i]]);
  }
  note("feed_again", lane->partition);
}

void World::replay_one(Lane* lane) {
  if (lane->replayable.empty()) return;
  size_t index = lane->replayable.back();
  lane->replayable.pop_back();
  const model::LogRecord& record = log_[index];
  lane->writer->replay_ownership(as_product(*record.replayed), record.offset);
  lane->replaying.push_back(index);
  note("replay", lane->partition);
}

uint32_t World::gather(int partition, uint32_t count) {
  Lane* lane = lanes_[static_cast<size_t>(partition)].get();
  uint32_t fed = 0;
  while (fed < count && feed_next(lane)) ++fed;
  if (fed > 0) note("gather:" + std::to_string(fed), partition);
  return fed;
}

void World::commit(int partition, store::WritePath path) {
  Lane* lane = lanes_[static_cast<size_t>(partition)].get();
  must(lane->writer->commit(path), "commit");
  for (int t : {0, 1}) {
    for (; lane->done[t] < lane->gathered[t]; ++lane->done[t]) {
      const size_t index = lane->topic[t][lane->done[t]];
      model_.apply(log_[index]);
      if (log_[index].replayed) lane->replayable.push_back(index);
    }
  }
  for (size_t index : lane->replaying) {
    model_.replay(log_[index].partition, log_[index].offset, *log_[index].replayed);
  }
  lane->replaying.clear();
  note(path == store::WritePath::kLive ? "live" : "bulk", partition);
}

void World::work(int partition) {
  must(lanes_[static_cast<size_t>(partition)]->writer->work_step(options_.work_now_ns), "work_step");
  note("work", partition);
}

void World::settle(int partition) {
  must(lanes_[static_cast<size_t>(partition)]->writer->settle(), "settle");
  note("settle", partition);
}

void World::reopen(int partition) {
  Lane* lane = lanes_[static_cast<size_t>(partition)].get();
  lane->writer.reset();
  lane->shard.reset();
  store::ShardOptions options;
  options.path = directory_ / ("shard-" + std::to_string(partition));
  options.partition = partition;
  options.retention_ns = options_.retention_ns;
  lane->shard = must(store::Shard::open(options, resources_), "open");
  lane->writer = std::make_unique<store::ShardWriter>(*lane->shard);
  for (int t : {0, 1}) {
    lane->gathered[t] = lane->done[t];
    const int64_t next = lane->shard->checkpoint().of(static_cast<store::Topic>(t)).next_offset;
    const int64_t last = lane->done[t] == 0 ? -1 : log_[lane->topic[t][lane->done[t] - 1]].offset;
    must_hold(next > last || last == -1, "a committed record is below the checkpoint");
    if (lane->done[t] < lane->topic[t].size()) {
      must_hold(next <= log_[lane->topic[t][lane->done[t]]].offset, "the checkpoint counts committed records only");
    }
  }
  lane->replayable.insert(lane->replayable.end(), lane->replaying.begin(), lane->replaying.end());
  lane->replaying.clear();
  note("reopen", partition);
}

void World::step() {
  const int p = static_cast<int>(rng_.below(static_cast<uint32_t>(options_.partitions)));
  switch (rng_.below(40)) {
    case 0: return reopen(p);
    case 1: return options_.settle ? settle(p) : work(p);
    case 2: return feed_again(lanes_[static_cast<size_t>(p)].get());
    case 3: case 4: return replay_one(lanes_[static_cast<size_t>(p)].get());
    case 5: case 6: case 7: case 8: case 9: case 10: case 11: case 12: return work(p);
    default: break;
  }
  const uint32_t most = rng_.one_in(8) ? 400 : rng_.one_in(2) ? 20 : 2;
  gather(p, 1 + rng_.below(most));
  if (!rng_.one_in(4)) {
    commit(p, rng_.one_in(3) ? store::WritePath::kBulk : store::WritePath::kLive);
  }
}

void World::drain() {
  for (int p = 0; p < options_.partitions; ++p) {
    store::ShardWriter& writer = *lanes_[static_cast<size_t>(p)]->writer;
    int steps = 0;
    while (must(writer.work_step(options_.work_now_ns), "work_step")) {
      must_hold(++steps < 100'000, "work comes to an end");
    }
    note("drain", p);
  }
}

void World::finish() {
  while (!all_fed()) {
    step();
    const int p = static_cast<int>(rng_.below(static_cast<uint32_t>(options_.partitions)));
    if (rng_.one_in(4)) {
      gather(p, 1000);
      commit(p, store::WritePath::kLive);
    }
  }
  for (int p = 0; p < options_.partitions; ++p) commit(p, store::WritePath::kLive);
  drain();
}

}  // namespace satindex::property
