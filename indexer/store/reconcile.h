// Late ownership: what is still to be added to owner trails because an interval arrived, or grew, after the events it
// covers. A task is written in the same commit as the ledger change that causes it and worked in by bounded steps, so that
// a merger of parties (millions of devices) neither blocks the stream nor is lost by a crash. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/batch.h"
#include "indexer/store/ledger.h"

namespace satindex::store {

// Every event of the device within the span becomes a candidate of the party's trail.
struct ReconcileItem {
  uint64_t device = 0;
  uint64_t entity = 0;  // party_entity
  Span span;
  bool operator==(const ReconcileItem&) const = default;
};

struct ReconcileTask {
  static constexpr size_t kItemsMax = 1024;
  std::vector<ReconcileItem> items;
  std::string encode() const;
  bool decode(std::string_view bytes);
};

// Writes items as tasks of at most kItemsMax under the next sequence numbers.
void put_tasks(const std::vector<ReconcileItem>& items, uint32_t* next_task, TableBatch* meta);

// Appends what `after` covers for each party and `before` did not.
void grown_holdings(schemas::DeviceId device, const DeviceLedger& before, const DeviceLedger& after,
                    std::vector<ReconcileItem>* out);

}  // namespace satindex::store
