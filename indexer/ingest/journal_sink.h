// JournalSink: a RecordSink that acknowledges a record once it is synced to a journal on the local
// disk, and forwards the journal in order to another sink, across restarts and kill -9. What was
// there at the last end is forwarded before anything new. See docs/decisions/0005.
//
// Threads: append() from any. "journal" writes everything that waits as one group (write,
// fdatasync) and answers it; "journal-forward" sends; "journal-watch" answers, failed, what the
// disk has not taken within answer_deadline. The inner sink outlives this.
//
// Bounds: records and bytes that wait, bytes on disk, one record's size; beyond one of them the
// answer is a failure at once. A group that cannot be written is answered as failed, reported, and
// the next is tried anew. Records answered true are never lost by us; damage to the files stops
// forwarding and is reported, and new records still become durable until the disk's bound.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "indexer/ingest/record_sink.h"
#include "indexer/ingest/settings.h"

namespace satindex::ingest {

struct JournalSettings {
  std::filesystem::path directory;  // its parent must be there; made 0700
  std::chrono::milliseconds answer_deadline{5'000};
  size_t waiting_records_max = 20'000;
  size_t waiting_bytes_max = size_t{16} << 20;
  // Below what brokers take (message.max.bytes, 1 MiB): one refused for ever would stop all behind.
  size_t record_bytes_max = size_t{900} << 10;
  uint64_t segment_bytes = uint64_t{8} << 20;
  uint64_t disk_bytes_max = uint64_t{1} << 30;
  size_t window_records = 1'000;
  size_t window_bytes = size_t{4} << 20;
  std::chrono::milliseconds pause_min{100};
  std::chrono::milliseconds pause_max{5'000};
  std::chrono::milliseconds position_every{1'000};
  // The operator has seen the damage: pass over what cannot be read, count it as lost, keep the
  // file aside.
  bool pass_damage = false;
  LogSink log;  // must not call back
};

struct JournalStatus {
  uint64_t waiting_records = 0;
  uint64_t waiting_bytes = 0;
  uint64_t unforwarded = 0;  // durable records that are not known to have arrived
  uint64_t disk_bytes = 0;
  uint64_t recorded = 0;  // made durable since start
  uint64_t groups = 0;
  uint64_t forwarded = 0;         // since start
  uint64_t refused = 0;           // a bound was reached, or stopped
  uint64_t write_failures = 0;    // groups
  uint64_t expired = 0;           // records not answered by the disk in time
  uint64_t forward_failures = 0;  // pauses
  uint64_t lost = 0;              // records passed over as damaged
  uint64_t cut_bytes = 0;         // of the torn tail found at open
  bool damaged = false;           // forwarding has stopped
  std::string last_error;
};

class JournalSink : public RecordSink {
 public:
  static schemas::Result<std::unique_ptr<JournalSink>> open(JournalSettings settings,
                                                            RecordSink& inner);
  ~JournalSink() override;  // stop() with two seconds
  void append(const SinkRecord& record, SinkAnswer answer) override;

  // Refuses new records, writes what waits, waits for what is under way; the rest stays for the
  // next start. Returns by the deadline even when the disk does not; nothing is sent to the inner
  // sink afterwards. Once; later calls do nothing.
  void stop(std::chrono::milliseconds deadline);

  JournalStatus status() const;

 private:
  struct State;
  explicit JournalSink(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // shared with the threads, which a stuck disk may hold up
};

}  // namespace satindex::ingest
