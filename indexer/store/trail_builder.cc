#include "indexer/store/trail_builder.h"

#include <algorithm>
#include <bit>

#include "indexer/store/radix.h"
#include "schemas/limits.h"

namespace satindex::store {
namespace {

using schemas::Result;
using schemas::limits::kChunkRowsMax;
using schemas::limits::kRefChunkRowsMax;

constexpr uint32_t sub_bucket(int64_t t) {
  return static_cast<uint32_t>((t & ((int64_t{1} << kBucketBits) - 1)) >> kSubBucketBits);
}

// Cuts one entity's rows of one bucket into chunks: full ones get a key of their own, the rest goes to the base key, where
// the merge joins it with what is there. `encode(from, count, std::string*)`, `time(i)`. Returns how many full ones.
template <class Time, class Encode>
size_t emit_group(uint64_t entity, size_t count, uint32_t chunk_max, const Time& time,
                  const Encode& encode, uint32_t* next_chunk, TableBatch* out) {
  const uint16_t bucket = bucket_of(time(0));
  std::vector<std::pair<size_t, size_t>> base;
  struct Full {
    KeyBytes key;
    size_t from, n;
  };
  std::vector<Full> full;
  size_t i = 0;
  while (i < count) {
    // A run within one sub-bucket, at most a chunk.
    size_t n = 1;
    if (count - i < chunk_max / 2) {
      n = std::min<size_t>(chunk_max, count - i);
      base.emplace_back(i, n);
    } else {
      const uint32_t sub = sub_bucket(time(i));
      while (n < chunk_max && i + n < count && sub_bucket(time(i + n)) == sub) ++n;
      if (n >= chunk_max / 2) {
        full.push_back(
            {encode_key({bucket, entity, false, TrailKey::coarse_of(time(i)), (*next_chunk)++}), i,
             n});
      } else {
        base.emplace_back(i, n);
      }
    }
    i += n;
  }
  if (!base.empty()) {
    std::vector<std::string> chunks;
    std::vector<std::string_view> views;
    const KeyBytes key = encode_key({bucket, entity, true, 0, 0});
    std::string* to = out->begin(BatchOp::kMerge, key.view());
    if (base.size() == 1) {
      encode(base[0].first, base[0].second, to);
    } else {
      for (const auto& [from, n] : base) encode(from, n, &chunks.emplace_back());
      for (const std::string& c : chunks) views.push_back(c);
      join_value(views, to);
    }
    out->end();
  }
  // Newest first is ascending key order; equal coarse times are told apart by the ascending sequence.
  for (const Full& f : full) {
    encode(f.from, f.n, out->begin(BatchOp::kPut, f.key.view()));
    out->end();
  }
  return full.size();
}

}  // namespace

void TrailBuilder::sort_by_time(const std::vector<CodedRow>& rows) {
  const size_t n = rows.size();
  keys_.resize(n);
  order_.resize(n);
  for (size_t i = 0; i < n; ++i) {
    keys_[i] = static_cast<uint64_t>(INT64_MAX - rows[i].time_ns);
    order_[i] = static_cast<uint32_t>(i);
  }
  radix_sort(&keys_, &order_, &keys_swap_, &swap_);
  // The order of equal times is that of TrailRef: by device, none first.
  for (size_t i = 0; i < n;) {
    size_t end = i + 1;
    while (end < n && keys_[end] == keys_[i]) ++end;
    if (end - i > 1) {
      std::sort(order_.begin() + static_cast<ptrdiff_t>(i),
                order_.begin() + static_cast<ptrdiff_t>(end), [&](uint32_t a, uint32_t b) {
                  const CodedRow& x = rows[a];
                  const CodedRow& y = rows[b];
                  return std::pair(x.has(kRowHasDevice), x.device) <
                         std::pair(y.has(kRowHasDevice), y.device);
                });
    }
    i = end;
  }
}

void TrailBuilder::rank_devices(const std::vector<CodedRow>& rows) {
  // Open addressing from device to a provisional number, then the numbers are made ranks.
  const size_t slots = std::bit_ceil(std::max<size_t>(16, rows.size() * 2));
  std::vector<uint32_t> table(slots, UINT32_MAX);
  devices_.clear();
  device_rank_.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].has(kRowHasDevice)) {
      device_rank_[i] = UINT32_MAX;
      continue;
    }
    const uint64_t d = rows[i].device;
    size_t s = (d * 0x9E3779B97F4A7C15ULL) >> (64 - std::countr_zero(slots));
    while (table[s] != UINT32_MAX && devices_[table[s]] != d) s = (s + 1) & (slots - 1);
    if (table[s] == UINT32_MAX) {
      table[s] = static_cast<uint32_t>(devices_.size());
      devices_.push_back(d);
    }
    device_rank_[i] = table[s];
  }
  const size_t n = devices_.size();
  std::vector<uint32_t> by_value(n);
  for (size_t i = 0; i < n; ++i) by_value[i] = static_cast<uint32_t>(i);
  std::vector<uint64_t> values = devices_;
  radix_sort(&values, &by_value, &keys_swap_, &swap_);
  std::vector<uint32_t> rank(n);
  for (size_t i = 0; i < n; ++i) rank[by_value[i]] = static_cast<uint32_t>(i);
  devices_.swap(values);
  for (uint32_t& r : device_rank_) r = r == UINT32_MAX ? static_cast<uint32_t>(n) : rank[r];
}

