// Reading: one page being read. Holds the snapshots, what the caller may see, and the bounds of the work; the service makes
// one for each call. Internal to query/trail; one thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "indexer/store/reader.h"
#include "query/trail/policy.h"
#include "query/trail/query.h"

namespace satindex::trail {

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
  std::vector<size_t> shards_of(schemas::DeviceId device) const;
  std::optional<store::PartitionerBit> placed_by() const;
  void open_view(size_t shard);
  const DeviceGrant& decide(schemas::DeviceId device,
                            const std::vector<const store::DeviceLedger*>& known);
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
  bool owns(const store::TrailRow& row);
  bool visible(const store::TrailRow& row, bool own, const DeviceGrant& grant);
  bool matches(const store::TrailRow& row, bool own) const;
  // False once the page is full: page->next is then set.
  bool offer(const store::TrailRow& row, bool own, Page* page);
  store::ChunkInterest interest(const DeviceGrant& grant) const;
  void keep_literals(Page* page);

  Context c_;
  store::TimeWindow window_;                                // also cut by the cursor
  std::vector<std::unique_ptr<store::ShardView>> views_;    // by shard; null: not needed
  std::vector<std::unique_ptr<store::RowCursor>> lookups_;  // by shard, of device rows
  std::vector<std::unique_ptr<store::RowCursor>>
      loose_lookups_;  // by shard, of rows without device
  std::optional<store::PartitionerBit> placed_by_;
  std::unordered_map<uint64_t, DeviceGrant> grants_;
  std::deque<store::TrailRef> gathered_;  // of the owner trail, not yet offered
  std::vector<const Source*> at_;         // which sources gave the last reference
  Rows rows_;                             // of one time, being judged
  // Neighbouring rows mostly have the same User and outcome, so what was last decided mostly holds.
  struct Decided {
    const store::Symbol* of = nullptr;
    bool yes = false;
  };
  Decided own_, cross_;
  uint32_t lookups_done_ = 0;
  uint32_t work_ = 0;
};

// Sorts rows of one time and device by their place in the order and merges copies of one event; the most precise writing of
// the time stays.
void settle_group(std::vector<store::TrailRow>* rows);

}  // namespace satindex::trail
