// EmbeddedBroker: librdkafka's in-process mock cluster, for `demo` and tests: no Java, no disk. It
// keeps at most 5 MiB or 100,000 records a partition, knows no configurations, and is gone with the
// process: not for load. Owns the cluster; destroy it after its clients.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "schemas/status.h"

namespace satindex::ingest {

class EmbeddedBroker {
 public:
  static schemas::Result<std::unique_ptr<EmbeddedBroker>> start();
  ~EmbeddedBroker();

  schemas::Result<void> create_topic(const std::string& topic, int32_t partitions);
  std::string bootstrap_servers() const;
  // Stops (or resumes) answering, for tests of bad weather.
  void set_down(bool down);

 private:
  struct Impl;
  explicit EmbeddedBroker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::ingest
