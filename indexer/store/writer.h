// ShardWriter: the one writer of one shard. Gathers decoded records, then commits them, with the checkpoint that accounts
// for them, in one atomic operation: a WriteBatch with WAL (live) or ingested SST files (bulk). Both give the same index
// (INV-1). Used by exactly one thread. A Status error means weather (disk full, I/O): nothing was committed, the gathered
// records are kept, and commit may be called again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "indexer/store/checkpoint.h"
#include "indexer/store/shard.h"
#include "schemas/sat_event.h"
#include "schemas/status.h"

namespace satindex::store {

enum class WritePath : uint8_t { kLive, kBulk };

// Where a record stood in its partition.
struct RecordMark {
  int64_t offset = 0;
  uint64_t hash = 0;  // of key, value and timestamp (record_hash)
  // PartitionerBit mask: the known partitioners that give this partition to a record whose key is its canonical device id.
  // 0 when the key is not the device id or none fits; kPartitionerAll for records without a device.
  uint8_t partitioners = kPartitionerAll;
};

// XXH3 of key, value and timestamp: what a record is recognised by when a topic may have been recreated.
uint64_t record_hash(std::string_view key, std::string_view value, int64_t timestamp_ms);

class ShardWriter {
 public:
  explicit ShardWriter(Shard& shard);
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  // --- gather; offsets of a topic ascend, and a record below the checkpoint is ignored (INV-2) -----------------------
  void add_event(const schemas::SatEvent& event, const RecordMark& mark);
  void add_unreadable_event(const RecordMark& mark);
  void add_ownership(const schemas::OwnershipRecord& record, const RecordMark& mark);
  // `device`: the record's key when that is a device id, and suspension is on; else nullptr.
  void add_unreadable_ownership(const schemas::DeviceId* device, const RecordMark& mark);
  // The record at `offset` was read again with success: settles it and lifts its suspension. Not part of the log order.
  void replay_ownership(const schemas::OwnershipRecord& record, int64_t offset);
  void replay_event(const schemas::SatEvent& event, int64_t offset);
  // Everything of the topic below next_offset has been read (control records and gaps included).
  void advance(Topic topic, int64_t next_offset);
  // The topic's records from the checkpoint on were lost, or the topic is another one: remembered until rebuilt.
  void mark_gap(Topic topic);
  void mark_recreated(Topic topic);

  size_t gathered_records() const;
  size_t gathered_bytes() const;  // memory held by what is gathered
  bool dirty() const;             // a commit would change something

  schemas::Result<void> commit(WritePath path);

  // One bounded step (about a millisecond to ten) of work left behind by commits: reconciliation of late ownership, large
  // chunks out of small ones, retention. True while more is waiting.
  schemas::Result<bool> work_step(int64_t now_wall_ns);
  // After a catch-up: brings every file to rest (one full compaction, which joins and packs small chunks). Minutes for a
  // large index.
  schemas::Result<void> settle();
  // The same on a thread of its own, while commits go on. Nothing when one is under way; ends early with the writer. An
  // error is left to the next one: settling changes no answer.
  void settle_in_background();

  // As committed.
  const Checkpoint& checkpoint() const;
  // PartitionerBit mask: the others have been contradicted already, so a mark need not say whether
  // they fit.
  uint8_t partitioners_in_question() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::store
