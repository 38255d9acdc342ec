#include "indexer/store/writer.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "indexer/store/commit.h"
#include "indexer/store/ledger_join.h"
#include "indexer/store/radix.h"
#include "indexer/store/reconcile.h"
#include "indexer/store/trail_builder.h"
#include "indexer/store/upkeep.h"
#include "schemas/limits.h"

namespace satindex::store {

using schemas::Result;

uint64_t record_hash(std::string_view key, std::string_view value, int64_t timestamp_ms) {
  const uint64_t parts[4] = {XXH3_64bits(key.data(), key.size()),
                             XXH3_64bits(value.data(), value.size()),
                             static_cast<uint64_t>(timestamp_ms), key.size()};
  return XXH3_64bits(parts, sizeof parts);
}

namespace {

enum class OwnershipKind : uint8_t { kRecord, kUnreadable, kReplay };

struct GatheredOwnership {
  schemas::OwnershipRecord record;  // party points into the arena
  int64_t offset = 0;
  OwnershipKind kind = OwnershipKind::kRecord;
};

}  // namespace

struct ShardWriter::Impl {
  explicit Impl(Shard& s) : shard(s.impl()), upkeep(s) { next = committed = s.checkpoint(); }

  Shard::Impl& shard;
  Upkeep upkeep;
  TrailBuilder builder;
  Checkpoint committed;
  Checkpoint next;  // committed and what is gathered on top
  std::vector<CodedRow> rows;
  LiteralTable literals;
  std::vector<GatheredOwnership> ownership;
  std::deque<std::string> parties;  // arena
  size_t party_bytes = 0;
  std::vector<Dictionary::Added> unsaved;
  SortedBatch batch;
  std::string scratch;
  std::map<uint64_t, uint8_t> flags;  // DeviceFlag bits that the gathered records add
  std::map<uint64_t, uint8_t> flags_to_commit;

  void check_place(const std::optional<schemas::DeviceId>& device, const RecordMark& m) {
    if (device) next.placed &= m.partitioners;
    if ((m.partitioners & next.partitioners) != 0) return;
    ++next.misplaced;
    if (device && flags.size() <= schemas::limits::kFlaggedDevicesMax)
      flags[device->eui.value] |= kFlagMisplaced;
  }

