#include "indexer/store/upkeep.h"

#include <pthread.h>
#include <rocksdb/convenience.h>

#include "indexer/store/big_endian.h"
#include "indexer/store/commit.h"
#include "indexer/store/reader.h"
#include "indexer/store/reconcile.h"
#include "indexer/store/trail_builder.h"

namespace satindex::store {

using schemas::Result;

namespace {

// Bounds of one step: about ten milliseconds of look-ups, or of rows.
constexpr size_t kItemsPerStep = 512;
constexpr size_t kRefsPerStep = 20'000;
constexpr std::string_view kDroppedKey = "R";  // on disk: lowest bucket kept, two bytes big-endian

}  // namespace

Upkeep::Upkeep(Shard& shard) : owner_(shard), shard_(shard.impl()) {
  std::string value;
  if (shard_.db->Get(rocksdb::ReadOptions(), slice(kDroppedKey), &value).ok() &&
      value.size() == 2) {
    dropped_below_ = static_cast<uint16_t>(read_big_endian(value));
  }
}

Upkeep::~Upkeep() {
  cancel_ = true;
  if (settling_.joinable()) settling_.join();
}

void Upkeep::settle_in_background() {
  if (settling_busy_.exchange(true)) return;
  if (settling_.joinable()) settling_.join();
  settling_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "settle");
    const Result<void> ignored = settle();
    static_cast<void>(ignored);
    settling_busy_ = false;
  });
}

Result<bool> Upkeep::step(int64_t now_wall_ns, Checkpoint* checkpoint) {
  if (shard_.adopting) {
    auto more = adopt(checkpoint);
    if (!more || *more) return more;
  }
  if (owner_.any_pending()) {
    auto more = reconcile(checkpoint);
    if (!more || *more) return more;
  }
  if (!shard_.oversize.empty()) {
    auto more = recut(checkpoint);
    if (!more || *more) return more;
  }
  if (auto r = retire(now_wall_ns); !r) return r.error();
  return owner_.any_pending() || !shard_.oversize.empty();
}

Result<bool> Upkeep::adopt(Checkpoint* checkpoint) {
  if (!adoption_) adoption_ = std::make_unique<Adoption>(owner_);
  std::vector<ReconcileItem> items;
  auto more = adoption_->step(kItemsPerStep, &items);
  if (!more) {
    adoption_.reset();
    return more;
  }
  batch_.clear();
  TableBatch& meta = batch_.of(Table::kMeta);
  put_tasks(items, &checkpoint->next_task, &meta);
  if (!*more) {
    for (const auto& [key, value] : adoption_->markers()) meta.add(BatchOp::kPut, key, value);
  }
  meta.add(BatchOp::kPut, kCheckpointKey, checkpoint->encode());
  if (auto r = commit_live(shard_, batch_); !r) {
    adoption_.reset();  // from the beginning: what was written twice is one
    return r.error();
  }
  const std::lock_guard lock(shard_.mutex);
  shard_.committed.next_task = checkpoint->next_task;
  for (const ReconcileItem& i : items) ++shard_.pending[i.entity];
  if (!*more) {
    shard_.adopting = false;
    adoption_.reset();
  }
  return true;
}

namespace {

// References of the item's rows, newest first, until the step's bound: false, and the item is cut to what is left.
Result<bool> late_refs(std::vector<RowCursor>* cursors, ReconcileItem* item,
                       std::vector<std::pair<uint64_t, TrailRef>>* refs) {
  std::vector<TrailRow> rows;
  while (refs->size() < kRefsPerStep) {
    std::optional<int64_t> t;
    for (RowCursor& c : *cursors) t = std::max(t, c.peek());
    for (const RowCursor& c : *cursors) {
      if (!c.ok())
        return schemas::corrupt("a trail cannot be read while late ownership is worked in");
    }
    if (!t) return true;
    for (RowCursor& c : *cursors) {
      rows.clear();
      if (c.peek() == t) c.take(&rows);
    }
    refs->push_back({item->entity, {*t, true, item->device}});
    item->span.to_ns = *t;
  }
  return false;
}

}  // namespace

