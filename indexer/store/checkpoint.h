// Checkpoint: the name of the log prefix whose fold the index is (INV-1), stored inside it and written in the same atomic
// operation as the entries it accounts for. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "indexer/store/freshness.h"
#include "schemas/status.h"

namespace satindex::store {

struct TopicProgress {
  int64_t next_offset = -1;         // -1: nothing read yet, start at the beginning
  int64_t last_record_offset = -1;  // the last record applied or dead-lettered, -1: none
  uint64_t last_record_hash =
      0;                  // XXH3 of key, value and timestamp: to recognise a recreated topic
  uint64_t consumed = 0;  // INV-6: consumed = indexed + duplicates + dead_lettered + expired
  uint64_t indexed = 0;
  uint64_t duplicates = 0;
  uint64_t dead_lettered = 0;
  uint64_t expired = 0;
  bool operator==(const TopicProgress&) const = default;
};

struct Checkpoint {
  TopicProgress events;
  TopicProgress ownership;
  uint8_t partitioners =
      kPartitionerAll;  // known partitioners that fit every ownership record so far
  // Known partitioners that fit every record of either topic that named a device so far: while one does, a device's records
  // lie on the one partition it gives, and readers need not ask the others.
  uint8_t placed = kPartitionerAll;
  uint64_t ownership_conflicts = 0;  // same version, other content
  uint64_t misplaced = 0;   // records on a partition that no fitting partitioner gives them
  uint32_t next_chunk = 0;  // uniquifier of chunk keys
  uint32_t next_task = 0;   // uniquifier of reconciliation tasks
  bool sealed_gap[2] = {false, false};  // per Topic: records were passed over unread
  bool recreated[2] = {false, false};   // per Topic: last record not found again

  TopicProgress& of(Topic t) { return t == Topic::kEvents ? events : ownership; }
  const TopicProgress& of(Topic t) const { return t == Topic::kEvents ? events : ownership; }
  std::string encode() const;
  static schemas::Result<Checkpoint> decode(std::string_view bytes);
  bool operator==(const Checkpoint&) const = default;
};

}  // namespace satindex::store
