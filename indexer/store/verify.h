// verify_shard: proves one shard against itself, for the operator's `satindex verify`. Every table is read in full once
// for its form (keys, framing, chunks, ledgers, symbols). Then, bucket by bucket and in slices of bounded size, what
// must agree is sorted and compared: rows with their own references, rows and ledgers with owner references.
//
// Cost: one sequential pass over everything, and one more over a bucket's reference tables for each further slice of it
// (rows_per_slice rows): no random access. Memory: about 200 bytes a row of a slice.
// Between a topic's shard and back-filled ones, an owner reference may point at a row of either; that every row has its
// reference is proved only for rows and ledgers of one shard. Bytes that decode to another valid row of the same User and
// time are left to RocksDB's checksums, which every read here checks.
// The shard must have no writer at work. Differences, and what cannot be read, are findings, not errors; a Result error
// means weather: a look-up failed for want of something, and nothing is proved.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "indexer/store/shard.h"
#include "schemas/status.h"

namespace satindex::store {

struct VerifyReport {
  static constexpr size_t kFirstMax = 20;

  uint64_t keys = 0;              // of all tables
  uint64_t device_rows = 0;       // distinct events with a device
  uint64_t loose_rows = 0;        // distinct events without one
  uint64_t copies = 0;            // redelivered rows not yet packed away: each is shown once
  uint64_t own_references = 0;    // distinct
  uint64_t owner_references = 0;  // distinct
  uint64_t candidates = 0;        // owner references that no interval covers (any more): legal
  uint64_t pending = 0;    // owner references still to be worked in by reconciliation tasks: legal
  uint64_t elsewhere = 0;  // owner references to rows of back-filled shards that were not given
  uint64_t ledgers = 0;
  uint64_t symbols = 0;
  uint64_t differences = 0;
  std::vector<std::string> first;  // at most kFirstMax of them, in words

  bool good() const { return differences == 0; }
  void differ(std::string what) {
    ++differences;
    if (first.size() < kFirstMax) first.push_back(std::move(what));
  }
};

struct VerifyOptions {
  size_t rows_per_slice = 1'000'000;
};

schemas::Result<VerifyReport> verify_shard(Shard& shard, const VerifyOptions& options = {});

}  // namespace satindex::store
