// DeadLetters: one shard's unreadable records on their way to the dead-letter topic, as references
// (CONTRACT 1.4). A checkpoint that passes an unreadable record may be committed only while
// settled(). What the sink fails is sent again after a pause, for as long as it takes: bad weather,
// reported, never a reason to lose a reference or to stop for good. Used by the shard's thread; the
// sink's answers come on its thread. Bounded by kPendingMax references.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "indexer/ingest/record_sink.h"
#include "indexer/ingest/record_source.h"
#include "schemas/sat_event.h"

namespace satindex::ingest {

class DeadLetters {
 public:
  static constexpr size_t kPendingMax = 10'000;

  // sink may be null: then references go nowhere (files without a place for them) and everything is
  // settled.
  explicit DeadLetters(RecordSink* sink);
  ~DeadLetters();

  void report(const std::string& topic, int32_t partition, const SourceRecord& record,
              schemas::Unreadable reason, int64_t wall_ns);
  // Sends again what failed and is due; true when every reference is acknowledged.
  bool settled();
  bool full() const;
  size_t pending() const;
  uint64_t failures() const;  // answers that were a failure, so far

 private:
  struct State;
  static void send(const std::shared_ptr<State>& state, uint64_t id, const SinkRecord& record);
  RecordSink* const sink_;
  std::shared_ptr<State> state_;  // shared with answers under way, which may outlive this
};

// The dead letter of a record: no value, the reference in its headers.
SinkRecord dead_letter_of(const std::string& topic, int32_t partition, const SourceRecord& record,
                          schemas::Unreadable reason, int64_t wall_ns);

}  // namespace satindex::ingest
