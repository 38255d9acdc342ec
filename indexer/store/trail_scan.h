// TrailScan: walks the chunks of one entity in one trail table and yields their items newest first, each chunk opened only
// when its turn has come. Internal to indexer/store: RowCursor and RefCursor are its two faces. One thread.
#pragma once

#include <rocksdb/iterator.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "indexer/store/chunk_value.h"
#include "indexer/store/shard_impl.h"
#include "indexer/store/trail_row.h"

namespace satindex::store {

// Codec: { using Item; bool glance(key, bytes, int64_t* newest, int64_t* oldest, bool* wanted);
//          bool decode(key, bytes, not_before, std::vector<Item>*); static bool before(const Item&, const Item&); }
template <class Codec>
class TrailScan {
 public:
  using Item = typename Codec::Item;

  TrailScan(const Shard::Impl& shard, const rocksdb::Snapshot* snapshot, Table table, Codec codec)
      : shard_(shard), snapshot_(snapshot), table_(table), codec_(std::move(codec)) {}

  // Begins anew at another entity or window; the iterator and its blocks are kept.
  void reset(uint64_t entity, TimeWindow window) {
    entity_ = entity;
    window_ = window;
    sources_.clear();
    heap_.clear();
    values_.clear();
    buckets_.clear();
    next_bucket_ = 0;
    failed_ = false;
    if (window.empty()) return;
    const uint16_t oldest = bucket_of(std::max<int64_t>(0, window.from_ns));
    const uint16_t newest = bucket_of(window.to_ns - 1);
    if (oldest == newest) {
      buckets_.push_back(newest);
      return;
    }
    for (const uint16_t b : shard_.buckets.of(table_)) {
      if (b <= newest && b >= oldest) buckets_.push_back(b);
    }
  }

  // The newest item not yet taken, or nullptr at the end or after an error.
  const Item* peek() {
    while (!failed_) {
      if (heap_.empty()) {
        if (next_bucket_ >= buckets_.size()) return nullptr;
        open_bucket(buckets_[next_bucket_++]);
        continue;
      }
      const Head& top = heap_.front();
      if (top.source == kWalk) {
        load_chunk();
      } else if (!sources_[top.source].open) {
        open_source();
      } else {
        const Source& s = sources_[top.source];
        const Item* item = &s.items[s.at];
        if (item->time_ns >= window_.from_ns) return item;
        heap_.clear();  // the newest of what is left is too old
        next_bucket_ = buckets_.size();
        return nullptr;
      }
    }
    return nullptr;
  }

  // After a peek that gave an item.
  void advance() {
    const uint32_t source = pop().source;
    Source& s = sources_[source];
    if (++s.at < s.items.size()) push_item(source);
  }

  bool ok() const { return !failed_; }
  uint32_t work() const { return work_; }
  Codec& codec() { return codec_; }

 private:
  static constexpr uint32_t kWalk = UINT32_MAX;  // the chunk the iterator stands on
  struct Source {
    TrailKey key;
    std::string_view bytes;
    std::vector<Item> items;
    size_t at = 0;
    bool open = false;
  };
  struct Head {
    int64_t time_ns;
    uint32_t source;
  };

  // True when a comes later in the answer than b: std heaps keep the greatest in front. At equal times what is not open
  // yet goes first, for it may hold the item that does.
  bool later(const Head& a, const Head& b) const {
    if (a.time_ns != b.time_ns) return a.time_ns < b.time_ns;
    const bool a_open = a.source != kWalk && sources_[a.source].open;
    const bool b_open = b.source != kWalk && sources_[b.source].open;
    if (a_open != b_open) return a_open;
    if (!a_open) return false;
    const Source& x = sources_[a.source];
    const Source& y = sources_[b.source];
    return Codec::before(y.items[y.at], x.items[x.at]);
  }
  void push(Head h) {
    heap_.push_back(h);
    std::push_heap(heap_.begin(), heap_.end(),
                   [this](const Head& a, const Head& b) { return later(a, b); });
  }
  Head pop() {
    std::pop_heap(heap_.begin(), heap_.end(),
                  [this](const Head& a, const Head& b) { return later(a, b); });
    const Head h = heap_.back();
    heap_.pop_back();
    return h;
  }
  void push_item(uint32_t source) {
    const Source& s = sources_[source];
    push({s.items[s.at].time_ns, source});
  }

