#include "indexer/store/reader.h"

#include "indexer/store/ledger_join.h"
#include "indexer/store/trail_scan.h"
#include "indexer/store/view_impl.h"

namespace satindex::store {

using schemas::Result;

ShardView::ShardView(const Shard& shard) : impl_(std::make_unique<Impl>()) {
  Shard::Impl& of = shard.impl();
  impl_->shard = &of;
  impl_->taken = of.snapshots.current([&of] {
    return std::make_shared<const Snapshots::Taken>(*of.db, of.ledger_cache->clock().now(),
                                                    of.row_cache->clock().now());
  });
}

ShardView::~ShardView() = default;

Result<KnownLedger> ShardView::ledger(schemas::DeviceId device) const {
  return known_ledger(*impl_->shard, device.eui.value, impl_->taken->ledger_moment,
                      impl_->taken->snapshot);
}

Result<std::vector<KnownLedger>> ShardView::ledgers(
    std::span<const schemas::DeviceId> devices) const {
  LedgerCache& cache = *impl_->shard->ledger_cache;
  std::vector<KnownLedger> out(devices.size());
  std::vector<schemas::DeviceId> missing;
  for (size_t i = 0; i < devices.size(); ++i) {
    out[i] = cache.find(devices[i].eui.value, impl_->taken->ledger_moment);
    if (!out[i]) missing.push_back(devices[i]);
  }
  if (missing.empty()) return out;
  auto read = load_ledgers(*impl_->shard, missing, impl_->taken->snapshot);
  if (!read) return read.error();
  for (size_t i = 0, next = 0; i < devices.size(); ++i) {
    if (out[i]) continue;
    out[i] = std::make_shared<const DeviceLedger>(std::move((*read)[next++]));
    cache.keep(devices[i].eui.value, impl_->taken->ledger_moment, out[i]);
  }
  return out;
}

namespace {

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

struct RefCursor::Impl {
  TrailScan<RefCodec> scan;
};

RefCursor::RefCursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RefCursor::~RefCursor() = default;
RefCursor::RefCursor(RefCursor&&) noexcept = default;

RefCursor RefCursor::own(const ShardView& view, schemas::UserId user, TimeWindow window) {
  std::unique_ptr<Impl> impl(new Impl{TrailScan<RefCodec>(
      *view.impl().shard, view.impl().taken->snapshot, Table::kOwn, RefCodec())});
  impl->scan.reset(user.eui.value, window);
  return RefCursor(std::move(impl));
}

RefCursor RefCursor::owner(const ShardView& view, schemas::Relation relation,
                           std::string_view party, TimeWindow window) {
  std::unique_ptr<Impl> impl(new Impl{TrailScan<RefCodec>(
      *view.impl().shard, view.impl().taken->snapshot, Table::kOwner, RefCodec())});
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
