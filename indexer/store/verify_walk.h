// What `verify` reads a shard through: trail tables bucket by bucket, every key and chunk checked for its form on the
// way. Internal to indexer/store; a walk belongs to one thread and to a living shard, and must not outlive the report.
// Spoilt bytes become differences in the report and are passed over; a failing read is one, too, and ends the walk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/ref_chunk.h"
#include "indexer/store/shard_impl.h"
#include "indexer/store/verify.h"

namespace satindex::store {

std::string device_words(uint64_t device);
std::string time_words(int64_t time_ns);

// The keys of one bucket of one trail table, in order.
class BucketWalk {
 public:
  // silent: the form was checked, and told, on an earlier walk.
  BucketWalk(const Shard::Impl& shard, Table table, uint16_t bucket, bool silent,
             VerifyReport* report);

  // Moves to the first or next key whose value splits into chunks; false at the end.
  bool next();
  const TrailKey& key() const { return key_; }
  const std::vector<std::string_view>& chunks() const { return chunks_; }
  // A difference in what stands at the present key.
  void differ(const std::string& what);

 private:
  void check_order(std::string_view bytes);

  const Shard::Impl& shard_;
  const Table table_;
  const bool silent_;
  VerifyReport* const report_;
  std::unique_ptr<rocksdb::Iterator> it_;
  std::string prefix_;
  std::string last_key_;
  TrailKey key_;
  std::vector<std::string_view> chunks_;
  bool begun_ = false;
};

// What a row says about references: whose it is, and when.
struct WalkedRow {
  uint64_t user = 0;
  int64_t time_ns = 0;
};

// Distinct rows of a bucket's entities, one entity at a time.
class EntityWalk {
 public:
  EntityWalk(const Shard::Impl& shard, Table table, uint16_t bucket, VerifyReport* report);
  // The next entity with its distinct rows; false at the end.
  bool next(uint64_t* entity, std::vector<WalkedRow>* rows);

 private:
  void take_chunk(std::string_view bytes);
  bool row_good(const CodedRow& row, std::string* why) const;
  const Symbol* symbol(const CodedRow& row, SymbolClass c) const;

  const Shard::Impl& shard_;
  const Table table_;
  VerifyReport* const report_;
  BucketWalk walk_;
  bool more_;
  std::vector<CodedRow> rows_;
  LiteralTable literals_;
};

// Every reference of a bucket of the own or owner table.
void walk_refs(const Shard::Impl& shard, Table table, uint16_t bucket, bool silent,
               VerifyReport* report,
               const std::function<void(uint64_t entity, const TrailRef&)>& sink);

}  // namespace satindex::store