// rows become ordered by device rank, then newest first; rows without a device last. On the way moments_ is filled.
void TrailBuilder::scatter_rows(std::vector<CodedRow>* rows) {
  const size_t ranks = devices_.size() + 1;
  std::vector<uint32_t> at(ranks + 1, 0);
  for (const uint32_t r : device_rank_) ++at[r + 1];
  for (size_t i = 1; i <= ranks; ++i) at[i] += at[i - 1];
  sorted_.resize(rows->size());
  moments_.resize(rows->size());
  for (size_t k = 0; k < order_.size(); ++k) {
    const uint32_t i = order_[k];
    const uint32_t rank = device_rank_[i];
    const CodedRow& row = (*rows)[i];
    sorted_[at[rank]++] = row;
    moments_[k] = {row.time_ns, rank, row.symbol[static_cast<size_t>(SymbolClass::kUser)]};
  }
  rows->swap(sorted_);
}

Result<size_t> TrailBuilder::build(const Input& in, const LedgerJoin& join, SortedBatch* out) {
  std::vector<CodedRow>& rows = *in.rows;
  if (rows.empty()) return size_t{0};
  sort_by_time(rows);
  rank_devices(rows);
  scatter_rows(&rows);
  const size_t dropped = drop_copies(&rows, *in.literals);
  emit_rows(in, out);
  emit_own(in, out);
  if (auto r = emit_owner(in, join, out); !r) return r.error();
  return dropped;
}

void TrailBuilder::emit_rows(const Input& in, SortedBatch* out) {
  std::vector<CodedRow>& rows = *in.rows;
  size_t loose = rows.size();
  while (loose > 0 && !rows[loose - 1].has(kRowHasDevice)) --loose;
  const auto user_of = [&](const CodedRow& r) {
    const uint32_t c = r.symbol[static_cast<size_t>(SymbolClass::kUser)];
    return ((c & kLiteralBit) ? in.literals->at(c) : *in.dictionary->find(SymbolClass::kUser, c))
        .user.eui.value;
  };
  std::stable_sort(rows.begin() + static_cast<ptrdiff_t>(loose), rows.end(),
                   [&](const CodedRow& a, const CodedRow& b) { return user_of(a) < user_of(b); });
  // Buckets newest first is ascending key order, so the groups of one bucket over all entities must come together.
  struct Group {
    uint16_t bucket;
    uint64_t entity;
    size_t from, n;
  };
  std::vector<Group> groups;
  const auto collect = [&](size_t from, size_t to, const auto& entity) {
    groups.clear();
    for (size_t i = from; i < to;) {
      size_t end = i + 1;
      const uint16_t bucket = bucket_of(rows[i].time_ns);
      const uint64_t e = entity(rows[i]);
      while (end < to && entity(rows[end]) == e && bucket_of(rows[end].time_ns) == bucket) ++end;
      groups.push_back({bucket, e, i, end - i});
      i = end;
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return a.bucket > b.bucket; });
  };
  const auto emit = [&](Table table) {
    for (const Group& g : groups) {
      const ChunkContext context = context_of(kind_of(table), {g.bucket, g.entity, true, 0, 0});
      if (out->buckets[index_of(table)].empty() ||
          out->buckets[index_of(table)].back() != g.bucket) {
        out->buckets[index_of(table)].push_back(g.bucket);
      }
      emit_group(
          g.entity, g.n, kChunkRowsMax, [&](size_t i) { return rows[g.from + i].time_ns; },
          [&](size_t i, size_t n, std::string* to) {
            encode_row_chunk(context, {&rows[g.from + i], n}, *in.literals, to);
          },
          in.next_chunk, &out->of(table));
    }
  };
  collect(0, loose, [](const CodedRow& r) { return r.device; });
  emit(Table::kDevice);
  collect(loose, rows.size(), user_of);
  emit(Table::kLoose);
}

