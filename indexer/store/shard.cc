#include "indexer/store/shard.h"

#include <rocksdb/listener.h>
#include <rocksdb/utilities/checkpoint.h>

#include "indexer/store/adoption.h"
#include "indexer/store/big_endian.h"
#include "indexer/store/bits.h"
#include "indexer/store/reconcile.h"
#include "indexer/store/rocks_log.h"
#include "indexer/store/shard_impl.h"

namespace satindex::store {

using schemas::Result;
using schemas::Status;
using schemas::StatusCode;

// Remembers that RocksDB has latched a background error (disk full), so that it can be shown and recovered from.
class ErrorWatch : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override {
    latched_ = true;
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    if (info.new_bg_error.ok()) latched_ = false;
  }
  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo& info) override {
    flushed_bytes_ += info.table_properties.data_size + info.table_properties.index_size +
                      info.table_properties.filter_size;
  }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo& info) override {
    compacted_bytes_ += info.stats.total_output_bytes;
  }
  void OnExternalFileIngested(rocksdb::DB*,
                              const rocksdb::ExternalFileIngestionInfo& info) override {
    ingested_bytes_ += info.table_properties.data_size + info.table_properties.index_size +
                       info.table_properties.filter_size;
  }
  std::atomic<bool> latched_{false};
  std::atomic<uint64_t> flushed_bytes_{0}, compacted_bytes_{0}, ingested_bytes_{0};
};

Status to_status(const rocksdb::Status& s) {
  // RocksDB's text can hold a path: it is for the log, never for a caller; query/http answers by code alone.
  if (s.IsCorruption()) return {StatusCode::kCorrupt, s.ToString()};
  return {StatusCode::kUnavailable, s.ToString()};
}

std::string symbol_key(SymbolClass cls, SymbolCode code) {
  std::string k = "S";
  k.push_back(static_cast<char>(cls));
  append_big_endian(code, 4, &k);
  return k;
}

std::string task_key(uint32_t seq) {
  std::string k = "T";
  append_big_endian(seq, 4, &k);
  return k;
}

std::string flag_key(uint64_t device) {
  std::string k(kFlagOverflowKey);
  append_big_endian(device, 8, &k);
  return k;
}

StoreResources::StoreResources(size_t cache_bytes, size_t write_buffer_bytes, int background_jobs)
    : impl_(std::make_unique<Impl>()) {
  rocksdb::LRUCacheOptions c;
  c.capacity = cache_bytes;
  c.high_pri_pool_ratio = 0.3;
  impl_->cache = rocksdb::NewLRUCache(c);
  impl_->write_buffers =
      std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes, impl_->cache);
  impl_->env = rocksdb::Env::Default();
  impl_->env->SetBackgroundThreads(std::max(1, background_jobs), rocksdb::Env::LOW);
  impl_->env->SetBackgroundThreads(1, rocksdb::Env::HIGH);
  // Nobody waits for a flush or a compaction until writes stall: while all cores are busy, answers go first.
  for (const auto pool : {rocksdb::Env::LOW, rocksdb::Env::HIGH})
    impl_->env->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow);
}
StoreResources::~StoreResources() = default;

void BucketList::add(Table table, uint16_t bucket) {
  const std::lock_guard lock(mutex_);
  buckets_[index_of(table)].insert(bucket);
}

void BucketList::remove_below(uint16_t bucket) {
  const std::lock_guard lock(mutex_);
  for (auto& b : buckets_) {
    while (!b.empty() && *b.rbegin() < bucket) b.erase(std::prev(b.end()));
  }
}

std::vector<uint16_t> BucketList::of(Table table) const {
  const std::lock_guard lock(mutex_);
  const auto& b = buckets_[index_of(table)];
  return {b.begin(), b.end()};
}

rocksdb::ReadOptions Shard::Impl::read_options(const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions r;
  r.snapshot = snapshot;
  return r;
}

Shard::Impl::~Impl() {
  if (!db) return;
  snapshots.renew();
  for (auto* h : handles) {
    if (h != nullptr) db->DestroyColumnFamilyHandle(h);
  }
  db->Close();
}

