#include "indexer/store/freshness.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "schemas/status.h"

namespace satindex::store {
namespace {

// The table of the reflected CRC-32 polynomial, as in zlib and librdkafka.
constexpr std::array<uint32_t, 256> crc32_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrc32Table = crc32_table();

bool lasts_until_rebuilt(FreshnessFault fault) {
  return fault == FreshnessFault::kGap || fault == FreshnessFault::kRecreated;
}

// The distance between two readings of a clock is at most `max`. A distance beyond 64 bits is not.
bool within(int64_t a, int64_t b, int64_t max) {
  int64_t distance = 0;
  if (__builtin_sub_overflow(std::max(a, b), std::min(a, b), &distance)) return false;
  return distance <= max;
}

}  // namespace

uint32_t crc32(std::string_view key) {
  uint32_t c = ~0u;
  for (const char byte : key) c = kCrc32Table[(c ^ static_cast<uint8_t>(byte)) & 0xff] ^ (c >> 8);
  return ~c;
}

uint32_t murmur2(std::string_view key) {
  constexpr uint32_t m = 0x5bd1e995;
  const auto at = [key](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(key[i])); };
  const size_t size = key.size();
  uint32_t h = 0x9747b28c ^ static_cast<uint32_t>(size);
  size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    uint32_t k = at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24;
    k *= m;
    k ^= k >> 24;
    k *= m;
    h *= m;
    h ^= k;
  }
  if (i < size) {
    for (size_t rest = size - i; rest > 0; --rest) h ^= at(i + rest - 1) << (8 * (rest - 1));
    h *= m;
  }
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return h;
}

int32_t partition_of(PartitionerBit partitioner, schemas::DeviceId device, int32_t partitions) {
  char text[schemas::kEuiTextBytes];
  device.eui.write(text);
  return partition_of(partitioner, std::string_view(text, sizeof text), partitions);
}

int32_t partition_of(PartitionerBit partitioner, std::string_view key, int32_t partitions) {
  SATINDEX_INVARIANT(partitions > 0, "a topic has at least one partition");
  // Java drops the sign bit before it divides; librdkafka's "consistent" divides the unsigned checksum.
  const uint32_t hash =
      partitioner == kPartitionerMurmur2 ? murmur2(key) & 0x7fffffffu : crc32(key);
  return static_cast<int32_t>(hash % static_cast<uint32_t>(partitions));
}

FreshnessBoard::FreshnessBoard(int32_t partitions)
    : partitions_(partitions),
      ownership_(static_cast<size_t>(std::max(partitions, 0))),
      events_(static_cast<size_t>(std::max(partitions, 0))) {}

const FreshnessBoard::PartitionState& FreshnessBoard::at(Topic topic, int32_t partition) const {
  SATINDEX_INVARIANT(partition >= 0 && partition < partitions_, "a partition of the topic");
  const auto i = static_cast<size_t>(partition);
  return topic == Topic::kEvents ? events_[i] : ownership_[i];
}

FreshnessBoard::PartitionState& FreshnessBoard::at(Topic topic, int32_t partition) {
  return const_cast<PartitionState&>(std::as_const(*this).at(topic, partition));
}

void FreshnessBoard::confirm(Topic topic, int32_t partition, int64_t wall_ns, int64_t boot_ns) {
  const std::lock_guard lock(mutex_);
  PartitionState& s = at(topic, partition);
  // Ordered by the clock that never goes back.
  if (boot_ns < s.confirmed_boot_ns) return;
  s.confirmed_wall_ns = wall_ns;
  s.confirmed_boot_ns = boot_ns;
  if (s.fault == FreshnessFault::kNone && !unread_partitions_) s.found_fresh = true;
}

void FreshnessBoard::set_fault(Topic topic, int32_t partition, FreshnessFault fault) {
  const std::lock_guard lock(mutex_);
  PartitionState& s = at(topic, partition);
  if (lasts_until_rebuilt(s.fault) && !lasts_until_rebuilt(fault)) return;
  s.fault = fault;
}