void TrailBuilder::emit_own(const Input& in, SortedBatch* out) {
  std::unordered_map<uint64_t, uint32_t> index;  // few Users
  std::vector<uint64_t> users;
  std::vector<std::vector<RankedRef>> refs;
  std::vector<uint32_t> of_code(in.dictionary->size(SymbolClass::kUser) + 1, UINT32_MAX);
  const auto number = [&](uint64_t user) {
    const auto [it, fresh] = index.try_emplace(user, static_cast<uint32_t>(users.size()));
    if (fresh) {
      users.push_back(user);
      refs.emplace_back();
    }
    return it->second;
  };
  for (const Moment& m : moments_) {
    uint32_t u;
    if (m.user & kLiteralBit) {
      u = number(in.literals->at(m.user).user.eui.value);
    } else {
      if (of_code[m.user] == UINT32_MAX)
        of_code[m.user] = number(in.dictionary->find(SymbolClass::kUser, m.user)->user.eui.value);
      u = of_code[m.user];
    }
    refs[u].push_back(ref(m));
  }
  emit_refs(Table::kOwn, users, &refs, in.next_chunk, out);
}

Result<void> TrailBuilder::emit_owner(const Input& in, const LedgerJoin& join, SortedBatch* out) {
  if (devices_.empty()) return {};
  // The holdings of all devices in one array, those of device rank d at [first[d], first[d + 1]).
  struct Held {
    uint32_t entity;
    Span span;
  };
  std::vector<Held> held;
  std::vector<uint32_t> first(devices_.size() + 1, 0);
  std::unordered_map<uint64_t, uint32_t> index;
  std::vector<uint64_t> entities;
  uint32_t filled = 0;
  uint64_t last_entity = 0;
  uint32_t last_number = UINT32_MAX;
  auto joined = join(devices_, [&](uint32_t d, const Holding& h) {
    while (filled < d) first[++filled] = static_cast<uint32_t>(held.size());
    if (last_number == UINT32_MAX || h.entity != last_entity) {
      const auto [it, fresh] = index.try_emplace(h.entity, static_cast<uint32_t>(entities.size()));
      if (fresh) entities.push_back(h.entity);
      last_entity = h.entity;
      last_number = it->second;
    }
    held.push_back({last_number, h.span});
  });
  if (!joined) return joined.error();
  while (filled < devices_.size()) first[++filled] = static_cast<uint32_t>(held.size());
  if (held.empty()) return {};
  std::vector<std::vector<RankedRef>> refs(entities.size());
  for (const Moment& m : moments_) {
    if (m.device == devices_.size()) continue;
    for (uint32_t h = first[m.device]; h < first[m.device + 1]; ++h) {
      if (held[h].span.contains(m.time_ns)) refs[held[h].entity].push_back(ref(m));
    }
  }
  emit_refs(Table::kOwner, entities, &refs, in.next_chunk, out);
  return {};
}