  bool seen(Topic t, const RecordMark& m) const { return m.offset < next.of(t).next_offset; }
  void note(Topic t, const RecordMark& m) {
    TopicProgress& p = next.of(t);
    p.next_offset = m.offset + 1;
    p.last_record_offset = m.offset;
    p.last_record_hash = m.hash;
    ++p.consumed;
  }
  uint32_t code(SymbolClass c) {
    const SymbolCode known = shard.dictionary.intern(c, scratch);
    return known != kNoCode ? known : literals.add(c, scratch);
  }
  void add_row(const schemas::SatEvent& e);
  void gather(const schemas::OwnershipRecord& r, int64_t offset, OwnershipKind kind);
  Result<void> settle_ledgers(ChangedLedgers* changed, std::vector<ReconcileItem>* late,
                              Checkpoint* c);
  Result<void> join_all(const ChangedLedgers& changed, std::span<const uint64_t> devices,
                        const std::function<void(uint32_t, const Holding&)>& sink);
  void flag_unreadable(uint64_t device, bool unreadable);
  void put_flags();
  void publish_flags();
  void put_meta(const std::vector<ReconcileItem>& late, Checkpoint* c);
  Result<void> write(WritePath path);
  Result<void> commit(WritePath path);
};

void ShardWriter::Impl::add_row(const schemas::SatEvent& e) {
  CodedRow& r = rows.emplace_back();
  r.time_ns = e.time_ns;
  r.decimals = e.decimals;
  if (e.device) {
    r.flags |= kRowHasDevice;
    r.device = e.device->eui.value;
  }
  if (e.request) {
    r.flags |= kRowHasRequest;
    r.counter = e.request->counter;
    if (e.request->originator == e.user.eui) {
      r.flags |= kRowOriginatorIsUser;
    } else {
      r.originator = e.request->originator.value;
    }
    if (e.device && e.request->target == e.device->eui) {
      r.flags |= kRowTargetIsDevice;
    } else {
      r.target = e.request->target.value;
    }
  }
  if (!e.event_id.empty()) {
    r.flags |= kRowHasFingerprint;
    r.fingerprint = event_fingerprint(e.event_id);
  }
  serialise_user(e.user, e.user_role, &scratch);
  r.symbol[static_cast<size_t>(SymbolClass::kUser)] = code(SymbolClass::kUser);
  serialise_service(e.srv, e.command_variant ? *e.command_variant : -1, &scratch);
  r.symbol[static_cast<size_t>(SymbolClass::kService)] = code(SymbolClass::kService);
  serialise_pair(e.device_type, e.smets_version, &scratch);
  r.symbol[static_cast<size_t>(SymbolClass::kDevice)] = code(SymbolClass::kDevice);
  serialise_pair(e.event_type, e.response_code, &scratch);
  r.symbol[static_cast<size_t>(SymbolClass::kOutcome)] = code(SymbolClass::kOutcome);
}

void ShardWriter::Impl::gather(const schemas::OwnershipRecord& r, int64_t offset,
                               OwnershipKind kind) {
  GatheredOwnership& g = ownership.emplace_back();
  g.record = r;
  g.offset = offset;
  g.kind = kind;
  if (kind == OwnershipKind::kUnreadable) return;
  // Consecutive records often name the same party.
  if (parties.empty() || parties.back() != r.party) {
    parties.emplace_back(r.party);
    party_bytes += sizeof(std::string) + (r.party.size() > 15 ? r.party.size() : 0);
  }
  g.record.party = parties.back();
}

Result<void> ShardWriter::Impl::settle_ledgers(ChangedLedgers* changed,
                                               std::vector<ReconcileItem>* late, Checkpoint* c) {
  // By device, in the order of arrival within one.
  std::vector<uint64_t> keys(ownership.size());
  std::vector<uint32_t> order(ownership.size());
  for (uint32_t i = 0; i < ownership.size(); ++i) {
    keys[i] = ownership[i].record.device.eui.value;
    order[i] = i;
  }
  std::vector<uint64_t> keys_swap;
  std::vector<uint32_t> order_swap;
  radix_sort(&keys, &order, &keys_swap, &order_swap);
  const bool any_stored = committed.ownership.consumed > 0;
  const bool any_rows = committed.events.indexed > 0 || !shard.options.backfilled.empty();
  TableBatch& out = batch.of(Table::kLedger);
  std::array<char, 8> key;
  for (size_t i = 0; i < order.size();) {
    const schemas::DeviceId device = ownership[order[i]].record.device;
    DeviceLedger before;
    if (any_stored) {
      auto stored = load_ledger(shard, device.eui.value);
      if (!stored) return stored.error();
      before = std::move(*stored);
    }
    DeviceLedger after = before;
    for (; i < order.size() && keys[i] == device.eui.value; ++i) {
      const GatheredOwnership& g = ownership[order[i]];
      if (g.kind == OwnershipKind::kUnreadable) {
        after.note_unreadable(g.offset);
        continue;
      }
      const LedgerChange change = after.apply(g.record, g.offset);
      if (change == LedgerChange::kConflict || change == LedgerChange::kConflictReplaced)
        ++c->ownership_conflicts;
      if (g.kind == OwnershipKind::kReplay) after.lift_unreadable(g.offset);
    }
    if (after == before) continue;
    if (after.any_unreadable() != before.any_unreadable())
      flag_unreadable(device.eui.value, after.any_unreadable());
    if (any_rows) grown_holdings(device, before, after, late);
    out.add(BatchOp::kPut, ledger_key(device, &key), after.encode());
    if (!rows.empty()) changed->emplace_hint(changed->end(), device.eui.value, std::move(after));
  }
  return {};
}

void ShardWriter::Impl::flag_unreadable(uint64_t device, bool unreadable) {
  const std::lock_guard lock(shard.mutex);
  const auto known = shard.flagged.find(device);
  uint8_t f = known == shard.flagged.end() ? 0 : known->second;
  if (const auto g = flags.find(device); g != flags.end()) f |= g->second;
  flags_to_commit[device] =
      static_cast<uint8_t>(unreadable ? f | kFlagUnreadable : f & ~kFlagUnreadable);
}

// What the commit changes in the flags, as keys; publish_flags() makes it known once it is durable.
void ShardWriter::Impl::put_flags() {
  TableBatch& meta = batch.of(Table::kMeta);
  const std::lock_guard lock(shard.mutex);
  for (const auto& [device, f] : flags) {
    const auto known = shard.flagged.find(device);
    flags_to_commit.try_emplace(
        device, static_cast<uint8_t>(f | (known == shard.flagged.end() ? 0 : known->second)));
  }
  size_t kept = shard.flagged.size();
  bool overflow = shard.flagged_overflow;
  for (auto it = flags_to_commit.begin(); it != flags_to_commit.end();) {
    const bool known = shard.flagged.contains(it->first);
    if (it->second != 0 && !known && kept >= schemas::limits::kFlaggedDevicesMax) {
      if (!overflow) meta.add(BatchOp::kPut, kFlagOverflowKey, "1");
      overflow = true;
      it = flags_to_commit.erase(it);
      continue;
    }
    if (it->second != 0) {
      const char value = static_cast<char>(it->second);
      meta.add(BatchOp::kPut, flag_key(it->first), {&value, 1});
      if (!known) ++kept;
    } else if (known) {
      meta.add(BatchOp::kDelete, flag_key(it->first), {});
      --kept;
    }
    ++it;
  }
  // Told before it is durable: a flag too many is only a "partial" too many.
  shard.flagged_overflow = overflow;
}

void ShardWriter::Impl::publish_flags() {  // shard.mutex held
  for (const auto& [device, f] : flags_to_commit) {
    if (f != 0) {
      shard.flagged[device] = f;
    } else {
      shard.flagged.erase(device);
    }
  }
  flags.clear();
}

void ShardWriter::Impl::put_meta(const std::vector<ReconcileItem>& late, Checkpoint* c) {
  TableBatch& meta = batch.of(Table::kMeta);
  for (const Dictionary::Added& a : unsaved)
    meta.add(BatchOp::kPut, symbol_key(a.cls, a.code), a.symbol->bytes);
  put_tasks(late, &c->next_task, &meta);
  put_flags();
  meta.add(BatchOp::kPut, kCheckpointKey, c->encode());
  meta.sort();
}

// Own ledgers, changed ones among them, and those of back-filled shards.
Result<void> ShardWriter::Impl::join_all(
    const ChangedLedgers& changed, std::span<const uint64_t> devices,
    const std::function<void(uint32_t, const Holding&)>& sink) {
  std::vector<const Shard::Impl*> others;
  for (const Shard* b : shard.options.backfilled) {
    if (b->checkpoint().ownership.consumed > 0) others.push_back(&b->impl());
  }
  const bool own = committed.ownership.consumed > 0 || !changed.empty();
  if (others.empty()) return own ? join_ledgers(shard, changed, devices, sink) : Result<void>{};
  std::vector<std::pair<uint32_t, Holding>> holdings;
  const auto collect = [&](uint32_t i, const Holding& h) { holdings.emplace_back(i, h); };
  if (own) {
    if (auto r = join_ledgers(shard, changed, devices, collect); !r) return r;
  }
  for (const Shard::Impl* o : others) {
    if (auto r = join_ledgers(*o, ChangedLedgers(), devices, collect); !r) return r;
  }
  std::stable_sort(holdings.begin(), holdings.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [i, h] : holdings) sink(i, h);
  return {};
}

Result<void> ShardWriter::Impl::write(WritePath path) {
  Result<void> done;
  {
    // The caches are told of it before the first byte can be seen.
    const CommitClock::Change ledgers(
        shard.ledger_cache->clock(), batch.of(Table::kLedger), [](std::string_view key) {
          const auto device = parse_ledger_key(key);
          return device ? std::optional(device->eui.value) : std::nullopt;
        });
    const CommitClock::Change rows_of_devices(
        shard.row_cache->clock(), batch.of(Table::kDevice), [](std::string_view key) {
          const auto parsed = TrailKey::parse(key);
          return parsed ? std::optional(parsed->entity) : std::nullopt;
        });
    done = path == WritePath::kBulk ? commit_bulk(shard, batch) : commit_live(shard, batch);
  }
  // Again, or the views to come would have the moment before the commit that they hold.
  shard.snapshots.renew();
  return done;
}

Result<void> ShardWriter::Impl::commit(WritePath path) {
  batch.clear();
  flags_to_commit.clear();
  for (const Dictionary::Added& a : shard.dictionary.take_added()) unsaved.push_back(a);
  ChangedLedgers changed;
  std::vector<ReconcileItem> late;
  Checkpoint c = next;
  if (auto r = settle_ledgers(&changed, &late, &c); !r) return r;
  const auto join = [&](std::span<const uint64_t> devices,
                        const std::function<void(uint32_t, const Holding&)>& sink) {
    return join_all(changed, devices, sink);
  };
  auto dropped = builder.build({&rows, &literals, &shard.dictionary, &c.next_chunk}, join, &batch);
  if (!dropped) return dropped.error();
  // The rows are without copies from here on, also for another try after an error.
  for (Checkpoint* p : {&next, &c}) {
    p->events.indexed -= *dropped;
    p->events.duplicates += *dropped;
  }
  put_meta(late, &c);
  {
    const std::lock_guard lock(
        shard.mutex);  // before the ledger is visible: a portfolio must not miss the "pending"
    for (const ReconcileItem& i : late) ++shard.pending[i.entity];
  }
  Result<void> done = write(path);
  const std::lock_guard lock(shard.mutex);
  if (!done) {
    for (const ReconcileItem& i : late) {
      if (--shard.pending[i.entity] == 0) shard.pending.erase(i.entity);
    }
    // Keys of a commit whose fate is unknown are not used again.
    next.next_chunk = c.next_chunk;
    next.next_task = c.next_task;
    return done;
  }
  committed = next = shard.committed = c;
  shard.placed.store(c.placed, std::memory_order_release);
  publish_flags();
  rows.clear();
  literals.clear();
  ownership.clear();
  parties.clear();
  party_bytes = 0;
  unsaved.clear();
  return {};
}

ShardWriter::ShardWriter(Shard& shard) : impl_(std::make_unique<Impl>(shard)) {}
ShardWriter::~ShardWriter() = default;

void ShardWriter::add_event(const schemas::SatEvent& event, const RecordMark& mark) {
  if (impl_->seen(Topic::kEvents, mark)) return;
  impl_->note(Topic::kEvents, mark);
  impl_->check_place(event.device, mark);
  if (impl_->upkeep.dropped(event.time_ns)) {
    ++impl_->next.events.expired;
    return;
  }
  ++impl_->next.events.indexed;
  impl_->add_row(event);
}

void ShardWriter::add_unreadable_event(const RecordMark& mark) {
  if (impl_->seen(Topic::kEvents, mark)) return;
  impl_->note(Topic::kEvents, mark);
  ++impl_->next.events.dead_lettered;
}

void ShardWriter::add_ownership(const schemas::OwnershipRecord& record, const RecordMark& mark) {
  if (impl_->seen(Topic::kOwnership, mark)) return;
  impl_->note(Topic::kOwnership, mark);
  ++impl_->next.ownership.indexed;
  impl_->check_place(record.device, mark);
  impl_->next.partitioners &= mark.partitioners;
  impl_->gather(record, mark.offset, OwnershipKind::kRecord);
}

void ShardWriter::add_unreadable_ownership(const schemas::DeviceId* device,
                                           const RecordMark& mark) {
  if (impl_->seen(Topic::kOwnership, mark)) return;
  impl_->note(Topic::kOwnership, mark);
  ++impl_->next.ownership.dead_lettered;
  if (device == nullptr) return;
  impl_->next.placed &= mark.partitioners;
  schemas::OwnershipRecord r;
  r.device = *device;
  impl_->gather(r, mark.offset, OwnershipKind::kUnreadable);
}

void ShardWriter::replay_ownership(const schemas::OwnershipRecord& record, int64_t offset) {
  TopicProgress& p = impl_->next.ownership;
  if (p.dead_lettered > 0) {
    --p.dead_lettered;
    ++p.indexed;
  }
  impl_->next.placed = 0;  // its key is not known here
  impl_->gather(record, offset, OwnershipKind::kReplay);
}

void ShardWriter::replay_event(const schemas::SatEvent& event, int64_t) {
  TopicProgress& p = impl_->next.events;
  if (p.dead_lettered > 0) {
    --p.dead_lettered;
    ++p.indexed;
  }
  if (event.device) impl_->next.placed = 0;  // its key is not known here
  impl_->add_row(event);
}

void ShardWriter::advance(Topic topic, int64_t next_offset) {
  int64_t& at = impl_->next.of(topic).next_offset;
  at = std::max(at, next_offset);
}

void ShardWriter::mark_gap(Topic topic) {
  impl_->next.sealed_gap[static_cast<size_t>(topic)] = true;
}
void ShardWriter::mark_recreated(Topic topic) {
  impl_->next.recreated[static_cast<size_t>(topic)] = true;
}

size_t ShardWriter::gathered_records() const {
  return impl_->rows.size() + impl_->ownership.size();
}
size_t ShardWriter::gathered_bytes() const {
  return impl_->rows.size() * sizeof(CodedRow) +
         impl_->ownership.size() * sizeof(GatheredOwnership) + impl_->party_bytes +
         impl_->literals.bytes();
}
bool ShardWriter::dirty() const {
  return impl_->next != impl_->committed || !impl_->rows.empty() || !impl_->ownership.empty();
}

Result<void> ShardWriter::commit(WritePath path) { return impl_->commit(path); }

Result<bool> ShardWriter::work_step(int64_t now_wall_ns) {
  Checkpoint c = impl_->committed;
  c.next_chunk = impl_->next.next_chunk;
  c.next_task = impl_->next.next_task;
  auto more = impl_->upkeep.step(now_wall_ns, &c);
  impl_->next.next_chunk = c.next_chunk;
  impl_->next.next_task = c.next_task;
  if (more) {
    impl_->committed.next_chunk = c.next_chunk;
    impl_->committed.next_task = c.next_task;
  }
  return more;
}

Result<void> ShardWriter::settle() { return impl_->upkeep.settle(); }

void ShardWriter::settle_in_background() { impl_->upkeep.settle_in_background(); }

const Checkpoint& ShardWriter::checkpoint() const { return impl_->committed; }
uint8_t ShardWriter::partitioners_in_question() const {
  return impl_->next.placed | impl_->next.partitioners;
}

}  // namespace satindex::store
