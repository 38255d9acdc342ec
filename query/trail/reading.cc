#include "query/trail/reading.h"

#include <algorithm>
#include <memory_resource>

#include "indexer/store/freshness.h"
#include "schemas/limits.h"

namespace satindex::trail {

using schemas::DeviceId;
using schemas::Result;
using store::RowCursor;
using store::TrailPosition;
using store::TrailRow;

namespace {

constexpr size_t kEntriesReserved = 128;
constexpr size_t kGatheredMax = 64;

// Behind every row that the reference may stand for.
TrailPosition end_of(const store::TrailRef& ref) {
  return {ref.time_ns, ref.has_device, ref.device, UINT64_MAX};
}

}  // namespace

void settle_rows(std::vector<TrailRow>* rows) {
  struct Placed {
    TrailPosition at;
    TrailRow row;
  };
  std::vector<Placed> placed;
  placed.reserve(rows->size());
  for (const TrailRow& r : *rows) placed.push_back({r.position(), r});
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.at < b.at; });
  rows->clear();
  for (const Placed& p : placed) {
    if (!rows->empty() && rows->back().same_event(p.row)) {
      rows->back().decimals = std::max(rows->back().decimals, p.row.decimals);
    } else {
      rows->push_back(p.row);
    }
  }
}

namespace {

bool without_filters(const Filters& f) {
  return f.srv.empty() && f.user_role.empty() && f.event_type.empty() && f.device_type.empty() &&
         !f.request_id && !f.others_only;
}

}  // namespace

Reading::Reading(const Context& context)
    : c_(context),
      window_(context.window),
      views_(context.shards.size()),
      unfiltered_(without_filters(context.query.filters)) {
  // Equal times may lie on both sides of the cursor: it cuts to the nanosecond, offer() does the rest.
  if (c_.query.after) window_.to_ns = std::min(window_.to_ns, c_.query.after->time_ns + 1);
  placed_by_ = placed_by();
  if (c_.query.route == Route::kDevice) {
    device_shards_ = shards_of(c_.query.device);
    for (const size_t shard : device_shards_) open_view(shard);
  } else {
    for (size_t shard = 0; shard < views_.size(); ++shard) open_view(shard);
  }
  // After the snapshots: what they hold was placed no worse than the checkpoints say now.
  if (const auto now = placed_by(); now != placed_by_) {
    placed_by_ = now;
    device_shards_ = shards_of(c_.query.device);
    for (size_t shard = 0; shard < views_.size(); ++shard) open_view(shard);
  }
}

void Reading::open_view(size_t shard) {
  if (!views_[shard]) views_[shard].emplace(*c_.shards[shard]);
}

std::optional<store::PartitionerBit> Reading::placed_by() const {
  uint8_t placed = c_.partitions > 0 ? store::kPartitionerAll : 0;
  for (size_t s = 0; s < static_cast<size_t>(c_.partitions); ++s) placed &= c_.shards[s]->placed();
  if (placed & store::kPartitionerMurmur2) return store::kPartitionerMurmur2;
  if (placed & store::kPartitionerCrc32) return store::kPartitionerCrc32;
  return std::nullopt;
}

ShardChoice Reading::shards_of(DeviceId device) const {
  if (!placed_by_) return {0, 0, views_.size()};
  const int32_t home = store::partition_of(*placed_by_, device, c_.partitions);
  return {static_cast<size_t>(home), static_cast<size_t>(c_.partitions), views_.size()};
}

bool Reading::spent() const {
  return work_ > schemas::limits::kPageWorkRowsMax ||
         lookups_done_ > schemas::limits::kPageWorkLookupsMax;
}

