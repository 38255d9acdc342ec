// TrailBuilder: turns gathered rows into the sorted entries of the four trail tables. One radix sort by time, then one
// stable counting scatter per trail (facts/measured); the ledger is joined once per distinct device. Pure but for its
// reused scratch; one per writer, not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "indexer/store/batch.h"
#include "indexer/store/coded_row.h"
#include "indexer/store/ledger.h"
#include "indexer/store/ref_chunk.h"

namespace satindex::store {

// A party that holds a device for a span: the join's unit.
struct Holding {
  uint64_t entity = 0;  // party_entity
  Span span;
};

// For each of the devices (ascending, distinct): calls sink(i, holding).
using LedgerJoin = std::function<schemas::Result<void>(
    std::span<const uint64_t> devices, const std::function<void(uint32_t, const Holding&)>&)>;

class TrailBuilder {
 public:
  struct Input {
    std::vector<CodedRow>* rows = nullptr;  // reordered; copies of one event dropped
    const LiteralTable* literals = nullptr;
    const Dictionary* dictionary = nullptr;
    uint32_t* next_chunk = nullptr;  // advanced
  };
  // Returns how many redelivered copies were dropped.
  schemas::Result<size_t> build(const Input& in, const LedgerJoin& join, SortedBatch* out);

  // References for late ownership: any order, copies allowed.
  static void build_owner_refs(std::vector<std::pair<uint64_t, TrailRef>>* refs,
                               uint32_t* next_chunk, SortedBatch* out);
  // A base value that has outgrown a page: its full chunks get keys of their own. Not sorted: for commit_live only. False:
  // nothing to commit, for no run fills half a chunk (which bounds the value) or the bytes are broken.
  static bool recut(Table table, const TrailKey& key, std::string_view value, uint32_t* next_chunk,
                    SortedBatch* out);

 private:
  // What the other trails need of a row, in the order of time: they never go back to the rows, which lie in the order of
  // devices, a cache line each.
  struct Moment {
    int64_t time_ns;
    uint32_t device;  // its rank; devices_.size(): none
    uint32_t user;    // the symbol's code
  };
  void sort_by_time(const std::vector<CodedRow>& rows);
  void rank_devices(const std::vector<CodedRow>& rows);
  void scatter_rows(std::vector<CodedRow>* rows);
  void emit_rows(const Input& in, SortedBatch* out);
  void emit_own(const Input& in, SortedBatch* out);
  schemas::Result<void> emit_owner(const Input& in, const LedgerJoin& join, SortedBatch* out);
  void emit_refs(Table table, const std::vector<uint64_t>& entities,
                 std::vector<std::vector<RankedRef>>* refs, uint32_t* next_chunk,
                 SortedBatch* out) const;
  RankedRef ref(const Moment& m) const {
    return {m.time_ns, m.device < devices_.size() ? m.device : RankedRef::kNoDevice};
  }

  std::vector<uint32_t> order_;  // row indexes, newest first
  std::vector<uint32_t> swap_;
  std::vector<uint64_t> keys_, keys_swap_;
  std::vector<uint64_t> devices_;      // distinct, ascending
  std::vector<uint32_t> device_rank_;  // of each row; devices_.size() for rows without device
  std::vector<CodedRow> sorted_;
  std::vector<Moment> moments_;  // newest first, copies of one event among them
};

}  // namespace satindex::store
