#include "indexer/store/reader.h"

#include "indexer/store/ledger_join.h"
#include "indexer/store/trail_scan.h"

namespace satindex::store {

using schemas::Result;

struct ShardView::Impl {
  const Shard::Impl* shard = nullptr;
  const rocksdb::Snapshot* snapshot = nullptr;
  uint64_t moment = LedgerCache::kNever;
};

ShardView::ShardView(const Shard& shard) : impl_(std::make_unique<Impl>()) {
  impl_->shard = &shard.impl();
  const LedgerCache& cache = *impl_->shard->ledger_cache;
  const uint64_t before = cache.clock();
  impl_->snapshot = impl_->shard->db->GetSnapshot();
  impl_->moment = LedgerCache::moment(before, cache.clock());
}

ShardView::~ShardView() { impl_->shard->db->ReleaseSnapshot(impl_->snapshot); }

Result<KnownLedger> ShardView::ledger(schemas::DeviceId device) const {
  return known_ledger(*impl_->shard, device.eui.value, impl_->moment, impl_->snapshot);
}

Result<std::vector<KnownLedger>> ShardView::ledgers(
    std::span<const schemas::DeviceId> devices) const {
  LedgerCache& cache = *impl_->shard->ledger_cache;
  std::vector<KnownLedger> out(devices.size());
  std::vector<schemas::DeviceId> missing;
  for (size_t i = 0; i < devices.size(); ++i) {
    out[i] = cache.find(devices[i].eui.value, impl_->moment);
    if (!out[i]) missing.push_back(devices[i]);
  }
  if (missing.empty()) return out;
  auto read = load_ledgers(*impl_->shard, missing, impl_->snapshot);
  if (!read) return read.error();
  for (size_t i = 0, next = 0; i < devices.size(); ++i) {
    if (out[i]) continue;
    out[i] = std::make_shared<const DeviceLedger>(std::move((*read)[next++]));
    cache.keep(devices[i].eui.value, impl_->moment, out[i]);
  }
  return out;
}

namespace {

struct RowCodec {
  using Item = CodedRow;
  const Dictionary* dictionary = nullptr;
  ChunkKind kind = ChunkKind::kDeviceRows;
  ChunkInterest interest;
  std::shared_ptr<LiteralTable> literals = std::make_shared<LiteralTable>();
  RowChunkHeader header;

  bool glance(const TrailKey& key, std::string_view bytes, int64_t* newest, int64_t* oldest,
              bool* wanted) {
    if (!read_row_chunk_header(context_of(kind, key), bytes, &header)) return false;
    *newest = header.newest_ns;
    *oldest = header.oldest_ns;
    if (interest) *wanted = interest({*dictionary, header});
    return true;
  }
  bool decode(const TrailKey& key, std::string_view bytes, int64_t not_before,
              std::vector<Item>* items) {
    return decode_row_chunk(context_of(kind, key), bytes, items, literals.get(), not_before);
  }
  static bool before(const Item& a, const Item& b) { return a.time_ns > b.time_ns; }
};

struct RefCodec {
  using Item = TrailRef;
  bool glance(const TrailKey& key, std::string_view bytes, int64_t* newest, int64_t* oldest,
              bool*) {
    RefChunkHeader h;
    if (!read_ref_chunk_header(key.bucket, bytes, &h)) return false;
    *newest = h.newest_ns;
    *oldest = h.oldest_ns;
    return true;
  }
  bool decode(const TrailKey& key, std::string_view bytes, int64_t, std::vector<Item>* items) {
    return decode_ref_chunk(key.bucket, bytes, items);
  }
  static bool before(const Item& a, const Item& b) { return a < b; }
};

}  // namespace

struct RowCursor::Impl {
  TrailScan<RowCodec> scan;