namespace {

rocksdb::Options database_options(const Shard::Impl& s) {
  rocksdb::Options o;
  o.create_if_missing = true;
  o.create_missing_column_families = true;
  o.write_buffer_manager = s.resources->impl().write_buffers;
  o.env = s.resources->impl().env;
  o.max_background_jobs = 2;
  o.max_open_files = -1;
  o.max_total_wal_size = 256 << 20;
  o.info_log = std::make_shared<RocksLog>(s.options.path);
  o.stats_dump_period_sec = 0;
  o.listeners = {s.errors};
  o.statistics = s.stalls;
  o.avoid_flush_during_shutdown = false;
  return o;
}

Result<void> load_meta(Shard::Impl* s) {
  std::string value;
  const rocksdb::ReadOptions ro;
  rocksdb::Status st = s->db->Get(ro, slice(kFormatKey), &value);
  if (st.IsNotFound()) {
    const std::string version(1, static_cast<char>(kFormatVersion));
    st = s->db->Put(rocksdb::WriteOptions(), slice(kFormatKey), version);
    if (!st.ok()) return to_status(st);
    return {};
  }
  if (!st.ok()) return to_status(st);
  if (value.size() != 1 || value[0] != static_cast<char>(kFormatVersion)) {
    return schemas::corrupt("the index has a format version that this release does not read");
  }
  st = s->db->Get(ro, slice(kCheckpointKey), &value);
  if (st.ok()) {
    auto c = Checkpoint::decode(value);
    if (!c) return c.error();
    s->committed = *c;
    s->placed = c->placed;
  } else if (!st.IsNotFound()) {
    return to_status(st);
  }
  std::unique_ptr<rocksdb::Iterator> it(s->db->NewIterator(ro));
  for (it->Seek("S"); it->Valid() && it->key().starts_with("S"); it->Next()) {
    const std::string_view k = view(it->key());
    if (k.size() != 6 || static_cast<uint8_t>(k[1]) >= kSymbolClasses)
      return schemas::corrupt("a symbol key is malformed");
    const auto code = static_cast<SymbolCode>(read_big_endian(k.substr(2)));
    auto r = s->dictionary.restore(static_cast<SymbolClass>(k[1]), code, view(it->value()));
    if (!r) return r.error();
  }
  for (it->Seek(slice(kFlagOverflowKey));
       it->Valid() && it->key().starts_with(slice(kFlagOverflowKey)); it->Next()) {
    std::string_view k = view(it->key()).substr(1);
    if (k.empty()) {
      s->flagged_overflow = true;
      continue;
    }
    if (k.size() != 8 || it->value().size() != 1)
      return schemas::corrupt("a device flag is malformed");
    s->flagged[read_big_endian(k)] = static_cast<uint8_t>(it->value()[0]);
  }
  for (it->Seek("T"); it->Valid() && it->key().starts_with("T"); it->Next()) {
    ReconcileTask task;
    if (!task.decode(view(it->value())))
      return schemas::corrupt("a reconciliation task is malformed");
    for (const ReconcileItem& i : task.items) ++s->pending[i.entity];
  }
  return it->status().ok() ? Result<void>{} : Result<void>{to_status(it->status())};
}

Result<void> load_identity(Shard::Impl* s) {
  const rocksdb::Status st = s->db->Get(rocksdb::ReadOptions(), slice(kIdentityKey), &s->identity);
  if (!st.ok() && !st.IsNotFound()) return to_status(st);
  const std::string& asked = s->options.identity;
  if (asked.empty() || s->identity == asked) return {};
  if (!s->identity.empty()) {
    return schemas::config_error(s->options.path.filename().string() + " is the index of " +
                                 s->identity + ", not of " + asked);
  }
  s->identity = asked;
  const rocksdb::Status put = s->db->Put(rocksdb::WriteOptions(), slice(kIdentityKey), s->identity);
  return put.ok() ? Result<void>{} : Result<void>{to_status(put)};
}

Result<void> load_buckets(Shard::Impl* s) {
  for (const Table t : kTrailTables) {
    rocksdb::ReadOptions ro;
    ro.total_order_seek = true;
    std::unique_ptr<rocksdb::Iterator> it(s->db->NewIterator(ro, s->cf(t)));
    const ReadScope scope;
    it->SeekToFirst();
    while (it->Valid()) {
      const auto key = TrailKey::parse(view(it->key()));
      if (!key) return schemas::corrupt("a trail key is malformed");
      s->buckets.add(t, key->bucket);
      if (key->bucket == 0) break;
      const KeyBytes next = encode_key({static_cast<uint16_t>(key->bucket - 1), 0, true, 0, 0});
      it->Seek(slice(next.view()));
    }
    if (!it->status().ok()) return to_status(it->status());
  }
  return {};
}

}  // namespace

