#include "indexer/ingest/projector.h"

#include <cstring>

namespace satindex::ingest {

using schemas::Unreadable;
using store::PartitionerBit;
using store::RecordMark;
using store::Topic;

uint8_t Projector::fitting_partitioners(std::string_view key, schemas::DeviceId device,
                                        uint8_t asked) const {
  if (partitions_ == 0) return store::kPartitionerAll;
  char canonical[schemas::kEuiTextBytes];
  device.eui.write(canonical);
  // Another spelling of the id hashes elsewhere: only the canonical one says anything about the
  // partitioner.
  if (key.size() != sizeof(canonical) ||
      std::memcmp(key.data(), canonical, sizeof(canonical)) != 0) {
    return 0;
  }
  uint8_t mask = 0;
  for (PartitionerBit bit : {store::kPartitionerMurmur2, store::kPartitionerCrc32}) {
    if ((asked & bit) != 0 && store::partition_of(bit, key, partitions_) == partition_) {
      mask = static_cast<uint8_t>(mask | bit);
    }
  }
  return mask;
}

std::optional<Unreadable> Projector::project(const SourceRecord& record, uint64_t hash,
                                             store::ShardWriter& writer) {
  RecordMark mark{record.offset, hash, store::kPartitionerAll};
  Unreadable reason{};
  if (record.topic == Topic::kEvents) {
    schemas::SatEvent event;
    if (events_.decode(record.value, &event, &reason)) {
      if (event.device)
        mark.partitioners =
            fitting_partitioners(record.key, *event.device, writer.partitioners_in_question());
      writer.add_event(event, mark);
      return std::nullopt;
    }
    writer.add_unreadable_event(mark);
    return reason;
  }
  schemas::OwnershipRecord ownership;
  if (ownership_.decode(record.value, &ownership, &reason)) {
    mark.partitioners =
        fitting_partitioners(record.key, ownership.device, writer.partitioners_in_question());
    writer.add_ownership(ownership, mark);
    return std::nullopt;
  }
  // It may have been the end of a right, and the key is all that is left to say whose
  // (CONTRACT 1.4).
  const auto eui = schemas::Eui64::parse(record.key);
  const schemas::DeviceId device{eui.value_or(schemas::Eui64{})};
  if (eui) mark.partitioners = fitting_partitioners(record.key, device);
  writer.add_unreadable_ownership(eui ? &device : nullptr, mark);
  return reason;
}

std::optional<Unreadable> Projector::replay(const SourceRecord& record,
                                            store::ShardWriter& writer) {
  Unreadable reason{};
  if (record.topic == Topic::kEvents) {
    schemas::SatEvent event;
    if (!events_.decode(record.value, &event, &reason)) return reason;
    writer.replay_event(event, record.offset);
    return std::nullopt;
  }
  schemas::OwnershipRecord ownership;
  if (!ownership_.decode(record.value, &ownership, &reason)) return reason;
  writer.replay_ownership(ownership, record.offset);
  return std::nullopt;
}

}  // namespace satindex::ingest