namespace {

// refs: of each entity, in order, copies allowed. `encode(bucket, span of refs, std::string*)`.
template <class Ref, class Encode>
void emit_ref_groups(Table table, const std::vector<uint64_t>& entities,
                     std::vector<std::vector<Ref>>& refs, const Encode& encode,
                     uint32_t* next_chunk, SortedBatch* out) {
  struct Group {
    uint16_t bucket;
    uint32_t entity;
    size_t from, n;
  };
  std::vector<Group> groups;
  for (uint32_t e = 0; e < entities.size(); ++e) {
    std::vector<Ref>& list = refs[e];
    list.erase(std::unique(list.begin(), list.end()), list.end());
    for (size_t i = 0; i < list.size();) {
      size_t end = i + 1;
      const uint16_t bucket = bucket_of(list[i].time_ns);
      while (end < list.size() && bucket_of(list[end].time_ns) == bucket) ++end;
      groups.push_back({bucket, e, i, end - i});
      i = end;
    }
  }
  std::sort(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
    return a.bucket != b.bucket ? a.bucket > b.bucket : entities[a.entity] < entities[b.entity];
  });
  for (const Group& g : groups) {
    const std::vector<Ref>& list = refs[g.entity];
    out->buckets[index_of(table)].push_back(g.bucket);
    emit_group(
        entities[g.entity], g.n, kRefChunkRowsMax,
        [&](size_t i) { return list[g.from + i].time_ns; },
        [&](size_t i, size_t n, std::string* to) {
          encode(g.bucket, std::span<const Ref>(&list[g.from + i], n), to);
        },
        next_chunk, &out->of(table));
  }
}

}  // namespace

void TrailBuilder::emit_refs(Table table, const std::vector<uint64_t>& entities,
                             std::vector<std::vector<RankedRef>>* refs, uint32_t* next_chunk,
                             SortedBatch* out) const {
  RankSet ranks(devices_);
  emit_ref_groups(
      table, entities, *refs,
      [&ranks](uint16_t bucket, std::span<const RankedRef> some, std::string* to) {
        encode_ref_chunk(bucket, some, &ranks, to);
      },
      next_chunk, out);
}

void TrailBuilder::build_owner_refs(std::vector<std::pair<uint64_t, TrailRef>>* refs,
                                    uint32_t* next_chunk, SortedBatch* out) {
  std::sort(refs->begin(), refs->end());
  std::vector<uint64_t> entities;
  std::vector<std::vector<TrailRef>> lists;
  for (const auto& [entity, ref] : *refs) {
    if (entities.empty() || entities.back() != entity) {
      entities.push_back(entity);
      lists.emplace_back();
    }
    lists.back().push_back(ref);
  }
  emit_ref_groups(
      Table::kOwner, entities, lists,
      [](uint16_t bucket, std::span<const TrailRef> some, std::string* to) {
        encode_ref_chunk(bucket, some, to);
      },
      next_chunk, out);
}

bool TrailBuilder::recut(Table table, const TrailKey& key, std::string_view value,
                         uint32_t* next_chunk, SortedBatch* out) {
  std::vector<std::string_view> chunks;
  if (!split_value(value, &chunks)) return false;
  out->of(table).add(BatchOp::kDelete, encode_key(key).view(), {});
  if (table == Table::kOwn || table == Table::kOwner) {
    std::vector<TrailRef> refs;
    for (const std::string_view c : chunks) {
      if (!decode_ref_chunk(key.bucket, c, &refs)) return false;
    }
    merge_refs(&refs);
    return 0 != emit_group(
                    key.entity, refs.size(), kRefChunkRowsMax,
                    [&](size_t i) { return refs[i].time_ns; },
                    [&](size_t i, size_t n, std::string* to) {
                      encode_ref_chunk(key.bucket, {&refs[i], n}, to);
                    },
                    next_chunk, &out->of(table));
  }
  std::vector<CodedRow> rows;
  LiteralTable literals;
  const ChunkContext context = context_of(kind_of(table), key);
  for (const std::string_view c : chunks) {
    if (!decode_row_chunk(context, c, &rows, &literals)) return false;
  }
  merge_rows(&rows, literals);
  return 0 != emit_group(
                  key.entity, rows.size(), kChunkRowsMax, [&](size_t i) { return rows[i].time_ns; },
                  [&](size_t i, size_t n, std::string* to) {
                    encode_row_chunk(context, {&rows[i], n}, literals, to);
                  },
                  next_chunk, &out->of(table));
}

}  // namespace satindex::store
