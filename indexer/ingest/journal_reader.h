// JournalReader: the journal's durable records in order, from any sequence on. Reads what the
// writer has made durable and nothing beyond. One thread; the files outlive it. Holds at most one
// segment in memory, and that only to look for the end of a damaged place.
//
// Damage is never passed over unasked: next() says kDamaged, again and again, until pass_damage().
// Damage among records that were forwarded before is no loss and not reported.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "indexer/ingest/journal_files.h"
#include "indexer/ingest/journal_frame.h"

namespace satindex::ingest {

class JournalReader {
 public:
  explicit JournalReader(JournalFiles& files) : files_(files) {}

  // The next record is the one with this sequence.
  void seek(uint64_t sequence);

  enum class Step : uint8_t { kRecord, kNothingYet, kDamaged, kFailed };
  struct Record {
    uint64_t sequence = 0;
    SinkRecord record;
  };
  // record is set only for kRecord; kFailed: error() says why, and it may be tried again.
  Step next(Record& out);
  const std::string& error() const { return error_; }

  // Sequences [from, to) cannot be read.
  struct Damage {
    uint64_t from = 0;
    uint64_t to = 0;
    uint64_t segment = 0;  // its first sequence
    uint64_t offset = 0;
  };
  const Damage& damage() const { return damage_; }
  void pass_damage();

 private:
  bool open_segment(const JournalFiles::Segment& segment);
  bool fill(const JournalFiles::Segment& segment, size_t bytes_wanted);
  Step found_damage(const JournalFiles::Segment& segment);
  Step fail(const std::string& doing);

  JournalFiles& files_;
  uint64_t at_ = 1;  // the next record's sequence
  UniqueFd file_;
  uint64_t segment_ = 0;  // the open one's first sequence
  uint64_t in_file_ = 0;  // sequence expected at offset_; behind at_ after a seek
  uint64_t offset_ = 0;   // of the first byte of unread_
  std::string buffer_;    // from offset_ - taken_ on
  size_t taken_ = 0;      // of buffer_
  uint64_t resume_ = 0;   // where reading goes on after the damage
  bool damage_met_ = false;
  Damage damage_;
  std::string error_;
};

// Where the last segment's durable records end.
struct JournalTail {
  uint64_t bytes = 0;  // to keep
  uint64_t end = 0;    // one past the last sequence
};
JournalTail find_tail(std::string_view segment, uint64_t first);

}  // namespace satindex::ingest
