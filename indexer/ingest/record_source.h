// RecordSource: the seam through which one shard's records arrive, in offset order per topic. Owned
// and used by exactly one thread, the shard's; never blocks beyond the wait it is given. It does
// not fail: trouble is a condition in the batch, and the source goes on by itself when it is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/checkpoint.h"

namespace satindex::ingest {

// Views into the source's buffers, valid until its next poll.
struct SourceRecord {
  store::Topic topic = store::Topic::kEvents;
  int64_t offset = 0;
  int64_t timestamp_ms = -1;  // -1: none
  std::string_view key;       // {nullptr, 0}: null
  std::string_view value;     // {nullptr, 0}: null
};

// Everything of the topic below next_offset has been delivered; it is past control records and
// other holes.
struct EndMark {
  store::Topic topic = store::Topic::kEvents;
  int64_t next_offset = 0;
};

enum class ConditionKind : uint8_t {
  kGap,        // the position was below the low watermark; reading goes on at next_offset
  kBeyondEnd,  // the position is beyond the end: waiting
  kReading,    // reading (again) from next_offset
  kTrouble,    // the topic gave an error; the source retries
};

struct Condition {
  store::Topic topic = store::Topic::kEvents;
  ConditionKind kind = ConditionKind::kTrouble;
  int64_t next_offset = -1;
  std::string detail;
};

struct SourceBatch {
  std::vector<Condition> conditions;  // to be applied before the records
  std::vector<SourceRecord> records;
  std::vector<EndMark> ends;  // to be applied after the records
  bool finished = false;      // the source has ended for good (files)

  void clear() {
    conditions.clear();
    records.clear();
    ends.clear();
    finished = false;
  }
  bool empty() const { return conditions.empty() && records.empty() && ends.empty() && !finished; }
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // Begins to deliver the topic from its progress on (next_offset -1: from its beginning). Once per
  // topic.
  virtual void start(store::Topic topic, const store::TopicProgress& from) = 0;
  // Clears the batch and fills it with at most records_max records. Returns as soon as there is
  // anything, or after wait.
  virtual void poll(std::chrono::milliseconds wait, size_t records_max, SourceBatch* batch) = 0;
};

}  // namespace satindex::ingest
