// CommitPolicy: when to commit, and on which path. Pure arithmetic over what the worker sees, so
// that the switch between catching up and following live is testable by itself. One per shard
// thread. Both paths give the same index (INV-1): the policy changes cost and latency, never
// content.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace satindex::ingest {

struct CommitLimits {
  // Catching up: fewer make smaller chunks and more files, more fall out of the processor's caches
  // and leave one long commit for the end (docs/decisions/0007).
  size_t bulk_records = 250'000;
  size_t bulk_bytes = size_t{256} << 20;
  // A catch-up that trickles must still become visible.
  std::chrono::nanoseconds bulk_age = std::chrono::seconds(5);
  // Live: few enough that a commit stays near a millisecond, and produce-to-visible within tens of
  // them.
  size_t live_records = 2'000;
  std::chrono::nanoseconds live_age = std::chrono::milliseconds(10);
  // Hysteresis of the switch.
  int64_t catch_up_lag = 100'000;
  int64_t live_lag = 5'000;
  // A live commit of more than this costs more entries than sorting it into files would.
  size_t live_path_records = 20'000;
};

enum class CommitDecision : uint8_t { kWait, kLive, kBulk };

struct Gathered {
  bool dirty = false;  // a commit would change something
  size_t records = 0;
  size_t bytes = 0;
  std::chrono::nanoseconds age{0};  // since the first of them
  int64_t lag = -1;                 // records behind the end, both topics; -1: unknown
  bool finished = false;            // nothing more will come
};

class CommitPolicy {
 public:
  CommitPolicy(const CommitLimits& limits, bool always_bulk)
      : limits_(limits), always_bulk_(always_bulk), catching_up_(always_bulk) {}

  CommitDecision decide(const Gathered& gathered);
  bool catching_up() const { return catching_up_; }
  // How many more records one poll may bring.
  size_t poll_records() const { return catching_up_ ? 10'000 : limits_.live_records; }
  // No more may be gathered before a commit succeeds: back-pressure.
  bool full(const Gathered& gathered) const {
    return gathered.records >= limits_.bulk_records || gathered.bytes >= limits_.bulk_bytes;
  }
  // How long a poll may wait without making what is gathered late.
  std::chrono::milliseconds patience(const Gathered& gathered) const;

 private:
  const CommitLimits limits_;
  const bool always_bulk_;
  bool catching_up_;
};

}  // namespace satindex::ingest
