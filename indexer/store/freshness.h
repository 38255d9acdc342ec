// FreshnessBoard: what ingest has proved about how current each partition is, and what readers may conclude from it
// (CONTRACT 2, Freshness). Written by ingest's probe and shard workers, read by every request. Thread-safe, never blocks
// for longer than a copy of a few words. A partition outside [0, partitions()) is a broken invariant and aborts.
//
// How far a clock has moved is a distance: a wall clock set back by more than max_staleness makes a partition stale just
// as one set forward does, until the next confirmation (a second later) is made by the new reading. A wall clock that
// jumps says nothing true about the age of a proof, so neither direction may lengthen its life.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/ids.h"

namespace satindex::store {

enum class Topic : uint8_t { kEvents = 0, kOwnership = 1 };  // on disk: never renumber

// Why a partition is not fresh although its broker answers. The first two last until the shard is rebuilt.
enum class FreshnessFault : uint8_t {
  kNone = 0,
  kGap,        // position found below the low watermark: records passed over unread
  kRecreated,  // the last applied record was not found again at its offset
  kBeyondEnd,  // position beyond the end, while it lasts
};

// Partitioners that producers are known to use; bits of a mask, on disk: never renumber.
enum PartitionerBit : uint8_t { kPartitionerMurmur2 = 1, kPartitionerCrc32 = 2 };
inline constexpr uint8_t kPartitionerAll = 3;
// The hashes behind them: CRC-32 as in zlib (librdkafka "consistent"), murmur2 as in the Java client.
uint32_t crc32(std::string_view key);
uint32_t murmur2(std::string_view key);
// The partition a known partitioner gives to this key (the canonical device id).
int32_t partition_of(PartitionerBit partitioner, schemas::DeviceId device, int32_t partitions);
int32_t partition_of(PartitionerBit partitioner, std::string_view key, int32_t partitions);

class FreshnessBoard {
 public:
  explicit FreshnessBoard(int32_t partitions);

  // --- written by ingest -------------------------------------------------------------------------------------------
  // A question sent at (wall, boot) brought back the real end, and everything below it is applied. Confirmations may come
  // out of order: one that was sent before the one held changes nothing.
  void confirm(Topic topic, int32_t partition, int64_t wall_ns, int64_t boot_ns);
  // kGap and kRecreated stay for the life of the board, that is until the shard is rebuilt: later kNone and kBeyondEnd
  // change nothing.
  void set_fault(Topic topic, int32_t partition, FreshnessFault fault);
  // The broker's answer names a partition that is not yet read: no partition is fresh while this is set.
  void set_unread_partitions(bool unread);
  // Which known partitioners fit every ownership record of this partition so far, of PartitionerBit. The newest word holds.
  void set_partitioners(int32_t partition, uint8_t mask);
  // Why readiness may be given although the partition was never fresh (hanging transaction, gap, recreated).
  void set_never_fresh_reason(int32_t partition, std::string reason);

  // --- read --------------------------------------------------------------------------------------------------------
  // All of the below speak of the ownership topic where no topic is named.
  int32_t partitions() const { return partitions_; }
  // Fresh at (wall, boot) when confirmed no longer ago than max_staleness by either clock and without fault.
  bool fresh(int32_t partition, int64_t wall_ns, int64_t boot_ns, int64_t max_staleness_ns) const;
  // The one partition whose ledger decides for this device, or nullopt: every one is needed.
  std::optional<int32_t> deciding_partition(schemas::DeviceId device) const;
  // What one answer needs to know, all of one moment.
  struct Look {
    bool fresh =
        false;  // for an answer about the device; without one (a portfolio), every partition
    // Wall time of the oldest partition's last confirmation; nullopt while one was never confirmed.
    std::optional<int64_t> events_as_of_ns;
    std::optional<int64_t> ownership_as_of_ns;
  };
  Look look(std::optional<schemas::DeviceId> device, int64_t wall_ns, int64_t boot_ns,
            int64_t max_staleness_ns) const;
  // Each ownership partition has been found fresh once, or found unable to be.
  bool settled() const;
  struct PartitionState {
    int64_t confirmed_wall_ns = -1;
    int64_t confirmed_boot_ns = -1;
    FreshnessFault fault = FreshnessFault::kNone;
    std::string never_fresh_reason;
    uint8_t partitioners = kPartitionerAll;
    bool found_fresh = false;  // was confirmed, once at least, while nothing spoke against it
  };
  PartitionState state(Topic topic, int32_t partition) const;

 private:
  // What a request's moment is measured against.
  struct Moment {
    int64_t wall_ns;
    int64_t boot_ns;
    int64_t max_staleness_ns;
  };
  const PartitionState& at(Topic topic, int32_t partition) const;
  PartitionState& at(Topic topic, int32_t partition);
  // The ones below: mutex_ held.
  bool fresh_locked(const PartitionState& s, const Moment& m) const;
  bool all_fresh_locked(const Moment& m) const;
  std::optional<int32_t> deciding_partition_locked(schemas::DeviceId device) const;
  static std::optional<int64_t> oldest_of(const std::vector<PartitionState>& states);

  const int32_t partitions_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<PartitionState> ownership_;
  std::vector<PartitionState> events_;
  bool unread_partitions_ = false;
};

}  // namespace satindex::store
