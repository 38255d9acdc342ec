// StableOffsets: the last stable offset of every partition, asked on the stream's client (whose
// isolation level makes that its end) by a thread of its own: on that connection an answer waits
// behind a fetch, and nothing that freshness needs may wait for it. Thread-safe; start() once;
// the client and the watches outlive it. A partition that gives no answer keeps its last one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "indexer/ingest/broker_questions.h"
#include "indexer/ingest/partition_watch.h"

namespace satindex::ingest {

class StableOffsets {
 public:
  struct Place {
    PartitionRef ref;
    PartitionWatch* watch;  // told of every answer
  };
  struct Seen {
    int64_t first = -1;  // the first answer; -1: none yet
    int64_t last = -1;
    std::chrono::steady_clock::time_point since;  // when `last` took this value
  };
  StableOffsets(rd_kafka_t* client, const IngestSettings& settings, std::vector<Place> places);
  ~StableOffsets();
  void start();
  void request_stop();
  // The same, and waits for a question under way, a second at most.
  void stop();

  // From now on: these places (by index), those of one leader together, so often.
  void ask(std::vector<std::vector<size_t>> groups, std::chrono::milliseconds every);
  Seen of(size_t place) const;

 private:
  void run();
  void ask_group(const std::vector<size_t>& group);

  BrokerQuestions questions_;
  const std::vector<Place> places_;
  mutable std::mutex mutex_;  // guards the next four
  std::vector<Seen> seen_;
  std::vector<std::vector<size_t>> groups_;
  std::chrono::milliseconds every_{0};
  bool stop_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace satindex::ingest