Shard::Shard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Shard::~Shard() = default;

Result<std::unique_ptr<Shard>> Shard::open(const ShardOptions& options,
                                           std::shared_ptr<StoreResources> resources) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->resources = std::move(resources);
  impl->errors = std::make_shared<ErrorWatch>();
  impl->stalls = std::make_shared<StallCount>();
  impl->ledger_cache = std::make_unique<LedgerCache>(impl->resources->impl().cache);
  impl->row_cache = std::make_unique<RowCache>(impl->resources->impl().cache);
  std::error_code ec;
  std::filesystem::create_directories(options.path, ec);
  if (ec) return schemas::unavailable("cannot create the directory of a shard: " + ec.message());
  // Files of a bulk commit that a crash interrupted: they were never part of the index.
  std::filesystem::remove_all(options.path / "bulk", ec);
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  for (size_t i = 0; i < kTables; ++i) {
    tables.emplace_back(
        kTableNames[i],
        table_options(static_cast<Table>(i), impl->resources->impl().cache, &impl->oversize));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status st =
      rocksdb::DB::Open(database_options(*impl), options.path.string(), tables, &handles, &db);
  if (!st.ok()) return to_status(st);
  impl->db.reset(db);
  std::copy(handles.begin(), handles.end(), impl->handles.begin());
  if (auto r = load_meta(impl.get()); !r) return r.error();
  if (auto r = load_identity(impl.get()); !r) return r.error();
  if (auto r = load_buckets(impl.get()); !r) return r.error();
  impl->adopting = adoption_due(*impl);
  return std::unique_ptr<Shard>(new Shard(std::move(impl)));
}

int32_t Shard::partition() const { return impl_->options.partition; }
const std::string& Shard::identity() const { return impl_->identity; }

Checkpoint Shard::checkpoint() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->committed;
}

uint8_t Shard::placed() const { return impl_->placed.load(std::memory_order_acquire); }

bool Shard::pending(schemas::Relation relation, std::string_view party) const {
  if (impl_->adopting) return true;
  const std::lock_guard lock(impl_->mutex);
  return impl_->pending.contains(party_entity(relation, party));
}

bool Shard::any_pending() const {
  if (impl_->adopting) return true;
  const std::lock_guard lock(impl_->mutex);
  return !impl_->pending.empty();
}

std::vector<FlaggedDevice> Shard::flagged_devices(bool* overflow) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<FlaggedDevice> out;
  for (const auto& [device, flags] : impl_->flagged) {
    out.push_back({{{device}}, (flags & kFlagUnreadable) != 0, (flags & kFlagMisplaced) != 0});
  }
  *overflow = impl_->flagged_overflow;
  return out;
}

Shard::Stats Shard::stats() const {
  Stats s;
  const auto sum = [&](const char* property) {
    uint64_t total = 0;
    for (auto* h : impl_->handles) {
      uint64_t v = 0;
      if (impl_->db->GetIntProperty(h, property, &v)) total += v;
    }
    return total;
  };
  s.sst_bytes = sum("rocksdb.live-sst-files-size");
  s.memtable_bytes = sum("rocksdb.cur-size-all-mem-tables");
  std::vector<rocksdb::LiveFileMetaData> files;
  impl_->db->GetLiveFilesMetaData(&files);
  s.live_files = files.size();
  s.stalled_micros = impl_->stalls->micros();
  s.compaction_bytes_written = impl_->errors->compacted_bytes_;
  s.flush_bytes_written = impl_->errors->flushed_bytes_;
  s.ingested_bytes = impl_->errors->ingested_bytes_;
  s.background_error = impl_->errors->latched_;
  for (size_t i = 0; i < kSymbolClasses; ++i)
    s.symbols[i] = impl_->dictionary.size(static_cast<SymbolClass>(i));
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [entity, n] : impl_->pending) s.pending_tasks += n;
  return s;
}

Result<void> Shard::checkpoint_to(const std::filesystem::path& directory) const {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status st = rocksdb::Checkpoint::Create(impl_->db.get(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> copy(raw);
  if (st.ok()) st = copy->CreateCheckpoint(directory.string());
  return st.ok() ? Result<void>{} : Result<void>{to_status(st)};
}

}  // namespace satindex::store
