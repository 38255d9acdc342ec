// SortedBatch: what one commit changes, table by table, as plain keys and values in key order, each key once. It knows
// nothing of RocksDB; the commit (commit.h) turns it into a WriteBatch or into files. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/tables.h"

namespace satindex::store {

enum class BatchOp : uint8_t { kPut, kMerge, kDelete };

class TableBatch {
 public:
  struct Entry {
    BatchOp op;
    std::string_view key;
    std::string_view value;
  };
  // Values are written in place: begin, append to the string, end.
  std::string* begin(BatchOp op, std::string_view key);
  void end();
  void add(BatchOp op, std::string_view key, std::string_view value);
  // For tables filled out of order (meta). A key may stand once.
  void sort();

  size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  Entry entry(size_t i) const;
  size_t bytes() const { return bytes_.size(); }
  void clear();

 private:
  struct Place {
    size_t at;
    uint32_t value_bytes;
    uint16_t key_bytes;
    BatchOp op;
  };
  std::string bytes_;
  std::vector<Place> places_;
};

struct SortedBatch {
  std::array<TableBatch, kTables> tables;
  std::array<std::vector<uint16_t>, kTables> buckets;  // touched, per trail table; may repeat

  TableBatch& of(Table t) { return tables[index_of(t)]; }
  const TableBatch& of(Table t) const { return tables[index_of(t)]; }
  void clear();
};

}  // namespace satindex::store