void FreshnessBoard::set_unread_partitions(bool unread) {
  const std::lock_guard lock(mutex_);
  unread_partitions_ = unread;
}

void FreshnessBoard::set_partitioners(int32_t partition, uint8_t mask) {
  const std::lock_guard lock(mutex_);
  at(Topic::kOwnership, partition).partitioners = mask;
}

void FreshnessBoard::set_never_fresh_reason(int32_t partition, std::string reason) {
  const std::lock_guard lock(mutex_);
  at(Topic::kOwnership, partition).never_fresh_reason = std::move(reason);
}

bool FreshnessBoard::fresh_locked(const PartitionState& s, const Moment& m) const {
  if (unread_partitions_ || s.fault != FreshnessFault::kNone) return false;
  if (s.confirmed_boot_ns < 0) return false;
  return within(m.boot_ns, s.confirmed_boot_ns, m.max_staleness_ns) &&
         within(m.wall_ns, s.confirmed_wall_ns, m.max_staleness_ns);
}

bool FreshnessBoard::all_fresh_locked(const Moment& m) const {
  // No partition at all proves nothing.
  return !ownership_.empty() &&
         std::all_of(ownership_.begin(), ownership_.end(),
                     [&](const PartitionState& s) { return fresh_locked(s, m); });
}

std::optional<int32_t> FreshnessBoard::deciding_partition_locked(schemas::DeviceId device) const {
  if (partitions_ <= 0) return std::nullopt;
  if (partitions_ == 1) return 0;  // whatever the partitioner: one is every one
  uint8_t fits = kPartitionerAll;
  for (const PartitionState& s : ownership_) fits &= s.partitioners;
  std::optional<int32_t> decided;
  for (const PartitionerBit bit : {kPartitionerMurmur2, kPartitionerCrc32}) {
    if ((fits & bit) == 0) continue;
    const int32_t partition = partition_of(bit, device, partitions_);
    if (decided && *decided != partition) return std::nullopt;
    decided = partition;
  }
  return decided;
}

bool FreshnessBoard::fresh(int32_t partition, int64_t wall_ns, int64_t boot_ns,
                           int64_t max_staleness_ns) const {
  const std::lock_guard lock(mutex_);
  return fresh_locked(at(Topic::kOwnership, partition), {wall_ns, boot_ns, max_staleness_ns});
}

std::optional<int32_t> FreshnessBoard::deciding_partition(schemas::DeviceId device) const {
  const std::lock_guard lock(mutex_);
  return deciding_partition_locked(device);
}

std::optional<int64_t> FreshnessBoard::oldest_of(const std::vector<PartitionState>& states) {
  std::optional<int64_t> oldest;
  for (const PartitionState& s : states) {
    if (s.confirmed_boot_ns < 0) return std::nullopt;
    oldest = std::min(oldest.value_or(s.confirmed_wall_ns), s.confirmed_wall_ns);
  }
  return oldest;
}

FreshnessBoard::Look FreshnessBoard::look(std::optional<schemas::DeviceId> device, int64_t wall_ns,
                                          int64_t boot_ns, int64_t max_staleness_ns) const {
  const std::lock_guard lock(mutex_);  // one moment: masks and confirmations must not be of two
  const Moment moment{wall_ns, boot_ns, max_staleness_ns};
  const auto partition = device ? deciding_partition_locked(*device) : std::nullopt;
  return {partition ? fresh_locked(at(Topic::kOwnership, *partition), moment)
                    : all_fresh_locked(moment),
          oldest_of(events_), oldest_of(ownership_)};
}

bool FreshnessBoard::settled() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(ownership_.begin(), ownership_.end(), [](const PartitionState& s) {
    return s.found_fresh || lasts_until_rebuilt(s.fault) || !s.never_fresh_reason.empty();
  });
}

FreshnessBoard::PartitionState FreshnessBoard::state(Topic topic, int32_t partition) const {
  const std::lock_guard lock(mutex_);
  return at(topic, partition);
}

}  // namespace satindex::store
