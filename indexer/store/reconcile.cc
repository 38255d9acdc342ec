#include "indexer/store/reconcile.h"

#include <algorithm>
#include <set>
#include <utility>

#include "indexer/store/bits.h"
#include "indexer/store/keys.h"
#include "indexer/store/shard_impl.h"

namespace satindex::store {
namespace {

constexpr uint64_t kTaskFormat = 1;  // on disk: never renumber

// The parts of `spans` that `known` leaves out; both merged and ascending.
void subtract(const std::vector<Span>& spans, const std::vector<Span>& known,
              std::vector<Span>* out) {
  for (Span s : spans) {
    for (const Span& k : known) {
      if (k.to_ns <= s.from_ns || k.from_ns >= s.to_ns) continue;
      if (k.from_ns > s.from_ns) out->push_back({s.from_ns, k.from_ns});
      s.from_ns = std::min(k.to_ns, s.to_ns);
    }
    if (s.from_ns < s.to_ns) out->push_back(s);
  }
}

}  // namespace

std::string ReconcileTask::encode() const {
  std::string out;
  put_varint(kTaskFormat, &out);
  put_varint(items.size(), &out);
  for (const ReconcileItem& i : items) {
    put_varint(i.device, &out);
    put_varint(i.entity, &out);
    put_varint(static_cast<uint64_t>(i.span.from_ns), &out);
    put_varint(static_cast<uint64_t>(i.span.to_ns), &out);
  }
  return out;
}

bool ReconcileTask::decode(std::string_view bytes) {
  uint64_t format = 0, n = 0;
  items.clear();
  if (!get_varint(&bytes, &format) || format != kTaskFormat || !get_varint(&bytes, &n) ||
      n > kItemsMax)
    return false;
  for (uint64_t i = 0; i < n; ++i) {
    ReconcileItem item;
    uint64_t from = 0, to = 0;
    if (!get_varint(&bytes, &item.device) || !get_varint(&bytes, &item.entity) ||
        !get_varint(&bytes, &from) || !get_varint(&bytes, &to)) {
      return false;
    }
    item.span = {static_cast<int64_t>(from), static_cast<int64_t>(to)};
    items.push_back(item);
  }
  return bytes.empty();
}

void put_tasks(const std::vector<ReconcileItem>& items, uint32_t* next_task, TableBatch* meta) {
  for (size_t i = 0; i < items.size(); i += ReconcileTask::kItemsMax) {
    ReconcileTask task;
    const size_t end = std::min(items.size(), i + ReconcileTask::kItemsMax);
    task.items.assign(items.begin() + static_cast<ptrdiff_t>(i),
                      items.begin() + static_cast<ptrdiff_t>(end));
    meta->add(BatchOp::kPut, task_key((*next_task)++), task.encode());
  }
}

void grown_holdings(schemas::DeviceId device, const DeviceLedger& before, const DeviceLedger& after,
                    std::vector<ReconcileItem>* out) {
  const OwnershipInterval* last = nullptr;
  for (const OwnershipInterval& i : after.intervals()) {
    if (last != nullptr && last->relation == i.relation && last->party == i.party) continue;
    last = &i;
    std::vector<Span> grown;
    subtract(after.spans(i.relation, i.party, INT64_MAX),
             before.spans(i.relation, i.party, INT64_MAX), &grown);
    for (const Span& s : grown)
      out->push_back({device.eui.value, party_entity(i.relation, i.party), s});
  }
}

}  // namespace satindex::store
