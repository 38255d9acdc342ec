#include "indexer/store/ledger_cache.h"

#include <algorithm>
#include <cstring>

#include "indexer/store/keys.h"

namespace satindex::store {

namespace {

// A device has two intervals as a rule; one with very many is read each time.
constexpr size_t kIntervalsKeptMax = 16;

}  // namespace

struct LedgerCache::Kept {
  uint64_t moment;
  KnownLedger ledger;
};

LedgerCache::LedgerCache(std::shared_ptr<rocksdb::Cache> memory)
    : memory_(std::move(memory)), shard_id_(memory_->NewId()) {}

size_t LedgerCache::stripe_of(uint64_t device) { return (device * 0x9E3779B97F4A7C15ull) >> 52; }

// Keys of blocks are of another length, and the id is this shard's alone.
std::array<char, 17> LedgerCache::key_of(uint64_t device) const {
  std::array<char, 17> key;
  std::memcpy(key.data(), &shard_id_, 8);
  std::memcpy(key.data() + 8, &device, 8);
  key[16] = 'L';
  return key;
}

KnownLedger LedgerCache::find(uint64_t device, uint64_t moment) const {
  if (moment == kNever) return nullptr;
  const std::array<char, 17> key = key_of(device);
  rocksdb::Cache::Handle* handle = memory_->Lookup({key.data(), key.size()});
  if (handle == nullptr) return nullptr;
  const Kept* kept = static_cast<const Kept*>(memory_->Value(handle));
  KnownLedger found;
  const uint64_t changed = changed_[stripe_of(device)].load(std::memory_order_acquire);
  if (changed <= std::min(kept->moment, moment)) {
    found = kept->ledger;
    // Where who holds the device is looked for next; giving the handle back takes about as long as the memory does.
    __builtin_prefetch(found->intervals().data());
  }
  memory_->Release(handle);
  return found;
}

void LedgerCache::keep(uint64_t device, uint64_t moment, KnownLedger ledger) {
  const size_t intervals = ledger->intervals().size();
  if (moment == kNever || ledger->empty() || intervals > kIntervalsKeptMax) return;
  size_t charge = sizeof(Kept) + sizeof(DeviceLedger) + intervals * sizeof(OwnershipInterval);
  for (const OwnershipInterval& i : ledger->intervals()) charge += i.party.capacity();
  const std::array<char, 17> key = key_of(device);
  auto kept = std::make_unique<Kept>(Kept{moment, std::move(ledger)});
  const auto drop = [](const rocksdb::Slice&, void* value) { delete static_cast<Kept*>(value); };
  // Without a handle to give back it takes the value in any case; what does not fit is dropped at once.
  (void)memory_->Insert({key.data(), key.size()}, kept.release(), charge, drop);
}

LedgerCache::Change::Change(LedgerCache& cache, const TableBatch& ledgers)
    : cache_(ledgers.empty() ? nullptr : &cache) {
  if (cache_ == nullptr) return;
  const uint64_t now = cache_->clock_.load(std::memory_order_relaxed);
  cache_->clock_.store(now + 1, std::memory_order_seq_cst);
  for (size_t i = 0; i < ledgers.size(); ++i) {
    const auto device = parse_ledger_key(ledgers.entry(i).key);
    if (device)
      cache_->changed_[stripe_of(device->eui.value)].store(now + 2, std::memory_order_release);
  }
}

LedgerCache::Change::~Change() {
  if (cache_ != nullptr) cache_->clock_.fetch_add(1, std::memory_order_release);
}

}  // namespace satindex::store
