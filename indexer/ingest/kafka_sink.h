// KafkaSink: a RecordSink on one topic, with one producer client and one thread that serves its
// answers. "Acknowledged" means by every in-sync replica. Every append is answered within the
// deadline given at opening; more than the client's queue holds are failed at once. While records
// are refused the topic is looked for every 5 s, and made again when it is gone. Destruction fails
// what is still unanswered.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "indexer/ingest/record_sink.h"
#include "indexer/ingest/settings.h"

namespace satindex::ingest {

class KafkaSink : public RecordSink {
 public:
  static schemas::Result<std::unique_ptr<KafkaSink>> open(const KafkaSettings& settings,
                                                          const std::string& topic,
                                                          std::chrono::milliseconds deadline);
  ~KafkaSink() override;
  void append(const SinkRecord& record, SinkAnswer answer) override;

 private:
  struct Impl;
  explicit KafkaSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::ingest