  // False: a code that no dictionary knows.
  bool fill(const CodedRow& r, TrailRow* out) {
    RowCodec& codec = scan.codec();
    const auto symbol = [&](SymbolClass c) {
      const uint32_t code = r.symbol[static_cast<size_t>(c)];
      if (!(code & kLiteralBit)) return codec.dictionary->find(c, code);
      return codec.literals->has(code) ? &codec.literals->at(code) : nullptr;
    };
    out->time_ns = r.time_ns;
    out->decimals = r.decimals;
    out->has_fingerprint = r.has(kRowHasFingerprint);
    out->fingerprint = r.fingerprint;
    out->user = symbol(SymbolClass::kUser);
    out->service = symbol(SymbolClass::kService);
    out->device_attrs = symbol(SymbolClass::kDevice);
    out->outcome = symbol(SymbolClass::kOutcome);
    if (!out->user || !out->service || !out->device_attrs || !out->outcome) return false;
    out->device.reset();
    if (r.has(kRowHasDevice)) out->device = schemas::DeviceId{{r.device}};
    out->request.reset();
    if (r.has(kRowHasRequest)) {
      const uint64_t originator =
          r.has(kRowOriginatorIsUser) ? out->user->user.eui.value : r.originator;
      const uint64_t target = r.has(kRowTargetIsDevice) ? r.device : r.target;
      out->request = schemas::RequestId{{originator}, {target}, r.counter};
    }
    return true;
  }
  bool unknown_symbol = false;
};

RowCursor::RowCursor(const ShardView& view, std::optional<schemas::DeviceId> device,
                     schemas::UserId loose_user, TimeWindow window, ChunkInterest interest) {
  RowCodec codec;
  codec.dictionary = &view.impl().shard->dictionary;
  codec.kind = device ? ChunkKind::kDeviceRows : ChunkKind::kLooseRows;
  codec.interest = std::move(interest);
  impl_.reset(
      new Impl{TrailScan<RowCodec>(*view.impl().shard, view.impl().snapshot,
                                   device ? Table::kDevice : Table::kLoose, std::move(codec)),
               false});
  reset(device ? device->eui.value : loose_user.eui.value, window);
}
RowCursor::~RowCursor() = default;
RowCursor::RowCursor(RowCursor&&) noexcept = default;

void RowCursor::reset(uint64_t entity, TimeWindow window) { impl_->scan.reset(entity, window); }

std::optional<int64_t> RowCursor::peek() {
  const CodedRow* r = impl_->scan.peek();
  if (r == nullptr) return std::nullopt;
  return r->time_ns;
}

void RowCursor::take(std::vector<TrailRow>* rows) {
  const CodedRow* r = impl_->scan.peek();
  const int64_t time = r == nullptr ? 0 : r->time_ns;
  while (r != nullptr && r->time_ns == time) {
    if (!impl_->fill(*r, &rows->emplace_back())) {
      rows->pop_back();
      impl_->unknown_symbol = true;
    }
    impl_->scan.advance();
    r = impl_->scan.peek();
  }
}

bool RowCursor::ok() const { return impl_->scan.ok() && !impl_->unknown_symbol; }
uint32_t RowCursor::work() const { return impl_->scan.work(); }
std::shared_ptr<const void> RowCursor::literals() const {
  return impl_->scan.codec().literals->size() == 0 ? nullptr : impl_->scan.codec().literals;
}

struct RefCursor::Impl {
  TrailScan<RefCodec> scan;
};

RefCursor::RefCursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RefCursor::~RefCursor() = default;
RefCursor::RefCursor(RefCursor&&) noexcept = default;

RefCursor RefCursor::own(const ShardView& view, schemas::UserId user, TimeWindow window) {
  std::unique_ptr<Impl> impl(new Impl{
      TrailScan<RefCodec>(*view.impl().shard, view.impl().snapshot, Table::kOwn, RefCodec())});
  impl->scan.reset(user.eui.value, window);
  return RefCursor(std::move(impl));
}

RefCursor RefCursor::owner(const ShardView& view, schemas::Relation relation,
                           std::string_view party, TimeWindow window) {
  std::unique_ptr<Impl> impl(new Impl{
      TrailScan<RefCodec>(*view.impl().shard, view.impl().snapshot, Table::kOwner, RefCodec())});
  impl->scan.reset(party_entity(relation, party), window);
  return RefCursor(std::move(impl));
}

std::optional<TrailRef> RefCursor::peek() {
  const TrailRef* r = impl_->scan.peek();
  if (r == nullptr) return std::nullopt;
  return *r;
}

void RefCursor::advance() {
  const std::optional<TrailRef> taken = peek();
  while (taken && peek() == taken) impl_->scan.advance();
}

bool RefCursor::ok() const { return impl_->scan.ok(); }
uint32_t RefCursor::work() const { return impl_->scan.work(); }

}  // namespace satindex::store