  void open_bucket(uint16_t bucket) {
    const ReadScope scope;
    if (!it_) {
      rocksdb::ReadOptions ro = shard_.read_options(snapshot_);
      ro.prefix_same_as_start = true;
      it_.reset(shard_.db->NewIterator(ro, shard_.cf(table_)));
    }
    const KeyBytes prefix = encode_key({bucket, entity_, true, 0, 0});
    prefix_.assign(prefix.view());
    sources_.clear();
    it_->Seek(slice(prefix_));
    if (!valid()) return;
    if (it_->key().size() == kEntityPrefixBytes) {
      add_base();
      it_->Next();
      if (!valid()) return;
    }
    // Full chunks stay within their sub-bucket, so nothing newer than the window's can matter.
    if (bucket_of(window_.to_ns - 1) == bucket) {
      const int64_t last = (window_.to_ns - 1) | ((int64_t{1} << kSubBucketBits) - 1);
      const KeyBytes start = encode_key({bucket, entity_, false, TrailKey::coarse_of(last), 0});
      if (view(it_->key()) < start.view()) {
        it_->Seek(slice(start.view()));
        if (!valid()) return;
      }
    }
    push_walk();
  }

  bool valid() {
    if (it_->Valid()) return it_->key().starts_with(prefix_);
    if (!it_->status().ok()) failed_ = true;
    return false;
  }

  void push_walk() {
    const auto key = TrailKey::parse(view(it_->key()));
    if (!key || key->base) {
      failed_ = true;
      return;
    }
    if (key->newest_bound() < window_.from_ns) return;
    walk_key_ = *key;
    push({key->newest_bound(), kWalk});
  }

  void add_base() {
    const auto key = TrailKey::parse(view(it_->key()));
    values_.emplace_back(std::make_unique<std::string>(view(it_->value())));
    std::vector<std::string_view> chunks;
    if (!key || !split_value(*values_.back(), &chunks)) {
      failed_ = true;
      return;
    }
    for (const std::string_view c : chunks) add_source(*key, c);
  }

  // The chunk under the iterator becomes a source; the iterator moves on.
  void load_chunk() {
    const ReadScope scope;
    pop();
    std::vector<std::string_view> chunks;
    auto value = std::make_unique<std::string>(view(it_->value()));
    if (!split_value(*value, &chunks)) {
      failed_ = true;
      return;
    }
    values_.push_back(std::move(value));
    for (const std::string_view c : chunks) add_source(walk_key_, c);
    it_->Next();
    if (valid()) push_walk();
  }

  void add_source(const TrailKey& key, std::string_view bytes) {
    int64_t newest = 0;
    int64_t oldest = 0;
    bool wanted = true;
    ++work_;
    if (!codec_.glance(key, bytes, &newest, &oldest, &wanted)) {
      failed_ = true;
      return;
    }
    if (!wanted || newest < window_.from_ns || oldest >= window_.to_ns) return;
    Source s;
    s.key = key;
    s.bytes = bytes;
    sources_.push_back(std::move(s));
    push({newest, static_cast<uint32_t>(sources_.size() - 1)});
  }

  void open_source() {
    const uint32_t source = pop().source;
    Source& s = sources_[source];
    if (!codec_.decode(s.key, s.bytes, window_.from_ns, &s.items)) {
      failed_ = true;
      return;
    }
    work_ += static_cast<uint32_t>(s.items.size());
    s.open = true;
    // A chunk's items go newest first; the order of equal times is the codec's.
    if (!std::is_sorted(s.items.begin(), s.items.end(), Codec::before)) {
      std::sort(s.items.begin(), s.items.end(), Codec::before);
    }
    while (s.at < s.items.size() && s.items[s.at].time_ns >= window_.to_ns) ++s.at;
    if (s.at < s.items.size()) push_item(source);
  }

  const Shard::Impl& shard_;
  const rocksdb::Snapshot* snapshot_;
  const Table table_;
  Codec codec_;
  std::unique_ptr<rocksdb::Iterator> it_;
  uint64_t entity_ = 0;
  TimeWindow window_;
  std::string prefix_;
  TrailKey walk_key_;
  std::vector<uint16_t> buckets_;  // newest first
  size_t next_bucket_ = 0;
  std::vector<std::unique_ptr<std::string>> values_;  // values that sources point into
  std::vector<Source> sources_;
  std::vector<Head> heap_;
  uint32_t work_ = 0;
  bool failed_ = false;
};

}  // namespace satindex::store
