#include <algorithm>
#include <utility>

#include "indexer/store/reader.h"
#include "indexer/store/row_cache.h"
#include "indexer/store/trail_scan.h"
#include "indexer/store/view_impl.h"

namespace satindex::store {

namespace {

struct RowCodec {
  using Item = CodedRow;
  const Dictionary* dictionary = nullptr;
  ChunkKind kind = ChunkKind::kDeviceRows;
  ChunkInterest interest;
  std::shared_ptr<LiteralTable> literals = std::make_shared<LiteralTable>();
  RowChunkHeader header;
  bool all = false;  // whatever is of interest

  bool glance(const TrailKey& key, std::string_view bytes, int64_t* newest, int64_t* oldest,
              bool* wanted) {
    if (!read_row_chunk_header(context_of(kind, key), bytes, &header)) return false;
    *newest = header.newest_ns;
    *oldest = header.oldest_ns;
    if (interest && !all) *wanted = interest({*dictionary, header});
    return true;
  }
  bool decode(const TrailKey& key, std::string_view bytes, int64_t not_before,
              std::vector<Item>* items) {
    return decode_row_chunk(context_of(kind, key), bytes, items, literals.get(), not_before);
  }
  static bool before(const Item& a, const Item& b) { return a.time_ns > b.time_ns; }
};

// Rows passed on the way to a moment that is thought to be near the newest: about what a small chunk or two hold.
constexpr size_t kNewerMax = 64;

}  // namespace

// What is taken comes from the cache as far as it goes, then from the scan. What a scan from the newest row on gives is kept
// at the end, so that the next one who asks finds it.
struct RowCursor::Impl {
  explicit Impl(TrailScan<RowCodec> rows) : scan(std::move(rows)) {}

  TrailScan<RowCodec> scan;
  bool unknown_symbol = false;
  RowCache* cache = nullptr;  // null: neither asked nor told
  uint64_t entity = 0;
  uint64_t moment = 0;
  TimeWindow window;
  std::shared_ptr<const NewestRows> known;  // null: the scan is on
  size_t known_at = 0;
  uint32_t known_taken = 0;
  NewestRows seen;
  bool seeing = false;          // `seen` has all from the newest row to the last one taken
  std::vector<TrailRow> newer;  // passed on the way to a moment

  ~Impl() { keep(); }

  // For the few rows that are kept nothing is passed over: in small chunks hardly a page has only what its caller may see.
  void see_on(bool on) { scan.codec().all = seeing = on; }