Result<bool> Upkeep::reconcile(Checkpoint* checkpoint) {
  std::unique_ptr<rocksdb::Iterator> it(shard_.db->NewIterator(rocksdb::ReadOptions()));
  it->Seek("T");
  if (!it->Valid() || !it->key().starts_with("T")) {
    return it->status().ok() ? Result<bool>{false} : Result<bool>{to_status(it->status())};
  }
  const std::string key = it->key().ToString();
  ReconcileTask task;
  if (!task.decode(view(it->value())))
    return schemas::corrupt("a reconciliation task is malformed");

  std::vector<std::unique_ptr<ShardView>> views;
  views.push_back(std::make_unique<ShardView>(owner_));
  for (const Shard* b : shard_.options.backfilled) views.push_back(std::make_unique<ShardView>(*b));
  std::vector<RowCursor> cursors;
  std::vector<std::pair<uint64_t, TrailRef>> refs;
  size_t done = 0;
  while (done < task.items.size() && done < kItemsPerStep && refs.size() < kRefsPerStep) {
    ReconcileItem& item = task.items[done];
    const TimeWindow window{item.span.from_ns, item.span.to_ns};
    if (cursors.empty()) {
      for (const auto& v : views) {
        cursors.emplace_back(*v, schemas::DeviceId{{item.device}}, schemas::UserId{}, window,
                             ChunkInterest());
      }
    } else {
      for (RowCursor& c : cursors) c.reset(item.device, window);
    }
    auto finished = late_refs(&cursors, &item, &refs);
    if (!finished) return finished.error();
    if (*finished) ++done;
  }

  batch_.clear();
  TrailBuilder::build_owner_refs(&refs, &checkpoint->next_chunk, &batch_);
  TableBatch& meta = batch_.of(Table::kMeta);
  const std::vector<ReconcileItem> finished(task.items.begin(),
                                            task.items.begin() + static_cast<ptrdiff_t>(done));
  task.items.erase(task.items.begin(), task.items.begin() + static_cast<ptrdiff_t>(done));
  if (task.items.empty()) {
    meta.add(BatchOp::kDelete, key, {});
  } else {
    meta.add(BatchOp::kPut, key, task.encode());
  }
  meta.add(BatchOp::kPut, kCheckpointKey, checkpoint->encode());
  if (auto r = commit_live(shard_, batch_); !r) return r.error();
  const std::lock_guard lock(shard_.mutex);
  shard_.committed.next_chunk = checkpoint->next_chunk;
  for (const ReconcileItem& i : finished) {
    if (--shard_.pending[i.entity] == 0) shard_.pending.erase(i.entity);
  }
  return true;
}

Result<bool> Upkeep::recut(Checkpoint* checkpoint) {
  OversizeQueue::Item item;
  if (!shard_.oversize.pop(&item)) return false;
  rocksdb::PinnableSlice value;
  rocksdb::Status s;
  {
    const ReadScope only_looking;  // a packing merge would put the key back on the queue
    s = shard_.db->Get(rocksdb::ReadOptions(), shard_.cf(item.table), slice(item.key), &value);
  }
  if (s.IsNotFound()) return true;
  if (!s.ok()) return to_status(s);
  const auto key = TrailKey::parse(item.key);
  batch_.clear();
  if (!key || !key->base || value.size() <= kBaseValueBytesMax) return true;
  if (!TrailBuilder::recut(item.table, *key, view(value), &checkpoint->next_chunk, &batch_))
    return true;
  batch_.of(Table::kMeta).add(BatchOp::kPut, kCheckpointKey, checkpoint->encode());
  if (auto r = commit_live(shard_, batch_); !r) return r.error();
  const std::lock_guard lock(shard_.mutex);
  shard_.committed.next_chunk = checkpoint->next_chunk;
  return true;
}

Result<void> Upkeep::retire(int64_t now_wall_ns) {
  if (shard_.options.retention_ns <= 0 || now_wall_ns <= shard_.options.retention_ns) return {};
  const uint16_t keep = bucket_of(now_wall_ns - shard_.options.retention_ns);
  if (keep <= dropped_below_) return {};
  // Keys of dropped buckets are those from the newest dropped one on.
  const KeyBytes from = encode_key({static_cast<uint16_t>(keep - 1), 0, true, 0, 0});
  const std::string to(kChunkKeyBytes + 1, '\xFF');
  std::string kept;
  append_big_endian(keep, 2, &kept);
  rocksdb::WriteBatch w;
  w.Put(slice(kDroppedKey), kept);
  for (const Table t : kTrailTables) w.DeleteRange(shard_.cf(t), slice(from.view()), to);
  rocksdb::Status s = shard_.db->Write(rocksdb::WriteOptions(), &w);
  shard_.snapshots.renew();
  const rocksdb::Slice begin = slice(from.view());
  const rocksdb::Slice end = to;
  for (const Table t : kTrailTables) {
    if (s.ok()) s = rocksdb::DeleteFilesInRange(shard_.db.get(), shard_.cf(t), &begin, &end);
  }
  if (!s.ok()) return to_status(s);
  dropped_below_ = keep;
  shard_.buckets.remove_below(keep);
  return {};
}

Result<void> Upkeep::settle() {
  rocksdb::CompactRangeOptions o;
  o.exclusive_manual_compaction = false;
  o.max_subcompactions = 2;
  o.canceled = &cancel_;
  for (size_t t = 0; t < kTables; ++t) {
    const rocksdb::Status s = shard_.db->CompactRange(o, shard_.handles[t], nullptr, nullptr);
    if (!s.ok()) return to_status(s);
  }
  return {};
}

}  // namespace satindex::store
