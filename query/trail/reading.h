// Reading: one page being read. Holds the snapshots, what the caller may see, and the bounds of the work; the service makes
// one for each call. Internal to query/trail; one thread.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "indexer/store/reader.h"
#include "query/trail/policy.h"
#include "query/trail/query.h"

namespace satindex::trail {

// Some shards, in order: one, and all from another on.
class ShardChoice {
 public:
  ShardChoice(size_t first, size_t rest, size_t end) : first_(first), rest_(rest), end_(end) {}
  class Iterator {
   public:
    Iterator(size_t at, size_t rest) : at_(at), rest_(rest) {}
    size_t operator*() const { return at_; }
    Iterator& operator++() {
      at_ = at_ < rest_ ? rest_ : at_ + 1;
      return *this;
    }
    bool operator!=(const Iterator& o) const { return at_ != o.at_; }

   private:
    size_t at_;
    size_t rest_;
  };
  Iterator begin() const { return {first_, rest_}; }
  Iterator end() const { return {end_, rest_}; }
  size_t size() const { return end_ - rest_ + (first_ < rest_ ? 1 : 0); }

 private:
  size_t first_;
  size_t rest_;
  size_t end_;
};

// What was decided of a symbol; a page's rows have few, in turn.
class Decided {
 public:
  template <class Decide>
  bool get(const store::Symbol* symbol, const Decide& decide) {
    if (last_.of == symbol) return last_.yes;
    Slot& s = slots_[(reinterpret_cast<uintptr_t>(symbol) >> 6) % slots_.size()];
    if (s.of != symbol) s = {symbol, decide()};
    last_ = s;
    return s.yes;
  }

 private:
  struct Slot {
    const store::Symbol* of = nullptr;
    bool yes = false;
  };
  std::array<Slot, 16> slots_;
  Slot last_;
};

class Reading {
 public:
  struct Context {
    const std::vector<store::Shard*>& shards;
    const AccessPolicy& policy;
    const Caller& caller;
    const AuditTrailQuery& query;
    std::optional<schemas::Relation> relation;  // through which others' rows may be seen at all
    bool cross_allowed = false;                 // fresh, clock good
    int64_t now_ns = 0;
    int32_t partitions = 0;    // of the topics: the first shards; the rest is back-filled
    store::TimeWindow window;  // filters and retention
  };
  explicit Reading(const Context& context);

  schemas::Result<void> device_page(Page* page);
  schemas::Result<void> own_page(Page* page);
  schemas::Result<void> owned_page(Page* page);

 private:
  using Rows = std::vector<store::TrailRow>;
  struct Source {
    store::RefCursor refs;
    size_t shard;
    schemas::UserId user;                 // own trail
    std::optional<store::TrailRef> next;  // as refs.peek() says
    bool good = true;                     // as refs.ok()
    void look() {
      next = refs.peek();
      good = refs.ok();
    }
  };

  // The shards that can know the device, in order: the one its id hashes to, where every record so far lay as the same
  // known partitioner would have it, and the back-filled ones; else all.
  ShardChoice shards_of(schemas::DeviceId device) const;
  std::optional<store::PartitionerBit> placed_by() const;
  void open_view(size_t shard);
  DeviceGrant decide(std::span<const store::DeviceLedger* const> known) const;
  schemas::Result<DeviceGrant> read_grant(schemas::DeviceId device, const ShardChoice& shards);
  // Kept for the page.
  schemas::Result<const DeviceGrant*> grant_of(schemas::DeviceId device);
  // Grants of all these devices, read in one go a shard; grant_of then finds them.
  schemas::Result<void> read_grants(std::vector<schemas::DeviceId> devices);
  // The next reference of all sources behind the query's place; nullopt at the end. Sets at_.
  schemas::Result<std::optional<store::TrailRef>> next_ref(std::vector<Source>* sources);
  schemas::Result<void> gather(std::vector<Source>* sources, const Page& page);
  // Offers the rows of one reference.
  schemas::Result<void> take_ref(const store::TrailRef& ref, const DeviceGrant* grant, Page* page);
  // False when the page ends here: it is full, or its work is spent.
  bool more(const store::TrailRef& ref, Page* page) const;
  // Adds to rows_ from every shard that can know the device, or from those of at_ only.
  schemas::Result<void> fetch(const store::TrailRef& ref, bool everywhere);
  bool spent() const;
  bool owns(const store::Symbol* user) const { return c_.caller.owns(user->user); }
  bool crosses(const store::Symbol* outcome) {
    return cross_.get(outcome, [&] { return c_.policy.cross_type(outcome->first); });
  }
  bool visible(const store::TrailRow& row, bool own, const DeviceGrant& grant) {
    return AccessPolicy::visible(own, !own && crosses(row.outcome), row.time_ns, grant);
  }
  bool matches(const store::TrailRow& row, bool own) const {
    return c_.window.contains(row.time_ns) && (unfiltered_ || passes_filters(row, own));
  }
  bool passes_filters(const store::TrailRow& row, bool own) const;
  // False once the page is full: page->next is then set.
  bool offer(const store::TrailRow& row, bool own, Page* page);
  store::ChunkInterest interest(const DeviceGrant& grant);
  void keep_literals(Page* page);

  Context c_;
  store::TimeWindow window_;                                // also cut by the cursor
  std::vector<std::optional<store::ShardView>> views_;      // by shard; none: not needed
  std::vector<std::unique_ptr<store::RowCursor>> lookups_;  // by shard, of device rows
  std::vector<std::unique_ptr<store::RowCursor>>
      loose_lookups_;  // by shard, of rows without device
  std::optional<store::PartitionerBit> placed_by_;
  ShardChoice device_shards_{0, 0, 0};  // of the query's device, on its route
  std::unordered_map<uint64_t, DeviceGrant> grants_;
  std::vector<store::TrailRef> gathered_;  // of the owner trail
  size_t gathered_offered_ = 0;
  std::vector<const Source*> at_;  // which sources gave the last reference
  Rows rows_;                      // of one time, being judged
  const bool unfiltered_;          // but by time
  Decided cross_;
  uint32_t lookups_done_ = 0;
  uint32_t work_ = 0;
};

// Sorts rows of one time and device by their place in the order and merges copies of one event; the most precise writing of
// the time stays.
void settle_rows(std::vector<store::TrailRow>* rows);
inline void settle_group(std::vector<store::TrailRow>* rows) {
  if (rows->size() > 1) settle_rows(rows);
}

}  // namespace satindex::trail
