// Adoption: a topic's shard taking back-filled shards into account. Events and ownership of one device may lie on both
// sides; the owner references that join them are kept by the topic's shard, because a back-filled one has no writer while
// it is served. Runs once for each state of a back-filled shard, in bounded steps; a crash begins it anew, and references
// written twice are one. Internal to indexer/store; the writer's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "indexer/store/reader.h"
#include "indexer/store/reconcile.h"
#include "indexer/store/shard_impl.h"

namespace satindex::store {

// Whether any back-filled shard is in a state that `own` has not adopted yet.
bool adoption_due(const Shard::Impl& own);

class Adoption {
 public:
  explicit Adoption(Shard& own);
  // Looks at up to `devices_max` ledgers and appends what has to be reconciled for them. True while there is more.
  schemas::Result<bool> step(size_t devices_max, std::vector<ReconcileItem>* items);
  // What to write into the meta table, together with the last items, once step() has given false.
  std::vector<std::pair<std::string, std::string>> markers() const;

 private:
  struct Pass {
    Shard* ledger;               // whose ledgers are walked
    std::vector<Shard*> trails;  // where rows of their devices are looked for
  };
  schemas::Result<bool> any_rows(const Pass& pass, schemas::DeviceId device);

  Shard& own_;
  std::vector<Pass> passes_;
  size_t pass_ = 0;
  std::string next_key_;  // of the ledger table
};

}  // namespace satindex::store
