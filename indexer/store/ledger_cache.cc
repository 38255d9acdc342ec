#include "indexer/store/ledger_cache.h"

namespace satindex::store {

namespace {

// A device has two intervals as a rule; one with very many is read each time.
constexpr size_t kIntervalsKeptMax = 16;

}  // namespace

KnownLedger LedgerCache::find(uint64_t device, uint64_t moment) const {
  return kept_.find(clock_, device, moment, [](const DeviceLedger& found) {
    // Where who holds the device is looked for next; giving the handle back takes about as long as the memory does.
    __builtin_prefetch(found.intervals().data());
  });
}

void LedgerCache::keep(uint64_t device, uint64_t moment, KnownLedger ledger) {
  const size_t intervals = ledger->intervals().size();
  if (ledger->empty() || intervals > kIntervalsKeptMax) return;
  size_t bytes = sizeof(DeviceLedger) + intervals * sizeof(OwnershipInterval);
  for (const OwnershipInterval& i : ledger->intervals()) bytes += i.party.capacity();
  kept_.keep(device, moment, std::move(ledger), bytes);
}

}  // namespace satindex::store