  void begin(uint64_t of, TimeWindow wanted) {
    entity = of;
    window = wanted;
    known.reset();
    see_on(false);
    if (cache != nullptr && !window.empty()) known = cache->find(entity, moment);
    if (known) return place_known();
    see_on(cache != nullptr && window.to_ns == INT64_MAX);
    scan.reset(entity, window);
  }
  void seek(uint64_t of, int64_t time, bool near_newest) {
    keep();
    entity = of;
    const TimeWindow only{time, time + 1};
    window = only;
    known = cache != nullptr ? cache->find(entity, moment) : nullptr;
    if (known && known->from_ns <= time) return place_known();
    if (cache == nullptr || !near_newest) {
      known.reset();
      return scan.reset(entity, only);
    }
    window.to_ns = INT64_MAX;
    if (known) {
      leave_known();
    } else {
      see_on(true);
      scan.reset(entity, window);
    }
    while (newer.size() <= kNewerMax && peek() > time) take(&newer);
    const bool too_many = newer.size() > kNewerMax;
    newer.clear();
    if (!too_many) return;
    keep();
    window = only;
    scan.reset(entity, only);
  }
  void place_known() {
    const auto first =
        std::partition_point(known->rows.begin(), known->rows.end(),
                             [this](const TrailRow& r) { return r.time_ns >= window.to_ns; });
    known_at = static_cast<size_t>(first - known->rows.begin());
  }
  // What is older than all that was kept.
  void leave_known() {
    const TimeWindow rest{window.from_ns, std::min(window.to_ns, known->from_ns)};
    if (window.to_ns == INT64_MAX && !known->full) {
      seen = *known;
      see_on(true);
    }
    known.reset();
    scan.reset(entity, rest);
  }
  std::optional<int64_t> peek() {
    if (known) {
      if (known_at < known->rows.size()) {
        const int64_t time = known->rows[known_at].time_ns;
        return time >= window.from_ns ? std::optional(time) : std::nullopt;
      }
      if (known->from_ns <= window.from_ns) return std::nullopt;
      leave_known();
    }
    const CodedRow* r = scan.peek();
    if (r != nullptr) return r->time_ns;
    if (seeing && scan.ok()) seen.from_ns = std::max<int64_t>(window.from_ns, 0);
    return std::nullopt;
  }
  void take(std::vector<TrailRow>* rows) {
    const auto time = peek();
    if (!time) return;
    const size_t before = rows->size();
    if (known) {
      for (; known_at < known->rows.size() && known->rows[known_at].time_ns == *time; ++known_at)
        rows->push_back(known->rows[known_at]);
      known_taken += static_cast<uint32_t>(rows->size() - before);
      return;
    }
    for (const CodedRow* r = scan.peek(); r != nullptr && r->time_ns == *time; r = scan.peek()) {
      if (!fill(*r, &rows->emplace_back())) {
        rows->pop_back();
        unknown_symbol = true;
      }
      scan.advance();
    }
    if (seeing) see({rows->begin() + static_cast<long>(before), rows->end()}, *time);
  }
  void see(std::span<const TrailRow> rows, int64_t time) {
    seen.full = seen.rows.size() + rows.size() > RowCache::kRowsMax;
    if (seen.full) return keep();
    if (seen.rows.empty()) seen.rows.reserve(RowCache::kRowsMax / 8);
    seen.rows.insert(seen.rows.end(), rows.begin(), rows.end());
    seen.from_ns = time;
  }
  void keep() {
    if (!seeing) return;
    see_on(false);
    NewestRows newest = std::exchange(seen, {});
    if (!ok() || scan.codec().literals->size() > 0) return;
    cache->keep(entity, moment, std::move(newest));
  }
  bool ok() const { return scan.ok() && !unknown_symbol; }

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
};

RowCursor::RowCursor(const ShardView& view, std::optional<schemas::DeviceId> device,
                     schemas::UserId loose_user, TimeWindow window, ChunkInterest interest,
                     Kept kept) {
  const ShardView::Impl& of = view.impl();
  RowCodec codec;
  codec.dictionary = &of.shard->dictionary;
  codec.kind = device ? ChunkKind::kDeviceRows : ChunkKind::kLooseRows;
  codec.interest = std::move(interest);
  impl_ = std::make_unique<Impl>(TrailScan<RowCodec>(
      *of.shard, of.taken->snapshot, device ? Table::kDevice : Table::kLoose, std::move(codec)));
  if (device && kept == Kept::kYes) impl_->cache = of.shard->row_cache.get();
  impl_->moment = of.taken->row_moment;
  impl_->begin(device ? device->eui.value : loose_user.eui.value, window);
}
RowCursor::~RowCursor() = default;
RowCursor::RowCursor(RowCursor&&) noexcept = default;

void RowCursor::reset(uint64_t entity, TimeWindow window) {
  impl_->keep();
  impl_->begin(entity, window);
}

void RowCursor::seek(uint64_t entity, int64_t time_ns, bool near_newest) {
  impl_->seek(entity, time_ns, near_newest);
}

std::optional<int64_t> RowCursor::peek() { return impl_->peek(); }
void RowCursor::take(std::vector<TrailRow>* rows) { impl_->take(rows); }
bool RowCursor::ok() const { return impl_->ok(); }
uint32_t RowCursor::work() const { return impl_->scan.work() + impl_->known_taken; }
std::shared_ptr<const void> RowCursor::literals() const {
  return impl_->scan.codec().literals->size() == 0 ? nullptr : impl_->scan.codec().literals;
}

}  // namespace satindex::store
