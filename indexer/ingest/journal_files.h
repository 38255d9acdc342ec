// JournalFiles: the journal on disk: segment files of frames with consecutive sequences, named by
// their first one, and a small file with the position up to which all is forwarded. Only one
// process may have a directory open (a lock file). Files are 0600.
//
// Threads: append() by the writer only; retire() and keep_damaged() by the forwarder only; the
// rest by any. Fails by Status; after a failed append nothing of that group counts, and the next
// append begins a new segment, because what a failed sync left in the old one is not known.
//
// The segment that grows has room prepared: zeroes behind its last frame, cut when it ends, or at the next open. What is
// written into blocks that are there is synced without the file system's own journal: half the time, two thirds of the CPU
// (docs/decisions/0005).
//
// Invariant: what append() returned success for is read again at every open until it is retired.
// Of the last segment a tail that was never synced is cut at open; a fault with a later group
// behind it is no such tail but damage, and stays where it is for the reader to find.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "indexer/ingest/unique_fd.h"
#include "schemas/status.h"

namespace satindex::ingest {

class JournalFiles {
 public:
  static schemas::Result<std::unique_ptr<JournalFiles>> open(const std::filesystem::path& directory,
                                                             uint64_t segment_bytes);
  ~JournalFiles() { end_segment(); }
  JournalFiles(const JournalFiles&) = delete;
  JournalFiles& operator=(const JournalFiles&) = delete;

  // Frames sealed with sequences from next_sequence() on; durable when it returns success.
  schemas::Result<void> append(std::string_view group, uint64_t records);
  uint64_t next_sequence() const { return next_.load(std::memory_order_acquire); }
  // What the segments occupy, the kept damaged ones included.
  uint64_t disk_bytes() const { return disk_bytes_.load(std::memory_order_relaxed); }
  // Of a torn tail that was cut at open, prepared room aside.
  uint64_t cut_bytes() const { return cut_bytes_; }

  // First sequence that is not known to be forwarded, as it was at open.
  uint64_t position_at_open() const { return position_; }
  // All below `position` is forwarded: makes that durable, then removes the segments wholly below.
  schemas::Result<void> retire(uint64_t position);
  // The segment is put aside under another name when it is retired, not removed.
  void keep_damaged(uint64_t first);

  struct Segment {
    std::filesystem::path path;
    uint64_t first = 0;
    uint64_t end = 0;    // one past the last sequence
    uint64_t bytes = 0;  // durable
  };
  // The segment that holds the sequence, else the first one after it.
  std::optional<Segment> segment_for(uint64_t sequence) const;

 private:
  struct Known {
    uint64_t bytes = 0;
    bool damaged = false;
  };
  JournalFiles(std::filesystem::path directory, uint64_t segment_bytes)
      : directory_(std::move(directory)), segment_bytes_(segment_bytes) {}
  schemas::Result<void> lock();
  schemas::Result<void> list();
  schemas::Result<void> open_position();
  schemas::Result<void> mend_last();
  schemas::Result<void> begin_segment();
  void prepare(uint64_t end);
  void end_segment();
  void abandon_segment();
  std::filesystem::path path_of(uint64_t first) const;
  uint64_t end_of(std::map<uint64_t, Known>::const_iterator segment) const;

  const std::filesystem::path directory_;
  const uint64_t segment_bytes_;
  UniqueFd lock_;
  UniqueFd position_file_;
  unsigned position_slot_ = 0;
  uint64_t position_ = 1;
  uint64_t cut_bytes_ = 0;
  std::atomic<uint64_t> next_{1};
  std::atomic<uint64_t> disk_bytes_{0};

  UniqueFd active_;  // the writer's; invalid: the next append begins a segment
  uint64_t active_first_ = 0;
  uint64_t active_bytes_ = 0;
  uint64_t prepared_ = 0;  // bytes of the file, room included

  mutable std::mutex mutex_;  // guards the rest
  std::map<uint64_t, Known> segments_;
  std::optional<uint64_t> growing_;  // the segment that may still get records
};

}  // namespace satindex::ingest
