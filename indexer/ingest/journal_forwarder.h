// JournalForwarder: sends the journal's records to another sink, in order, with a bounded number
// under way. After a failure nothing more is sent until all that is under way is answered; then it
// pauses and begins again at the first record that was not acknowledged. So each arrives at least
// once, and the last arrivals are in the journal's order. The position moves only over an unbroken
// run of acknowledged records and is made durable now and then.
//
// run() is the body of one thread. The sink's answers may come on any thread, even after this is
// gone. Files and sink outlive stop(). Damage stops forwarding for good and is reported, unless
// pass_damage says that it may be passed over: then what is lost is counted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "indexer/ingest/journal_files.h"
#include "indexer/ingest/journal_reader.h"
#include "indexer/ingest/record_sink.h"

namespace satindex::ingest {

class JournalForwarder {
 public:
  struct Settings {
    size_t window_records;
    size_t window_bytes;
    std::chrono::milliseconds pause_min;
    std::chrono::milliseconds pause_max;
    std::chrono::milliseconds position_every;
    bool pass_damage;
  };
  using Report = std::function<void(const std::string&)>;
  JournalForwarder(JournalFiles& files, RecordSink& sink, const Settings& settings, Report report);

  void run();
  // More records are durable. Any thread.
  void wake();
  // After this nothing is sent; run() returns once what is under way is answered or at `until`.
  void stop(std::chrono::steady_clock::time_point until);

  uint64_t position() const { return position_.load(std::memory_order_relaxed); }
  uint64_t forwarded() const { return forwarded_.load(std::memory_order_relaxed); }
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  bool damaged() const { return damaged_.load(std::memory_order_relaxed); }

 private:
  struct Window;
  using Clock = std::chrono::steady_clock;
  bool settle();
  bool send_more();
  void send(const JournalReader::Record& record);
  void meet_damage();
  void begin_again();
  void keep_position();

  JournalFiles& files_;
  RecordSink& sink_;
  const Settings settings_;
  const Report report_;
  JournalReader reader_;                  // run()'s
  std::chrono::milliseconds pause_;       // run()'s
  Clock::time_point paused_until_{};      // run()'s
  Clock::time_point position_kept_at_{};  // run()'s
  bool reading_failed_ = false;           // run()'s
  uint64_t position_kept_;                // run()'s
  std::shared_ptr<Window> window_;        // shared with answers under way
  std::mutex sending_;                    // held while the sink is called
  bool may_send_ = true;                  // guarded by sending_
  std::atomic<uint64_t> position_;
  std::atomic<uint64_t> forwarded_{0};
  std::atomic<uint64_t> failures_{0};
  std::atomic<uint64_t> lost_{0};
  std::atomic<bool> damaged_{false};
};

}  // namespace satindex::ingest
