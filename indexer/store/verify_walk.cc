#include "indexer/store/verify_walk.h"

#include <algorithm>

#include "indexer/store/chunk_value.h"
#include "schemas/time.h"

namespace satindex::store {
namespace {

uint32_t sub_bucket(int64_t time_ns) {
  return static_cast<uint32_t>((time_ns & ((int64_t{1} << kBucketBits) - 1)) >> kSubBucketBits);
}

// Whether times, newest first, lie where their key says.
template <class Item>
bool in_bounds(const TrailKey& key, const std::vector<Item>& items, size_t from, std::string* why) {
  for (size_t i = from; i < items.size(); ++i) {
    const int64_t t = items[i].time_ns;
    if (t < 0 || t > schemas::kEventTimeMaxNs || bucket_of(t) != key.bucket) {
      *why = "a time outside its bucket";
      return false;
    }
    if (i > from && items[i - 1].time_ns < t) {
      *why = "times out of order";
      return false;
    }
  }
  if (key.base || from == items.size()) return true;
  if (TrailKey::coarse_of(items[from].time_ns) != key.coarse) {
    *why = "a newest time that is not its key's";
    return false;
  }
  if (sub_bucket(items.back().time_ns) != sub_bucket(items[from].time_ns)) {
    *why = "times beyond the bounds of a full chunk";
    return false;
  }
  return true;
}

}  // namespace

std::string device_words(uint64_t device) { return "device " + schemas::Eui64{device}.to_string(); }
std::string time_words(int64_t time_ns) {
  const bool writable = time_ns >= 0 && time_ns <= schemas::kEventTimeMaxNs;
  return writable ? schemas::format_time(time_ns, 9) : std::to_string(time_ns) + " ns";
}

BucketWalk::BucketWalk(const Shard::Impl& shard, Table table, uint16_t bucket, bool silent,
                       VerifyReport* report)
    : shard_(shard), table_(table), silent_(silent), report_(report) {
  rocksdb::ReadOptions ro;
  ro.total_order_seek = true;
  ro.fill_cache = false;
  it_.reset(shard.db->NewIterator(ro, shard.cf(table)));
  prefix_.assign(encode_key({bucket, 0, true, 0, 0}).view().substr(0, 2));
}

void BucketWalk::differ(const std::string& what) {
  if (silent_) return;
  report_->differ("table " + std::string(kTableNames[index_of(table_)]) + ", " +
                  (table_ == Table::kDevice ? device_words(key_.entity)
                                            : "entity " + schemas::Eui64{key_.entity}.to_string()) +
                  ", from " + time_words(bucket_start(key_.bucket)) + ": " + what);
}

void BucketWalk::check_order(std::string_view bytes) {
  if (!last_key_.empty() && bytes <= last_key_) differ("keys out of order");
  last_key_.assign(bytes);
  if (encode_key(key_).view() != bytes) differ("a key that does not round-trip");
  if (!key_.base && key_.seq >= shard_.committed.next_chunk)
    differ("a chunk number that the checkpoint has not given out");
}

bool BucketWalk::next() {
  const ReadScope scope;
  for (;;) {
    if (!begun_) {
      it_->Seek(slice(prefix_));
      begun_ = true;
    } else {
      it_->Next();
    }
    if (!it_->Valid() || !it_->key().starts_with(slice(prefix_))) break;
    if (!silent_) ++report_->keys;
    const auto key = TrailKey::parse(view(it_->key()));
    if (!key) {
      differ("a malformed key");
      continue;
    }
    key_ = *key;
    check_order(view(it_->key()));
    chunks_.clear();
    if (!split_value(view(it_->value()), &chunks_)) {
      differ("a value that does not split into chunks");
      continue;
    }
    if (!key_.base && chunks_.size() != 1) differ("a full chunk's key with several chunks");
    return true;
  }
  if (!it_->status().ok()) differ("cannot be read on: " + it_->status().ToString());
  return false;
}

EntityWalk::EntityWalk(const Shard::Impl& shard, Table table, uint16_t bucket, VerifyReport* report)
    : shard_(shard), table_(table), report_(report), walk_(shard, table, bucket, false, report) {
  more_ = walk_.next();
}

const Symbol* EntityWalk::symbol(const CodedRow& row, SymbolClass c) const {
  const uint32_t code = row.symbol[static_cast<size_t>(c)];
  if (!(code & kLiteralBit)) return shard_.dictionary.find(c, code);
  return literals_.has(code) ? &literals_.at(code) : nullptr;
}

bool EntityWalk::row_good(const CodedRow& row, std::string* why) const {
  for (size_t c = 0; c < kSymbolClasses; ++c) {
    if (symbol(row, static_cast<SymbolClass>(c)) != nullptr) continue;
    *why = "a symbol that the dictionary does not know, at " + time_words(row.time_ns);
    return false;
  }
  if (table_ == Table::kLoose &&
      symbol(row, SymbolClass::kUser)->user.eui.value != walk_.key().entity) {
    *why = "a row of another User, at " + time_words(row.time_ns);
    return false;
  }
  return true;
}

void EntityWalk::take_chunk(std::string_view bytes) {
  const ChunkContext context = context_of(kind_of(table_), walk_.key());
  const size_t from = rows_.size();
  std::string why;
  RowChunkHeader header;
  if (!read_row_chunk_header(context, bytes, &header) ||
      !decode_row_chunk(context, bytes, &rows_, &literals_)) {
    walk_.differ("a chunk that cannot be decoded");
    return;
  }
  if (!in_bounds(walk_.key(), rows_, from, &why)) {
    walk_.differ(why);
  } else if (header.newest_ns != rows_[from].time_ns || header.oldest_ns > rows_.back().time_ns) {
    walk_.differ("a chunk whose head does not bound its rows");
  }
  // Rows with a name nobody knows cannot be compared further.
  const auto bad = std::remove_if(rows_.begin() + static_cast<ptrdiff_t>(from), rows_.end(),
                                  [&](const CodedRow& row) {
                                    if (row_good(row, &why)) return false;
                                    walk_.differ(why);
                                    return true;
                                  });
  rows_.erase(bad, rows_.end());
}

bool EntityWalk::next(uint64_t* entity, std::vector<WalkedRow>* rows) {
  if (!more_) return false;
  *entity = walk_.key().entity;
  rows_.clear();
  literals_.clear();
  while (more_ && walk_.key().entity == *entity) {
    for (const std::string_view chunk : walk_.chunks()) take_chunk(chunk);
    more_ = walk_.next();
  }
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const CodedRow& a, const CodedRow& b) { return a.time_ns > b.time_ns; });
  report_->copies += drop_copies(&rows_, literals_);
  (table_ == Table::kDevice ? report_->device_rows : report_->loose_rows) += rows_.size();
  rows->clear();
  for (const CodedRow& r : rows_)
    rows->push_back({symbol(r, SymbolClass::kUser)->user.eui.value, r.time_ns});
  return true;
}

void walk_refs(const Shard::Impl& shard, Table table, uint16_t bucket, bool silent,
               VerifyReport* report,
               const std::function<void(uint64_t entity, const TrailRef&)>& sink) {
  BucketWalk walk(shard, table, bucket, silent, report);
  std::vector<TrailRef> refs;
  std::string why;
  while (walk.next()) {
    for (const std::string_view chunk : walk.chunks()) {
      refs.clear();
      RefChunkHeader header;
      if (!read_ref_chunk_header(bucket, chunk, &header) ||
          !decode_ref_chunk(bucket, chunk, &refs)) {
        walk.differ("a chunk that cannot be decoded");
        continue;
      }
      if (!in_bounds(walk.key(), refs, 0, &why)) {
        walk.differ(why);
      } else if (header.newest_ns != refs.front().time_ns ||
                 header.oldest_ns != refs.back().time_ns) {
        walk.differ("a chunk whose head does not bound its references");
      } else if (!std::is_sorted(refs.begin(), refs.end())) {
        walk.differ("references out of order");
      }
      for (const TrailRef& ref : refs) sink(walk.key().entity, ref);
    }
  }
}

}  // namespace satindex::store
