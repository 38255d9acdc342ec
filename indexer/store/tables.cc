#include "indexer/store/tables.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_partitioner.h>
#include <rocksdb/table.h>

namespace satindex::store {
namespace {

thread_local bool reading = false;

// Chunks of one key: joined for a reader, packed in flush and compaction, where the bytes are being rewritten anyway.
class ChunkMerge : public rocksdb::MergeOperator {
 public:
  ChunkMerge(Table table, OversizeQueue* oversize) : table_(table), oversize_(oversize) {}
  const char* Name() const override { return "satindex.chunks.1"; }  // on disk: never rename

  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override {
    std::vector<std::string_view> values;
    values.reserve(in.operand_list.size() + 1);
    if (in.existing_value != nullptr) values.push_back(view(*in.existing_value));
    for (const rocksdb::Slice& s : in.operand_list) values.push_back(view(s));
    return merge(view(in.key), values, &out->new_value);
  }

  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& operands,
                         std::string* out, rocksdb::Logger*) const override {
    std::vector<std::string_view> values;
    values.reserve(operands.size());
    for (const rocksdb::Slice& s : operands) values.push_back(view(s));
    return merge(view(key), values, out);
  }

 private:
  bool merge(std::string_view key, const std::vector<std::string_view>& values,
             std::string* out) const {
    out->clear();
    if (!reading) {
      const auto parsed = TrailKey::parse(key);
      if (parsed && pack_values(kind_of(table_), *parsed, values, out)) {
        if (out->size() > kBaseValueBytesMax) oversize_->push(table_, key);
        return true;
      }
      out->clear();  // bytes that cannot be packed are kept as they are: the reader reports them, compaction goes on
    }
    return concat_values(values, out);
  }

  const Table table_;
  OversizeQueue* const oversize_;
};

}  // namespace

ReadScope::ReadScope() : outer_(reading) { reading = true; }
ReadScope::~ReadScope() { reading = outer_; }

void OversizeQueue::push(Table table, std::string_view key) {
  const std::lock_guard lock(mutex_);
  if (items_.size() >= kItemsMax) return;
  for (const Item& i : items_) {
    if (i.table == table && i.key == key) return;
  }
  items_.push_back({table, std::string(key)});
}

bool OversizeQueue::pop(Item* item) {
  const std::lock_guard lock(mutex_);
  if (items_.empty()) return false;
  *item = std::move(items_.back());
  items_.pop_back();
  return true;
}

bool OversizeQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return items_.empty();
}

rocksdb::ColumnFamilyOptions table_options(Table table,
                                           const std::shared_ptr<rocksdb::Cache>& cache,
                                           OversizeQueue* oversize) {
  rocksdb::ColumnFamilyOptions o;
  // Two levels: new files, and everything at rest. A file is rewritten when new ones overlap it, and because keys begin
  // with the time bucket only the newest bucket's are (docs/decisions/0003).
  o.num_levels = 2;
  o.level_compaction_dynamic_level_bytes = false;
  o.level0_file_num_compaction_trigger = 12;
  o.level0_slowdown_writes_trigger = 48;
  o.level0_stop_writes_trigger = 64;
  o.max_bytes_for_level_base = uint64_t{1} << 42;
  o.target_file_size_base = 64 << 20;
  o.write_buffer_size = 16 << 20;
  o.max_write_buffer_number = 4;
  o.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions t;
  t.block_cache = cache;
  t.format_version = 5;
  t.cache_index_and_filter_blocks = true;
  t.pin_l0_filter_and_index_blocks_in_cache = true;
  t.cache_index_and_filter_blocks_with_high_priority = true;
  t.optimize_filters_for_memory = true;
  t.block_size = 8 * 1024;
  switch (table) {
    case Table::kMeta:
      break;
    case Table::kLedger:
      o.compression = rocksdb::kLZ4Compression;
      o.bottommost_compression = rocksdb::kZSTD;
      t.filter_policy.reset(rocksdb::NewRibbonFilterPolicy(9.0));
      t.block_size = 16 * 1024;
      break;
    case Table::kDevice:
    case Table::kLoose:
    case Table::kOwn:
    case Table::kOwner:
      o.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kEntityPrefixBytes));
      t.whole_key_filtering = false;
      t.filter_policy.reset(rocksdb::NewRibbonFilterPolicy(table == Table::kDevice ? 8.0 : 10.0));
      o.merge_operator = std::make_shared<ChunkMerge>(table, oversize);
      // Files end where buckets end, so that retention can drop whole ones.
      o.sst_partitioner_factory = rocksdb::NewSstPartitionerFixedPrefixFactory(2);
      break;
  }
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(t));
  return o;
}

}  // namespace satindex::store
