#include "query/trail/reading.h"

#include <algorithm>

#include "indexer/store/freshness.h"
#include "schemas/limits.h"

namespace satindex::trail {

using schemas::DeviceId;
using schemas::Result;
using store::RowCursor;
using store::TrailPosition;
using store::TrailRow;

void settle_group(std::vector<TrailRow>* rows) {
  if (rows->size() < 2) return;
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

Reading::Reading(const Context& context) : c_(context), window_(context.window) {
  // Equal times may lie on both sides of the cursor: it cuts to the nanosecond, offer() does the rest.
  if (c_.query.after) window_.to_ns = std::min(window_.to_ns, c_.query.after->time_ns + 1);
  for (const store::Shard* s : c_.shards) views_.push_back(std::make_unique<store::ShardView>(*s));
  // After the snapshots: what they hold was placed no worse than the checkpoints say now.
  uint8_t placed = c_.partitions > 0 ? store::kPartitionerAll : 0;
  for (size_t s = 0; s < static_cast<size_t>(c_.partitions); ++s) {
    placed &= c_.shards[s]->checkpoint().placed;
  }
  if (placed & store::kPartitionerMurmur2) {
    placed_by_ = store::kPartitionerMurmur2;
  } else if (placed & store::kPartitionerCrc32) {
    placed_by_ = store::kPartitionerCrc32;
  }
}

std::vector<size_t> Reading::shards_of(DeviceId device) const {
  std::vector<size_t> out;
  const auto partitions = static_cast<size_t>(c_.partitions);
  if (placed_by_) {
    out.push_back(static_cast<size_t>(store::partition_of(*placed_by_, device, c_.partitions)));
  }
  for (size_t s = placed_by_ ? partitions : 0; s < views_.size(); ++s) out.push_back(s);
  return out;
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

bool Reading::matches(const TrailRow& row, bool own) const {
  const Filters& f = c_.query.filters;
  if (f.others_only && own) return false;
  if (!c_.window.contains(row.time_ns)) return false;
  if (!among(f.srv, row.service->first) || !among(f.user_role, row.user->first) ||
      !among(f.event_type, row.outcome->first) || !among(f.device_type, row.device_attrs->first)) {
    return false;
  }
  if (!f.request_id) return true;
  // A hidden field must not be found by asking for it.
  if (!own && c_.policy.rules().hide_request_id) return false;
  return row.request == f.request_id;
}

bool Reading::offer(const TrailRow& row, bool own, Page* page) {
  if (!matches(row, own)) return true;
  if (c_.query.after && !(*c_.query.after < row.position())) return true;
  if (page->entries.size() >= c_.query.limit) {
    page->next = page->entries.back().row.position();
    return false;
  }
  const AccessRules& rules = c_.policy.rules();
  page->entries.push_back({row, own, own || !rules.hide_request_id,
                           own || !rules.hide_command_variant, own || !rules.hide_response_code});
  return true;
}

Result<const DeviceGrant*> Reading::grant_of(DeviceId device) {
  if (const auto it = grants_.find(device.eui.value); it != grants_.end()) return &it->second;
  std::vector<store::DeviceLedger> ledgers;
  if (c_.relation) {
    for (const size_t shard : shards_of(device)) {
      auto l = views_[shard]->ledger(device);
      if (!l) return l.error();
      ledgers.push_back(std::move(*l));
    }
    ++lookups_done_;
  }
  std::vector<const store::DeviceLedger*> known;
  for (const auto& l : ledgers) known.push_back(&l);
  DeviceGrant g = c_.policy.grant(c_.caller, known, c_.now_ns);
  if (!c_.cross_allowed) g.cross.clear();
  return &grants_.emplace(device.eui.value, std::move(g)).first->second;
}

store::ChunkInterest Reading::interest(const DeviceGrant& grant) const {
  return [this, &grant](const store::ChunkGlance& glance) {
    const bool any_own = !c_.query.filters.others_only &&
                         std::any_of(glance.users.begin(), glance.users.end(), [&](const auto* u) {
                           return u == nullptr || c_.caller.owns(u->user);
                         });
    if (any_own) return true;
    const bool in_time =
        std::any_of(grant.cross.begin(), grant.cross.end(), [&](const store::Span& s) {
          return s.from_ns <= glance.newest_ns && s.to_ns > glance.oldest_ns;
        });
    return in_time &&
           std::any_of(glance.outcomes.begin(), glance.outcomes.end(), [&](const auto* o) {
             return o == nullptr || c_.policy.cross_type(o->first);
           });
  };
}

Result<void> Reading::device_page(Page* page) {
  const DeviceId device = c_.query.device;
  auto grant = grant_of(device);
  if (!grant) return grant.error();
  const DeviceGrant& g = **grant;
  if (c_.relation && page->cross_user != CrossUser::kWithheld) {
    page->cross_user = !g.entitled   ? CrossUser::kNone
                       : g.suspended ? CrossUser::kWithheld
                                     : CrossUser::kIncluded;
  }
  if (c_.caller.user_ids.empty() && g.cross.empty()) return {};
  std::vector<RowCursor> cursors;
  for (const size_t shard : shards_of(device)) {
    cursors.emplace_back(*views_[shard], device, schemas::UserId{}, window_, interest(g));
  }
  Rows rows;
  while (true) {
    std::optional<int64_t> t;
    for (RowCursor& r : cursors) t = std::max(t, r.peek());
    work_ = 0;
    for (const RowCursor& r : cursors) {
      if (!r.ok()) return schemas::corrupt("a device trail cannot be read");
      work_ += r.work();
    }
    if (!t) break;
    rows.clear();
    for (RowCursor& r : cursors) {
      if (r.peek() == t) r.take(&rows);
    }
    settle_group(&rows);
    for (const TrailRow& row : rows) {
      const bool own = c_.caller.owns(row.user->user);
      if (!c_.policy.visible(own, row.outcome->first, row.time_ns, g)) continue;
      if (!offer(row, own, page)) break;
    }
    if (page->next) break;
    if (spent()) {
      page->next = TrailPosition{*t, true, device.eui.value, UINT64_MAX};
      break;
    }
  }
  for (const RowCursor& r : cursors) {
    if (auto l = r.literals()) page->keep_alive.push_back(std::move(l));
  }
  return {};
}

Result<void> Reading::fetch(const store::TrailRef& ref, const std::vector<const Source*>& at,
                            bool everywhere, Rows* rows) {
  const store::TimeWindow moment{ref.time_ns, ref.time_ns + 1};
  auto& lookups = ref.has_device ? lookups_ : loose_lookups_;
  lookups.resize(views_.size());
  const auto look = [&](size_t shard, uint64_t entity) {
    if (!lookups[shard]) {
      const auto device =
          ref.has_device ? std::optional<DeviceId>(DeviceId{{entity}}) : std::nullopt;
      lookups[shard] = std::make_unique<RowCursor>(
          *views_[shard], device, schemas::UserId{{entity}}, moment, store::ChunkInterest());
    } else {
      lookups[shard]->reset(entity, moment);
    }
    if (lookups[shard]->peek()) lookups[shard]->take(rows);
    return lookups[shard]->ok();
  };
  bool good = true;
  if (everywhere) {
    for (const size_t shard : shards_of(DeviceId{{ref.device}})) {
      if (good) good = look(shard, ref.device);
    }
  } else {
    uint64_t last_shard = UINT64_MAX;
    for (const Source* s : at) {
      if (ref.has_device && s->shard == last_shard)
        continue;  // two Users of the caller on one device
      last_shard = s->shard;
      if (good) good = look(s->shard, ref.has_device ? ref.device : s->user.eui.value);
    }
  }
  ++lookups_done_;
  return good ? Result<void>{} : Result<void>{schemas::corrupt("a trail row cannot be read")};
}

Result<void> Reading::ref_page(std::vector<Source>* sources, Page* page, bool owned) {
  Rows rows;
  std::vector<const Source*> at;
  while (true) {
    std::optional<store::TrailRef> ref;
    work_ = 0;
    for (Source& s : *sources) {
      const auto r = s.refs.peek();
      if (!s.refs.ok()) return schemas::corrupt("a trail of references cannot be read");
      work_ += s.refs.work();
      if (r && (!ref || *r < *ref)) ref = r;
    }
    if (!ref) break;
    at.clear();
    for (Source& s : *sources) {
      if (s.refs.peek() != ref) continue;
      at.push_back(&s);
      s.refs.advance();
    }
    const TrailPosition end{ref->time_ns, ref->has_device, ref->device, UINT64_MAX};
    if (c_.query.after && !(*c_.query.after < end)) continue;
    const DeviceGrant* g = nullptr;
    if (owned) {
      auto grant = grant_of(DeviceId{{ref->device}});
      if (!grant) return grant.error();
      g = *grant;
    }
    if (!owned || (g->entitled && g->in_own(ref->time_ns))) {
      rows.clear();
      if (auto r = fetch(*ref, at, owned, &rows); !r) return r;
      settle_group(&rows);
      for (const TrailRow& row : rows) {
        const bool own = c_.caller.owns(row.user->user);
        const bool visible =
            owned ? c_.policy.visible(own, row.outcome->first, row.time_ns, *g) : own;
        if (visible && !offer(row, own, page)) break;
      }
    }
    if (page->next) break;
    if (spent()) {
      page->next = end;
      break;
    }
  }
  keep_literals(page);
  return {};
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
      sources.push_back({store::RefCursor::own(*views_[s], user, window_), s, user});
    }
  }
  return ref_page(&sources, page, false);
}

Result<void> Reading::owned_page(Page* page) {
  std::vector<Source> sources;
  for (size_t s = 0; s < views_.size(); ++s) {
    sources.push_back(
        {store::RefCursor::owner(*views_[s], *c_.relation, c_.caller.party, window_), s, {}});
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
  return ref_page(&sources, page, true);
}

}  // namespace satindex::trail
