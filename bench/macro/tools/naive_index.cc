// naive_index BROKERS EVENTS OWNERSHIP DIRECTORY RECORDS: the design that everybody would write
// first, for comparison: one RocksDB Put per event and index (device, owner, sender), one
// WriteBatch per 10,000 events, WAL on, LZ4. The owner is looked up in a map of the ownership
// topic, read before the clock starts. Prints one JSON line.
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/macro/tools/topic_reader.h"
#include "schemas/decoder.h"

namespace satindex::bench {
namespace {

constexpr size_t kBatchEvents = 10'000;

void check(const rocksdb::Status& s) {
  if (!s.ok()) throw std::runtime_error(s.ToString());
}

void append_u64(uint64_t v, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(v >> shift));
}

// Who is responsible for which device, by the last word of the topic: parties numbered as they
// come.
std::unordered_map<uint64_t, uint64_t> read_owners(const std::string& brokers,
                                                   const std::string& topic) {
  std::unordered_map<uint64_t, uint64_t> owners;
  std::unordered_map<std::string, uint64_t> parties;
  schemas::OwnershipDecoder decoder;
  read_topic(brokers, topic, 1, 0, [&](int, rd_kafka_message_t** messages, size_t n) {
    schemas::OwnershipRecord r;
    schemas::Unreadable reason{};
    for (size_t i = 0; i < n; ++i) {
      if (!decoder.decode({static_cast<const char*>(messages[i]->payload), messages[i]->len}, &r,
                          &reason))
        continue;
      if (r.relation != schemas::Relation::kResponsibleSupplier) continue;
      owners[r.device.eui.value] =
          parties.try_emplace(std::string(r.party), parties.size()).first->second;
    }
  });
  return owners;
}

struct Index {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> tables;

  explicit Index(const std::string& directory) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.max_background_jobs = 2;
    rocksdb::ColumnFamilyOptions table;
    table.compression = rocksdb::kLZ4Compression;
    rocksdb::BlockBasedTableOptions blocks;
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"default", "device", "owner", "sender"})
      families.emplace_back(name, table);
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(options, directory, families, &tables, &opened));
    db.reset(opened);
  }
  ~Index() {
    for (rocksdb::ColumnFamilyHandle* t : tables)
      db->DestroyColumnFamilyHandle(t).PermitUncheckedError();
  }
};

// The event as a row, its texts as codes: what each index stores, so that a page is one scan.
class RowWriter {
 public:
  void append(const schemas::SatEvent& e, std::string* out) {
    append_u64(e.user.eui.value, out);
    append_u64(e.device ? e.device->eui.value : 0, out);
    append_u64(e.request ? e.request->counter : 0, out);
    for (const std::string_view text :
         {e.event_type, e.user_role, e.srv, e.device_type, e.smets_version, e.response_code}) {
      const size_t code = codes_.try_emplace(std::string(text), codes_.size()).first->second;
      out->push_back(static_cast<char>(code >> 8));
      out->push_back(static_cast<char>(code));
    }
    out->push_back(static_cast<char>(e.command_variant.value_or(0)));
  }

 private:
  std::unordered_map<std::string, size_t> codes_;
};

int run(const std::string& brokers, const std::string& events, const std::string& ownership,
        const std::string& directory, uint64_t records) {
  const auto owners = read_owners(brokers, ownership);
  Index index(directory);
  schemas::EventDecoder decoder;
  rocksdb::WriteBatch batch;
  RowWriter writer;
  std::string row;
  std::string key;
  uint64_t number = 0;
  size_t in_batch = 0;
  const auto write = [&] {
    check(index.db->Write(rocksdb::WriteOptions(), &batch));
    batch.Clear();
    in_batch = 0;
  };
  const auto put = [&](size_t table, uint64_t entity, int64_t time_ns) {
    key.clear();
    append_u64(entity, &key);
    append_u64(~static_cast<uint64_t>(time_ns), &key);
    append_u64(number, &key);
    check(batch.Put(index.tables[table], key, row));
  };
  const auto begun = std::chrono::steady_clock::now();
  const ReadTotals totals =
      read_topic(brokers, events, 1, records, [&](int, rd_kafka_message_t** messages, size_t n) {
        schemas::SatEvent e;
        schemas::Unreadable reason{};
        for (size_t i = 0; i < n; ++i) {
          if (!decoder.decode({static_cast<const char*>(messages[i]->payload), messages[i]->len},
                              &e, &reason))
            continue;
          row.clear();
          writer.append(e, &row);
          ++number;
          if (e.device) {
            put(1, e.device->eui.value, e.time_ns);
            if (const auto owner = owners.find(e.device->eui.value); owner != owners.end())
              put(2, owner->second, e.time_ns);
          }
          put(3, e.user.eui.value, e.time_ns);
          if (++in_batch == kBatchEvents) write();
        }
      });
  write();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  // At rest for the bytes, as all others are: memory flushed, compactions done. Not in the seconds.
  for (rocksdb::ColumnFamilyHandle* t : index.tables) {
    check(index.db->Flush(rocksdb::FlushOptions(), t));
    check(index.db->CompactRange(rocksdb::CompactRangeOptions(), t, nullptr, nullptr));
  }
  std::printf("{\"records\":%llu,\"seconds\":%.6f}\n",
              static_cast<unsigned long long>(totals.records), seconds);
  return 0;
}

}  // namespace
}  // namespace satindex::bench

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: naive_index BROKERS EVENTS OWNERSHIP DIRECTORY RECORDS\n", stderr);
    return 78;
  }
  try {
    return satindex::bench::run(argv[1], argv[2], argv[3], argv[4],
                                std::strtoull(argv[5], nullptr, 10));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "naive_index: %s\n", e.what());
    return 1;
  }
}
