#include "indexer/store/ledger_join.h"

namespace satindex::store {

using schemas::Result;

namespace {

// A live batch asks the cache; files are merged with all of the ledgers in order.
constexpr size_t kSingleLookupsMax = 2'000;
// Steps forward before a seek is the shorter way.
constexpr int kStepsMax = 12;

void give(uint32_t i, const DeviceLedger& ledger,
          const std::function<void(uint32_t, const Holding&)>& sink) {
  for (const OwnershipInterval& interval : ledger.intervals()) {
    if (const auto span = interval.usable())
      sink(i, {party_entity(interval.relation, interval.party), *span});
  }
}

// What a look-up gave; an empty ledger when nothing.
Result<DeviceLedger> found_ledger(const rocksdb::Status& s, const rocksdb::PinnableSlice& value) {
  if (s.IsNotFound()) return DeviceLedger();
  if (!s.ok()) return to_status(s);
  return DeviceLedger::decode(view(value));
}

}  // namespace

Result<DeviceLedger> load_ledger(const Shard::Impl& shard, uint64_t device,
                                 const rocksdb::Snapshot* snapshot) {
  std::array<char, 8> key;
  rocksdb::PinnableSlice value;
  const rocksdb::Status s =
      shard.db->Get(shard.read_options(snapshot), shard.cf(Table::kLedger),
                    slice(ledger_key(schemas::DeviceId{{device}}, &key)), &value);
  return found_ledger(s, value);
}

Result<KnownLedger> known_ledger(const Shard::Impl& shard, uint64_t device, uint64_t moment,
                                 const rocksdb::Snapshot* snapshot) {
  LedgerCache& cache = *shard.ledger_cache;
  if (KnownLedger kept = cache.find(device, moment)) return kept;
  auto read = load_ledger(shard, device, snapshot);
  if (!read) return read.error();
  auto ledger = std::make_shared<const DeviceLedger>(std::move(*read));
  cache.keep(device, moment, ledger);
  return KnownLedger(std::move(ledger));
}

Result<std::vector<DeviceLedger>> load_ledgers(const Shard::Impl& shard,
                                               std::span<const schemas::DeviceId> devices,
                                               const rocksdb::Snapshot* snapshot) {
  std::vector<std::array<char, 8>> bytes(devices.size());
  std::vector<rocksdb::Slice> keys(devices.size());
  for (size_t i = 0; i < devices.size(); ++i) keys[i] = slice(ledger_key(devices[i], &bytes[i]));
  std::vector<rocksdb::PinnableSlice> values(devices.size());
  std::vector<rocksdb::Status> statuses(devices.size());
  shard.db->MultiGet(shard.read_options(snapshot), shard.cf(Table::kLedger), keys.size(),
                     keys.data(), values.data(), statuses.data());
  std::vector<DeviceLedger> out(devices.size());
  for (size_t i = 0; i < devices.size(); ++i) {
    auto ledger = found_ledger(statuses[i], values[i]);
    if (!ledger) return ledger.error();
    out[i] = std::move(*ledger);
  }
  return out;
}

Result<void> join_ledgers(const Shard::Impl& shard, const ChangedLedgers& changed,
                          std::span<const uint64_t> devices,
                          const std::function<void(uint32_t, const Holding&)>& sink) {
  std::unique_ptr<rocksdb::Iterator> it;
  if (devices.size() > kSingleLookupsMax) {
    it.reset(shard.db->NewIterator(rocksdb::ReadOptions(), shard.cf(Table::kLedger)));
    it->SeekToFirst();
  }
  std::array<char, 8> bytes;
  for (uint32_t i = 0; i < devices.size(); ++i) {
    if (const auto c = changed.find(devices[i]); c != changed.end()) {
      give(i, c->second, sink);
      continue;
    }
    if (!it) {
      auto ledger = known_ledger(shard, devices[i], shard.ledger_cache->clock().now(), nullptr);
      if (!ledger) return ledger.error();
      give(i, **ledger, sink);
      continue;
    }
    const std::string_view key = ledger_key(schemas::DeviceId{{devices[i]}}, &bytes);
    for (int step = 0; it->Valid() && view(it->key()) < key; ++step) {
      if (step == kStepsMax) {
        it->Seek(slice(key));
        break;
      }
      it->Next();
    }
    if (!it->Valid()) {
      if (!it->status().ok()) return to_status(it->status());
      continue;
    }
    if (view(it->key()) != key) continue;
    auto ledger = DeviceLedger::decode(view(it->value()));
    if (!ledger) return ledger.error();
    give(i, *ledger, sink);
  }
  return {};
}

}  // namespace satindex::store
