#include "bench/micro/country.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <unordered_map>

#include "indexer/store/shard_impl.h"
#include "indexer/store/writer.h"
#include "schemas/decoder.h"

namespace satindex::bench {
namespace {

constexpr uint64_t kSeed = 7;
constexpr size_t kBatchRecords = 250'000;
constexpr size_t kPageRows = 50;
constexpr int64_t kDay = 86'400 * schemas::kNanosPerSecond;

void check(const schemas::Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}

size_t shard_of(schemas::DeviceId device) {
  return static_cast<size_t>(store::partition_of(store::kPartitionerMurmur2, device, kShards));
}

}  // namespace

Country::Country(uint64_t events, uint64_t devices) : population_(kSeed, devices, false) {
  std::string name = (std::filesystem::temp_directory_path() / "satindex-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = name;
  const auto resources =
      std::make_shared<store::StoreResources>(size_t{1} << 30, size_t{128} << 20, 2);
  for (int i = 0; i < kShards; ++i) {
    auto shard = store::Shard::open({directory_ / std::to_string(i), i, 0}, resources);
    if (!shard) throw std::runtime_error(shard.error().message);
    shards_.push_back(std::move(*shard));
  }
  fill(events);
  choose_supplier();
  const auto& clock = schemas::system_clock();
  for (int i = 0; i < kShards; ++i) {
    board_.set_partitioners(i, store::kPartitionerMurmur2);
    board_.confirm(store::Topic::kOwnership, i, clock.wall_ns(), clock.boot_ns());
    board_.confirm(store::Topic::kEvents, i, clock.wall_ns(), clock.boot_ns());
  }
  trail::AccessRules rules;
  rules.option = trail::AccessOption::kB;
  auto policy = trail::AccessPolicy::create(rules);
  if (!policy) throw std::runtime_error(policy.error().message);
  trail::TrailSettings settings;
  settings.max_staleness_ns = kDay;  // nobody confirms again while the benchmarks run
  service_ = std::make_unique<trail::TrailService>(shards(), &board_, *policy, settings, &clock);
}

Country::~Country() {
  service_.reset();
  shards_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Country::forget_rows(schemas::DeviceId device) const {
  store::TableBatch some;
  some.add(store::BatchOp::kPut, "key", "value");
  for (const auto& shard : shards_) {
    const store::CommitClock::Change change(
        shard->impl().row_cache->clock(), some,
        [device](std::string_view) { return std::optional(device.eui.value); });
  }
  for (const auto& shard : shards_) shard->impl().snapshots.renew();
}

std::vector<store::Shard*> Country::shards() const {
  std::vector<store::Shard*> found;
  for (const auto& s : shards_) found.push_back(s.get());
  return found;
}

void Country::fill(uint64_t events) {
  std::vector<std::unique_ptr<store::ShardWriter>> writers;
  for (const auto& s : shards_) writers.push_back(std::make_unique<store::ShardWriter>(*s));
  std::vector<int64_t> offsets(kShards, 0);
  schemas::OwnershipDecoder ownership;
  schemas::Unreadable reason{};
  for (uint64_t i = 0; i < population_.devices(); ++i) {
    const app::GeneratedDevice device = population_.device(i);
    const size_t s = shard_of(device.id);
    for (const std::string& json : {app::supplier_interval_json(population_, device),
                                    app::network_interval_json(population_, device)}) {
      schemas::OwnershipRecord record;
      if (!ownership.decode(json, &record, &reason))
        throw std::runtime_error("unreadable ownership");
      writers[s]->add_ownership(record, {offsets[s]++, 0, store::kPartitionerMurmur2});
    }
  }
  for (auto& w : writers) check(w->commit(store::WritePath::kBulk));

  app::TrafficOptions options;
  options.seed = kSeed;
  app::Traffic traffic(population_, options);
  schemas::EventDecoder decoder;
  std::string json;
  std::unordered_map<uint64_t, size_t> seen;
  offsets.assign(kShards, 0);
  for (uint64_t i = 0; i < events; ++i) {
    traffic.next();
    json.clear();
    traffic.append_json(json);
    schemas::SatEvent event;
    if (!decoder.decode(json, &event, &reason)) throw std::runtime_error("unreadable event");
    const size_t s = event.device ? shard_of(*event.device) : i % kShards;
    if (event.device && ++seen[event.device->eui.value] == kPageRows)
      busy_.push_back(*event.device);
    writers[s]->add_event(event, {offsets[s]++, 0, store::kPartitionerMurmur2});
    if (writers[s]->gathered_records() >= kBatchRecords)
      check(writers[s]->commit(store::WritePath::kBulk));
  }
  for (auto& w : writers) {
    check(w->commit(store::WritePath::kBulk));
    for (auto more = w->work_step(0); more && *more;) more = w->work_step(0);
    check(w->settle());
  }
}

void Country::choose_supplier() {
  std::map<uint32_t, uint64_t> held;  // by party
  for (uint64_t i = 0; i < population_.devices(); ++i)
    ++held[population_.users()[population_.device(i).supplier_user].party];
  uint32_t most = held.begin()->first;
  for (const auto& [party, devices] : held)
    if (devices > held[most]) most = party;
  const app::GeneratedParty& party = population_.parties()[most];
  supplier_.sub = "bench";
  supplier_.party = party.id;
  supplier_.role = population_.users()[party.users.front()].role;
  supplier_.channel = trail::Channel::kScreen;
  for (const uint32_t user : party.users)
    supplier_.user_ids.push_back(population_.users()[user].id);
  std::sort(supplier_.user_ids.begin(), supplier_.user_ids.end());
  std::unordered_map<uint64_t, bool> mine;
  for (uint64_t i = 0; i < population_.devices(); ++i) {
    const app::GeneratedDevice device = population_.device(i);
    mine[device.id.eui.value] = population_.users()[device.supplier_user].party == most;
  }
  std::erase_if(busy_, [&](schemas::DeviceId d) { return !mine[d.eui.value]; });
}

const Country& country() {
  static const Country made(1'000'000, 16'000);
  return made;
}

}  // namespace satindex::bench