namespace {

bool among(const std::vector<std::string>& list, std::string_view value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool Reading::passes_filters(const TrailRow& row, bool own) const {
  const Filters& f = c_.query.filters;
  if (f.others_only && own) return false;
  if (!among(f.srv, row.service->first) || !among(f.user_role, row.user->first) ||
      !among(f.event_type, row.outcome->first) || !among(f.device_type, row.device_attrs->first)) {
    return false;
  }
  if (!f.request_id) return true;
  // A hidden field must not be found by asking for it.
  if (!own && c_.policy.rules().hide_request_id) return false;
  return row.request == f.request_id;
}

inline bool Reading::offer(const TrailRow& row, bool own, Page* page) {
  if (!matches(row, own)) return true;
  if (c_.query.after && !(*c_.query.after < row.position())) return true;
  if (page->entries.size() >= c_.query.limit) {
    page->next = page->entries.back().row.position();
    return false;
  }
  if (page->entries.empty())
    page->entries.reserve(std::min<size_t>(c_.query.limit, kEntriesReserved));
  Entry& e = page->entries.emplace_back(row, own);
  if (!own) {
    const AccessRules& rules = c_.policy.rules();
    e.show_request_id = !rules.hide_request_id;
    e.show_command_variant = !rules.hide_command_variant;
    e.show_response_code = !rules.hide_response_code;
  }
  return true;
}

DeviceGrant Reading::decide(std::span<const store::DeviceLedger* const> known) const {
  DeviceGrant g = c_.policy.grant(c_.caller, known, c_.now_ns);
  if (!c_.cross_allowed) g.cross.clear();
  return g;
}

Result<DeviceGrant> Reading::read_grant(DeviceId device, const ShardChoice& shards) {
  if (!c_.relation) return decide({});
  std::array<std::byte, 256> room;  // enough for a device that is in few shards, which is the rule
  std::pmr::monotonic_buffer_resource memory(room.data(), room.size());
  std::pmr::vector<store::KnownLedger> ledgers(&memory);
  std::pmr::vector<const store::DeviceLedger*> known(&memory);
  ledgers.reserve(shards.size());
  known.reserve(shards.size());
  for (const size_t shard : shards) {
    auto l = views_[shard]->ledger(device);
    if (!l) return l.error();
    known.push_back(l->get());
    ledgers.push_back(std::move(*l));
  }
  ++lookups_done_;
  return decide(known);
}

Result<const DeviceGrant*> Reading::grant_of(DeviceId device) {
  if (const auto it = grants_.find(device.eui.value); it != grants_.end()) return &it->second;
  auto grant = read_grant(device, shards_of(device));
  if (!grant) return grant.error();
  return &grants_.emplace(device.eui.value, std::move(*grant)).first->second;
}

Result<void> Reading::read_grants(std::vector<DeviceId> devices) {
  std::erase_if(devices, [this](DeviceId d) { return grants_.contains(d.eui.value); });
  std::sort(devices.begin(), devices.end());
  devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
  std::vector<ShardChoice> shards;  // by device
  std::vector<std::vector<DeviceId>> wanted(views_.size());
  for (const DeviceId device : devices) {
    shards.push_back(shards_of(device));
    for (const size_t shard : shards.back()) wanted[shard].push_back(device);
  }
  std::vector<std::vector<store::KnownLedger>> ledgers(views_.size());
  for (size_t shard = 0; shard < views_.size(); ++shard) {
    if (wanted[shard].empty()) continue;
    auto found = views_[shard]->ledgers(wanted[shard]);
    if (!found) return found.error();
    ledgers[shard] = std::move(*found);
  }
  std::vector<size_t> next(views_.size(), 0);
  std::vector<const store::DeviceLedger*> known;
  for (size_t i = 0; i < devices.size(); ++i) {
    known.clear();
    for (const size_t shard : shards[i]) known.push_back(ledgers[shard][next[shard]++].get());
    grants_.emplace(devices[i].eui.value, decide(known));
  }
  lookups_done_ += static_cast<uint32_t>(devices.size());
  return {};
}

store::ChunkInterest Reading::interest(const DeviceGrant& grant) {
  return [this, &grant](const store::ChunkGlance& glance) {
    const bool in_time =
        std::any_of(grant.cross.begin(), grant.cross.end(), [&](const store::Span& s) {
          return s.from_ns <= glance.newest_ns() && s.to_ns > glance.oldest_ns();
        });
    if (in_time && glance.any_outcome([&](const auto* o) { return o == nullptr || crosses(o); })) {
      return true;
    }
    return !c_.query.filters.others_only &&
           glance.any_user([&](const auto* u) { return u == nullptr || owns(u); });
  };
}

Result<void> Reading::device_page(Page* page) {
  const DeviceId device = c_.query.device;
  const ShardChoice& shards = device_shards_;
  auto grant = read_grant(device, shards);
  if (!grant) return grant.error();
  const DeviceGrant& g = *grant;
  if (c_.relation && page->cross_user != CrossUser::kWithheld) {
    page->cross_user = !g.entitled   ? CrossUser::kNone
                       : g.suspended ? CrossUser::kWithheld
                                     : CrossUser::kIncluded;
  }
  if (c_.caller.user_ids.empty() && g.cross.empty()) return {};
  std::vector<RowCursor> cursors;
  cursors.reserve(shards.size());
  for (const size_t shard : shards) {
    cursors.emplace_back(*views_[shard], device, schemas::UserId{}, window_, interest(g),
                         RowCursor::Kept::kYes);
  }
  while (true) {
    std::optional<int64_t> t;
    for (RowCursor& r : cursors) t = std::max(t, r.peek());
    if (!t) break;
    rows_.clear();
    for (RowCursor& r : cursors) {
      if (cursors.size() == 1 || r.peek() == t) r.take(&rows_);
    }
    settle_group(&rows_);
    const size_t shown = page->entries.size();
    for (const TrailRow& row : rows_) {
      const bool own = owns(row.user);
      if (visible(row, own, g) && !offer(row, own, page)) break;
    }
    if (page->next) break;
    // What fills the page is bounded by the page.
    if (page->entries.size() > shown) continue;
    work_ = 0;
    for (const RowCursor& r : cursors) work_ += r.work();
    if (spent()) {
      page->next = TrailPosition{*t, true, device.eui.value, UINT64_MAX};
      break;
    }
  }
  for (const RowCursor& r : cursors) {
    if (!r.ok()) return schemas::corrupt("a device trail cannot be read");
    if (auto l = r.literals()) page->keep_alive.push_back(std::move(l));
  }
  return {};
}

Result<void> Reading::fetch(const store::TrailRef& ref, bool everywhere) {
  auto& lookups = ref.has_device ? lookups_ : loose_lookups_;
  lookups.resize(views_.size());
  const auto look = [&](size_t shard, uint64_t entity) {
    if (!lookups[shard]) {
      const auto device =
          ref.has_device ? std::optional<DeviceId>(DeviceId{{entity}}) : std::nullopt;
      lookups[shard] = std::make_unique<RowCursor>(
          *views_[shard], device, schemas::UserId{{entity}}, store::TimeWindow{0, 0},
          store::ChunkInterest(), RowCursor::Kept::kYes);
    }
    // The newest events of a party are as a rule the newest of their devices.
    lookups[shard]->seek(entity, ref.time_ns, !c_.query.after);
    if (lookups[shard]->peek()) lookups[shard]->take(&rows_);
    return lookups[shard]->ok();
  };
  bool good = true;
  if (everywhere) {
    for (const size_t shard : shards_of(DeviceId{{ref.device}})) {
      if (good) good = look(shard, ref.device);
    }
  } else {
    uint64_t last_shard = UINT64_MAX;
    for (const Source* s : at_) {
      if (ref.has_device && s->shard == last_shard)
        continue;  // two Users of the caller on one device
      last_shard = s->shard;
      if (good) good = look(s->shard, ref.has_device ? ref.device : s->user.eui.value);
    }
  }
  ++lookups_done_;
  return good ? Result<void>{} : Result<void>{schemas::corrupt("a trail row cannot be read")};
}

Result<std::optional<store::TrailRef>> Reading::next_ref(std::vector<Source>* sources) {
  while (true) {
    std::optional<store::TrailRef> ref;
    work_ = 0;
    for (const Source& s : *sources) {
      work_ += s.refs.work();
      if (!s.good) return schemas::corrupt("a trail of references cannot be read");
      if (s.next && (!ref || *s.next < *ref)) ref = s.next;
    }
    if (!ref) return ref;
    at_.clear();
    for (Source& s : *sources) {
      if (s.next != ref) continue;
      at_.push_back(&s);
      s.refs.advance();
      s.look();
    }
    if (!c_.query.after || *c_.query.after < end_of(*ref)) return ref;
  }
}

// No more than the page can still want when all is visible.
Result<void> Reading::gather(std::vector<Source>* sources, const Page& page) {
  const size_t wanted =
      std::clamp<size_t>(c_.query.limit - page.entries.size() + 1, 1, kGatheredMax);
  std::vector<DeviceId> devices;
  gathered_.clear();
  gathered_offered_ = 0;
  while (gathered_.size() < wanted) {
    auto ref = next_ref(sources);
    if (!ref) return ref.error();
    if (!*ref) break;
    gathered_.push_back(**ref);
    devices.push_back(DeviceId{{(*ref)->device}});
  }
  return read_grants(std::move(devices));
}

// `grant`: of the owner trail; null: the caller's own trail.
Result<void> Reading::take_ref(const store::TrailRef& ref, const DeviceGrant* grant, Page* page) {
  rows_.clear();
  if (auto r = fetch(ref, grant != nullptr); !r) return r;
  settle_group(&rows_);
  for (const TrailRow& row : rows_) {
    const bool own = owns(row.user);
    const bool shown = grant != nullptr ? visible(row, own, *grant) : own;
    if (shown && !offer(row, own, page)) break;
  }
  return {};
}

bool Reading::more(const store::TrailRef& ref, Page* page) const {
  if (!page->next && spent()) page->next = end_of(ref);
  return !page->next;
}

void Reading::keep_literals(Page* page) {
  for (const auto* list : {&lookups_, &loose_lookups_}) {
    for (const auto& cursor : *list) {
      if (!cursor) continue;
      if (auto l = cursor->literals()) page->keep_alive.push_back(std::move(l));
    }
  }
}

Result<void> Reading::own_page(Page* page) {
  std::vector<Source> sources;
  for (size_t s = 0; s < views_.size(); ++s) {
    for (const schemas::UserId user : c_.caller.user_ids) {
      sources.push_back({store::RefCursor::own(*views_[s], user, window_), s, user, {}});
      sources.back().look();
    }
  }
  while (true) {
    auto ref = next_ref(&sources);
    if (!ref) return ref.error();
    if (!*ref) break;
    if (auto r = take_ref(**ref, nullptr, page); !r) return r;
    if (!more(**ref, page)) break;
  }
  keep_literals(page);
  return {};
}

Result<void> Reading::owned_page(Page* page) {
  std::vector<Source> sources;
  for (size_t s = 0; s < views_.size(); ++s) {
    sources.push_back(
        {store::RefCursor::owner(*views_[s], *c_.relation, c_.caller.party, window_), s, {}, {}});
    sources.back().look();
  }
  // Devices about which something is known to be missing: said to those who are entitled to one, whatever the page shows.
  for (size_t s = 0; s < views_.size() && !page->partial; ++s) {
    bool overflow = false;
    const auto flagged = c_.shards[s]->flagged_devices(&overflow);
    page->partial = page->partial || overflow;
    for (const store::FlaggedDevice& f : flagged) {
      auto grant = grant_of(f.device);
      if (!grant) return grant.error();
      if (!(*grant)->entitled) continue;
      if ((*grant)->suspended || f.misplaced) page->partial = true;
    }
  }
  lookups_done_ = 0;
  while (true) {
    if (gathered_offered_ == gathered_.size()) {
      if (auto r = gather(&sources, *page); !r) return r;
      if (gathered_.empty()) break;
    }
    const store::TrailRef ref = gathered_[gathered_offered_++];
    const DeviceGrant& grant = grants_.at(ref.device);
    if (grant.entitled && grant.in_own(ref.time_ns)) {
      if (auto r = take_ref(ref, &grant, page); !r) return r;
    }
    if (!more(ref, page)) break;
  }
  keep_literals(page);
  return {};
}

}  // namespace satindex::trail
