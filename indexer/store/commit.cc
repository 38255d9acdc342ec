#include "indexer/store/commit.h"

#include <rocksdb/sst_file_writer.h>

#include <filesystem>

namespace satindex::store {

using schemas::Result;

namespace {

void note_buckets(Shard::Impl& shard, const SortedBatch& batch) {
  for (const Table t : kTrailTables) {
    uint32_t last = UINT32_MAX;
    for (const uint16_t b : batch.buckets[index_of(t)]) {
      if (b != last) shard.buckets.add(t, b);
      last = b;
    }
  }
}

// The whole value under the key with one more merged to it, packed; false when it is better merged as ever: nothing is
// there, or not what can be packed, which is the reader's to report.
bool fold(Shard::Impl& shard, Table t, const TableBatch::Entry& e, std::string* whole) {
  const auto key = TrailKey::parse(e.key);
  rocksdb::PinnableSlice there;
  if (!key || !shard.db->Get(rocksdb::ReadOptions(), shard.cf(t), slice(e.key), &there).ok())
    return false;
  const std::string_view values[] = {view(there), e.value};
  whole->clear();
  if (!pack_values(kind_of(t), *key, values, whole)) return false;
  if (whole->size() > kBaseValueBytesMax) shard.oversize.push(t, e.key);
  return true;
}

}  // namespace

Result<void> commit_live(Shard::Impl& shard, const SortedBatch& batch) {
  rocksdb::WriteBatch w;
  std::string whole;
  for (size_t t = 0; t < kTables; ++t) {
    const TableBatch& table = batch.tables[t];
    for (size_t i = 0; i < table.size(); ++i) {
      const TableBatch::Entry e = table.entry(i);
      switch (e.op) {
        case BatchOp::kPut:
          w.Put(shard.handles[t], slice(e.key), slice(e.value));
          break;
        case BatchOp::kMerge:
          if (shard.merges[t].due(e.key) && fold(shard, static_cast<Table>(t), e, &whole)) {
            w.Put(shard.handles[t], slice(e.key), slice(whole));
            break;
          }
          w.Merge(shard.handles[t], slice(e.key), slice(e.value));
          break;
        case BatchOp::kDelete:
          w.Delete(shard.handles[t], slice(e.key));
          break;
      }
    }
  }
  // Buckets first: a reader that sees the entries must know to look for them; one too many costs a seek.
  note_buckets(shard, batch);
  const rocksdb::Status s = shard.db->Write(rocksdb::WriteOptions(), &w);
  shard.snapshots.renew();
  return s.ok() ? Result<void>{} : Result<void>{to_status(s)};
}

namespace {

rocksdb::Status write_file(Shard::Impl& shard, Table t, const TableBatch& batch,
                           const std::string& path) {
  rocksdb::Options o(rocksdb::DBOptions(),
                     table_options(t, shard.resources->impl().cache, &shard.oversize));
  rocksdb::SstFileWriter file(rocksdb::EnvOptions(), o, shard.cf(t));
  rocksdb::Status s = file.Open(path);
  for (size_t i = 0; i < batch.size() && s.ok(); ++i) {
    const TableBatch::Entry e = batch.entry(i);
    switch (e.op) {
      case BatchOp::kPut:
        s = file.Put(slice(e.key), slice(e.value));
        break;
      case BatchOp::kMerge:
        s = file.Merge(slice(e.key), slice(e.value));
        break;
      case BatchOp::kDelete:
        s = file.Delete(slice(e.key));
        break;
    }
  }
  return s.ok() ? file.Finish() : s;
}

}  // namespace

Result<void> commit_bulk(Shard::Impl& shard, const SortedBatch& batch) {
  const std::filesystem::path dir = shard.options.path / "bulk";
  std::error_code ec;
  std::filesystem::create_directories(dir, ec);
  if (ec)
    return schemas::unavailable("cannot create the directory for bulk files: " + ec.message());
  std::vector<rocksdb::IngestExternalFileArg> args;
  rocksdb::Status s;
  for (size_t t = 0; t < kTables && s.ok(); ++t) {
    if (batch.tables[t].empty()) continue;
    const std::string path = (dir / kTableNames[t]).string();
    s = write_file(shard, static_cast<Table>(t), batch.tables[t], path);
    rocksdb::IngestExternalFileArg a;
    a.column_family = shard.handles[t];
    a.external_files = {path};
    a.options.move_files = true;
    a.options.write_global_seqno = false;
    args.push_back(std::move(a));
  }
  note_buckets(shard, batch);
  if (s.ok()) s = shard.db->IngestExternalFiles(args);
  shard.snapshots.renew();
  std::filesystem::remove_all(dir, ec);
  return s.ok() ? Result<void>{} : Result<void>{to_status(s)};
}

}  // namespace satindex::store
