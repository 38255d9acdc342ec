#include "indexer/store/adoption.h"

#include "indexer/store/bits.h"

namespace satindex::store {
namespace {

using schemas::Result;

// "A" and the shard's directory name; the value is the state that was adopted. On disk: never change.
std::string marker_key(const Shard::Impl& backfilled) {
  return "A" + backfilled.options.path.filename().string();
}

std::string marker_value(const Shard& backfilled) {
  const Checkpoint c = backfilled.checkpoint();
  std::string out;
  for (const TopicProgress* p : {&c.events, &c.ownership}) {
    put_varint(static_cast<uint64_t>(p->next_offset + 1), &out);
    put_varint(p->last_record_hash, &out);
  }
  return out;
}

}  // namespace

bool adoption_due(const Shard::Impl& own) {
  for (const Shard* b : own.options.backfilled) {
    std::string value;
    const auto s = own.db->Get(rocksdb::ReadOptions(), marker_key(b->impl()), &value);
    if (!s.ok() || value != marker_value(*b)) return true;
  }
  return false;
}

Adoption::Adoption(Shard& own) : own_(own) {
  const std::vector<Shard*>& backfilled = own.impl().options.backfilled;
  passes_.push_back({&own, backfilled});
  for (Shard* ledger : backfilled) {
    Pass pass{ledger, {&own}};
    // Between two back-filled shards any one topic shard will do; it is the first.
    for (Shard* rows : backfilled) {
      if (rows != ledger && own.partition() == 0) pass.trails.push_back(rows);
    }
    passes_.push_back(std::move(pass));
  }
}

Result<bool> Adoption::any_rows(const Pass& pass, schemas::DeviceId device) {
  for (const Shard* shard : pass.trails) {
    const ShardView view(*shard);
    RowCursor rows(view, device, schemas::UserId{}, TimeWindow{}, ChunkInterest());
    if (rows.peek()) return true;
    if (!rows.ok())
      return schemas::corrupt("a trail cannot be read while a back-filled shard is adopted");
  }
  return false;
}

Result<bool> Adoption::step(size_t devices_max, std::vector<ReconcileItem>* items) {
  const Pass& pass = passes_[pass_];
  const Shard::Impl& ledgers = pass.ledger->impl();
  std::unique_ptr<rocksdb::Iterator> it(
      ledgers.db->NewIterator(rocksdb::ReadOptions(), ledgers.cf(Table::kLedger)));
  size_t looked_at = 0;
  for (it->Seek(next_key_); it->Valid(); it->Next()) {
    if (looked_at++ == devices_max) {
      next_key_ = it->key().ToString();
      return true;
    }
    const auto device = parse_ledger_key(view(it->key()));
    if (!device) return schemas::corrupt("a ledger key is malformed");
    auto rows = any_rows(pass, *device);
    if (!rows) return rows.error();
    if (!*rows) continue;
    auto ledger = DeviceLedger::decode(view(it->value()));
    if (!ledger) return ledger.error();
    grown_holdings(*device, DeviceLedger(), *ledger, items);
  }
  if (!it->status().ok()) return to_status(it->status());
  next_key_.clear();
  return ++pass_ < passes_.size();
}

std::vector<std::pair<std::string, std::string>> Adoption::markers() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Shard* b : own_.impl().options.backfilled)
    out.emplace_back(marker_key(b->impl()), marker_value(*b));
  return out;
}

}  // namespace satindex::store
