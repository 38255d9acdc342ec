// Projector: what one record means for the index. A pure function of the record (and of where it
// stood): decodes it and makes exactly one call of the writer. One per shard thread, because
// decoders own scratch. Never fails: an unreadable record is an outcome.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "indexer/ingest/record_source.h"
#include "indexer/store/writer.h"
#include "schemas/decoder.h"

namespace satindex::ingest {

class Projector {
 public:
  // partitions 0: the records do not come from a partition of a topic (files), every partitioner
  // fits.
  Projector(int32_t partition, int32_t partitions)
      : partition_(partition), partitions_(partitions) {}

  // hash: record_hash of the record where a commit may follow it, else 0. Nullopt: the record was
  // readable.
  std::optional<schemas::Unreadable> project(const SourceRecord& record, uint64_t hash,
                                             store::ShardWriter& writer);
  // The record of a dead letter, read again. Nullopt: it is readable now and has been handed to the
  // writer.
  std::optional<schemas::Unreadable> replay(const SourceRecord& record, store::ShardWriter& writer);

  // Of the known partitioners in `asked`, those that give this partition to a record whose key is
  // the canonical id of its device.
  uint8_t fitting_partitioners(std::string_view key, schemas::DeviceId device,
                               uint8_t asked = store::kPartitionerAll) const;

 private:
  const int32_t partition_;
  const int32_t partitions_;
  schemas::EventDecoder events_;
  schemas::OwnershipDecoder ownership_;
};

}  // namespace satindex::ingest
