// PartitionWatch: where the shard's thread and the probe's thread meet, one per (topic, partition).
// The shard raises a question when it starts or met trouble; the probe, which alone talks to the
// brokers outside the stream, answers with the partition's range once it has also looked for the
// last applied record. Thread-safe; lives as long as Ingest.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

namespace satindex::ingest {

struct PartitionRange {
  int64_t low = 0;   // low watermark
  int64_t high = 0;  // high watermark, the real end
};

class PartitionWatch {
 public:
  // --- the shard
  // ---------------------------------------------------------------------------------------------------
  // Something is new or wrong: nothing is fresh until the answer. Returns the question's number.
  uint64_t raise();
  // The answer to the question or to a later one.
  std::optional<PartitionRange> answer(uint64_t question) const;
  // The last applied record was not found again. Stays.
  bool recreated() const;
  // The last known ends; -1 while unknown.
  int64_t high() const;
  int64_t stable() const;
  // Where the stream stands, beyond what is committed: for the lag. Nothing depends on it.
  void set_position(int64_t next_offset);
  int64_t position() const;
  // The position is beyond the end, while it lasts.
  void set_beyond_end(bool beyond);
  bool beyond_end() const;

  // --- the probe
  // ---------------------------------------------------------------------------------------------------
  // The number of the newest question, answered or not.
  uint64_t question() const;
  bool answered() const;
  void put_answer(uint64_t question, PartitionRange range);
  void put_high(int64_t high);
  void put_stable(int64_t stable);
  void put_recreated();

 private:
  mutable std::mutex mutex_;  // guards all below
  uint64_t question_ = 0;
  uint64_t answered_ = 0;
  PartitionRange range_;
  int64_t high_ = -1;
  int64_t stable_ = -1;
  int64_t position_ = -1;
  bool recreated_ = false;
  bool beyond_end_ = false;
};

}  // namespace satindex::ingest
