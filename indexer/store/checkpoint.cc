#include "indexer/store/checkpoint.h"

#include "indexer/store/strict_varint.h"

namespace satindex::store {
namespace {

// On disk: never renumber. One more for another layout; a release reads only what it knows.
constexpr uint8_t kCheckpointFormat = 1;
constexpr uint64_t kOffsetMax = INT64_MAX;

// Offsets start at -1 ("none yet"): written one higher.
void put_offset(int64_t offset, std::string& out) {
  put_varint(out, static_cast<uint64_t>(offset) + 1);
}
int64_t take_offset(StrictReader& in) {
  return static_cast<int64_t>(in.varint_upto(kOffsetMax)) - 1;
}

void put_progress(const TopicProgress& p, std::string& out) {
  put_offset(p.next_offset, out);
  put_offset(p.last_record_offset, out);
  for (int shift = 0; shift < 64; shift += 8) {  // a hash gains nothing from a varint
    out.push_back(static_cast<char>(p.last_record_hash >> shift));
  }
  for (const uint64_t n : {p.consumed, p.indexed, p.duplicates, p.dead_lettered, p.expired}) {
    put_varint(out, n);
  }
}

TopicProgress take_progress(StrictReader& in) {
  TopicProgress p;
  p.next_offset = take_offset(in);
  p.last_record_offset = take_offset(in);
  for (int shift = 0; shift < 64; shift += 8) {
    p.last_record_hash |= static_cast<uint64_t>(in.byte()) << shift;
  }
  for (uint64_t* n : {&p.consumed, &p.indexed, &p.duplicates, &p.dead_lettered, &p.expired}) {
    *n = in.varint();
  }
  return p;
}

// Bits of the flags byte; on disk: never renumber.
constexpr uint8_t gap_bit(Topic t) { return t == Topic::kEvents ? 1 : 2; }
constexpr uint8_t recreated_bit(Topic t) { return t == Topic::kEvents ? 4 : 8; }

}  // namespace

std::string Checkpoint::encode() const {
  std::string out;
  out.push_back(static_cast<char>(kCheckpointFormat));
  put_progress(events, out);
  put_progress(ownership, out);
  out.push_back(static_cast<char>(partitioners));
  out.push_back(static_cast<char>(placed));
  put_varint(out, ownership_conflicts);
  put_varint(out, misplaced);
  put_varint(out, next_chunk);
  put_varint(out, next_task);
  uint8_t flags = 0;
  for (const Topic t : {Topic::kEvents, Topic::kOwnership}) {
    if (sealed_gap[static_cast<size_t>(t)]) flags |= gap_bit(t);
    if (recreated[static_cast<size_t>(t)]) flags |= recreated_bit(t);
  }
  out.push_back(static_cast<char>(flags));
  return out;
}

schemas::Result<Checkpoint> Checkpoint::decode(std::string_view bytes) {
  StrictReader in(bytes);
  if (in.byte() != kCheckpointFormat || !in.ok()) {
    return schemas::corrupt("a checkpoint has an unknown format");
  }
  Checkpoint c;
  c.events = take_progress(in);
  c.ownership = take_progress(in);
  c.partitioners = in.byte();
  c.placed = in.byte();
  c.ownership_conflicts = in.varint();
  c.misplaced = in.varint();
  c.next_chunk = static_cast<uint32_t>(in.varint_upto(UINT32_MAX));
  c.next_task = static_cast<uint32_t>(in.varint_upto(UINT32_MAX));
  const uint8_t flags = in.byte();
  for (const Topic t : {Topic::kEvents, Topic::kOwnership}) {
    c.sealed_gap[static_cast<size_t>(t)] = (flags & gap_bit(t)) != 0;
    c.recreated[static_cast<size_t>(t)] = (flags & recreated_bit(t)) != 0;
  }
  if (!in.ok() || in.remaining() != 0 || flags > 15 || c.partitioners > kPartitionerAll ||
      c.placed > kPartitionerAll) {
    return schemas::corrupt("a checkpoint is malformed");
  }
  return c;
}

}  // namespace satindex::store
