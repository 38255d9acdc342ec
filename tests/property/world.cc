#include "tests/property/world.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "tests/property/log_generator.h"

namespace satindex::property {
namespace {

constexpr int64_t kRecordMillis = 1'704'067'200'000;

std::filesystem::path new_directory() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "satindex-property-XXXXXX").string();
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

void World::must_hold(bool condition, const std::string& what) {
  if (!condition && broken_.empty()) broken_ = "\n  the product failed: " + what;
}

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
  std::vector<size_t> topic[2];  // indices into the log
  size_t gathered[2] = {0,
                        0};  // places in `topic` below which all is gathered, committed or left out
  size_t done[2] = {0, 0};   // the same of what is committed
  std::vector<size_t> pending;     // gathered, not committed
  std::vector<size_t> replayable;  // committed unreadable ownership records that can be read by now
  std::vector<size_t> replaying;   // gathered
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
  lane(record.partition).topic[static_cast<int>(record.topic)].push_back(index);
  const std::optional<std::string> device = device_of(record);
  if (device && home_partition(*device, options_.partitions) != record.partition)
    misplaced_.insert(*device);
}

World::~World() {
  lanes_.clear();
  resources_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void World::append(model::LogRecord record) {
  const auto& topic = lane(record.partition).topic[static_cast<int>(record.topic)];
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
  return lane(partition).shard->checkpoint().partitioners;
}

bool World::all_fed() const {
  if (!broken_.empty()) return true;
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

void World::feed_at(Lane* lane, int topic, size_t place) {
  const size_t index = lane->topic[topic][place];
  lane->gathered[topic] = place + 1;
  lane->pending.push_back(index);
  script_.push_back({Operation::kFeed, lane->partition, index});
  feed(lane, log_[index]);
}

bool World::feed_next(Lane* lane) {
  size_t left[2];
  for (int t : {0, 1}) left[t] = lane->topic[t].size() - lane->gathered[t];
  if (left[0] + left[1] == 0) return false;
  const int t = rng_.below(static_cast<uint32_t>(left[0] + left[1])) < left[0] ? 0 : 1;
  if (rng_.one_in(8)) advance(lane, lane->topic[t][lane->gathered[t]]);
  feed_at(lane, t, lane->gathered[t]);
  return true;
}

// Everything of the topic before this record has been read.
void World::advance(Lane* lane, size_t index) {
  script_.push_back({Operation::kAdvance, lane->partition, index});
  lane->writer->advance(static_cast<store::Topic>(log_[index].topic), log_[index].offset);
}

// A record below the checkpoint changes nothing (INV-2).
void World::feed_again(Lane* lane) {
  for (int t : {0, 1}) {
    if (lane->done[t] == 0 || lane->gathered[t] != lane->done[t]) continue;
    const size_t from = rng_.below(static_cast<uint32_t>(lane->done[t]));
    for (size_t i = from; i < lane->done[t] && i < from + 20; ++i) {
      const size_t index = lane->topic[t][i];
      script_.push_back({Operation::kFeedAgain, lane->partition, index});
      feed(lane, log_[index]);
    }
  }
}

void World::replay(Lane* lane, size_t index) {
  if (std::erase(lane->replayable, index) == 0) return;
  script_.push_back({Operation::kReplay, lane->partition, index});
  const model::LogRecord& record = log_[index];
  lane->writer->replay_ownership(as_product(*record.replayed), record.offset);
  lane->replaying.push_back(index);
}

uint32_t World::gather(int partition, uint32_t count) {
  uint32_t fed = 0;
  while (fed < count && feed_next(&lane(partition))) ++fed;
  return fed;
}

void World::commit(int partition, store::WritePath path) {
  if (!broken_.empty()) return;
  Lane& l = lane(partition);
  script_.push_back(
      {path == store::WritePath::kLive ? Operation::kLive : Operation::kBulk, partition, 0});
  const auto committed = l.writer->commit(path);
  if (!committed) return must_hold(false, "commit: " + committed.error().message);
  for (int t : {0, 1}) l.done[t] = l.gathered[t];
  for (size_t index : l.pending) {
    model_.apply(log_[index]);
    if (log_[index].replayed) l.replayable.push_back(index);
    if (log_[index].topic == model::Topic::kEvents &&
        partitioner_mask(log_[index], options_.partitions) == 0) {
      strays_.insert(*device_of(log_[index]));
    }
  }
  l.pending.clear();
  for (size_t index : l.replaying) {
    model_.replay(log_[index].partition, log_[index].offset, *log_[index].replayed);
  }
  l.replaying.clear();
}

void World::work(int partition) {
  if (!broken_.empty()) return;
  script_.push_back({Operation::kWork, partition, 0});
  const auto more = lane(partition).writer->work_step(options_.work_now_ns);
  if (!more) must_hold(false, "work_step: " + more.error().message);
}

void World::settle(int partition) {
  if (!broken_.empty()) return;
  script_.push_back({Operation::kSettle, partition, 0});
  const auto settled = lane(partition).writer->settle();
  if (!settled) must_hold(false, "settle: " + settled.error().message);
}

void World::reopen(int partition) {
  if (!broken_.empty()) return;
  script_.push_back({Operation::kReopen, partition, 0});
  Lane& l = lane(partition);
  l.writer.reset();
  l.shard.reset();
  store::ShardOptions options;
  options.path = directory_ / ("shard-" + std::to_string(partition));
  options.partition = partition;
  options.retention_ns = options_.retention_ns;
  auto opened = store::Shard::open(options, resources_);
  if (!opened) {  // nothing can be asked any more
    std::cerr << "open: " << opened.error().message << '\n' << describe(script_, log_) << std::endl;
    std::abort();
  }
  l.shard = std::move(opened).value();
  l.writer = std::make_unique<store::ShardWriter>(*l.shard);
  for (int t : {0, 1}) {
    l.gathered[t] = l.done[t];
    const int64_t next = l.shard->checkpoint().of(static_cast<store::Topic>(t)).next_offset;
    const int64_t last = l.done[t] == 0 ? -1 : log_[l.topic[t][l.done[t] - 1]].offset;
    must_hold(next > last || last == -1, "a committed record is not below the checkpoint");
    if (l.done[t] < l.topic[t].size()) {
      must_hold(next <= log_[l.topic[t][l.done[t]]].offset,
                "the checkpoint counts what was not committed");
    }
  }
  l.pending.clear();
  l.replayable.insert(l.replayable.end(), l.replaying.begin(), l.replaying.end());
  l.replaying.clear();
}

void World::step() {
  if (!broken_.empty()) return;
  const int p = static_cast<int>(rng_.below(static_cast<uint32_t>(options_.partitions)));
  switch (rng_.below(40)) {
    case 0:
      return reopen(p);
    case 1:
      return options_.settle ? settle(p) : work(p);
    case 2:
      return feed_again(&lane(p));
    case 3:
    case 4:
      if (!lane(p).replayable.empty()) replay(&lane(p), lane(p).replayable.back());
      return;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
      return work(p);
    default:
      break;
  }
  const uint32_t most = rng_.one_in(8) ? 400 : rng_.one_in(2) ? 20 : 2;
  gather(p, 1 + rng_.below(most));
  if (!rng_.one_in(4)) {
    commit(p, rng_.one_in(3) ? store::WritePath::kBulk : store::WritePath::kLive);
  }
}

void World::drain(int partition) {
  script_.push_back({Operation::kDrain, partition, 0});
  for (int steps = 0; broken_.empty(); ++steps) {
    const auto more = lane(partition).writer->work_step(options_.work_now_ns);
    if (!more) must_hold(false, "work_step: " + more.error().message);
    if (!more || !*more) break;
    must_hold(steps < 100'000, "work does not come to an end");
  }
}

void World::drain() {
  for (int p = 0; p < options_.partitions; ++p) drain(p);
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

void World::play(const Script& script) {
  for (const Operation& operation : script) {
    if (broken_.empty()) play(operation);
  }
}

void World::play(const Operation& operation) {
  Lane& l = lane(operation.partition);
  const int t = operation.record < log_.size() ? static_cast<int>(log_[operation.record].topic) : 0;
  const auto& topic = l.topic[t];
  const auto place =
      static_cast<size_t>(std::find(topic.begin(), topic.end(), operation.record) - topic.begin());
  switch (operation.kind) {
    case Operation::kFeed:
      if (place >= l.gathered[t] && place < topic.size()) feed_at(&l, t, place);
      return;
    case Operation::kFeedAgain:
      if (place < l.done[t] && l.gathered[t] == l.done[t]) {
        script_.push_back(operation);
        feed(&l, log_[operation.record]);
      }
      return;
    case Operation::kAdvance:
      if (place >= l.gathered[t]) advance(&l, operation.record);
      return;
    case Operation::kReplay:
      return replay(&l, operation.record);
    case Operation::kLive:
      return commit(operation.partition, store::WritePath::kLive);
    case Operation::kBulk:
      return commit(operation.partition, store::WritePath::kBulk);
    case Operation::kWork:
      return work(operation.partition);
    case Operation::kSettle:
      return settle(operation.partition);
    case Operation::kReopen:
      return reopen(operation.partition);
    case Operation::kDrain:
      return drain(operation.partition);
  }
}

std::string describe(const Script& script, const model::Log& log) {
  static const char* const kNames[] = {"feed",        "feed again",  "advance to", "replay",
                                       "commit live", "commit bulk", "work",       "settle",
                                       "reopen",      "drain"};
  std::string out;
  for (const Operation& operation : script) {
    out += std::string("\n    ") + kNames[operation.kind] + ' ';
    out += operation.kind <= Operation::kReplay ? model::describe(log[operation.record])
                                                : '/' + std::to_string(operation.partition);
    if (operation.kind == Operation::kReplay) {
      out += " as " + model::to_json(*log[operation.record].replayed, [](uint32_t) { return 1u; });
    }
  }
  return out;
}

}  // namespace satindex::property
