// KafkaBroker: a real Apache Kafka (KRaft, one process) for tests, on free ports of 127.0.0.1, in a
// directory of its own that is deleted with it. The class path comes from SATINDEX_KAFKA_LIB (a
// directory of jars), else build/kafka/lib under the source root; available() says whether it is
// there. One thread. Only ever signals the process it started, by its pid.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "schemas/status.h"

namespace satindex::tests {

class KafkaBroker {
 public:
  static bool available();
  // Formats the storage, starts, waits until it answers (up to a minute).
  static schemas::Result<std::unique_ptr<KafkaBroker>> start();
  ~KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  std::string bootstrap_servers() const;
  // kill -9; what was acknowledged stays in its directory.
  void kill();
  // A clean shutdown.
  void stop();
  schemas::Result<void> restart();
  // SIGSTOP and SIGCONT: a broker that neither answers nor closes its connections.
  void freeze();
  void thaw();

  schemas::Result<void> create_topic(const std::string& topic, int32_t partitions,
                                     const std::map<std::string, std::string>& config = {});
  schemas::Result<void> create_partitions(const std::string& topic, int32_t total);
  schemas::Result<void> delete_topic(const std::string& topic);
  // Moves the low watermark: the records below are gone.
  schemas::Result<void> delete_records(const std::string& topic, int32_t partition, int64_t before);

 private:
  KafkaBroker() = default;
  schemas::Result<void> launch();
  schemas::Result<void> wait_until_ready(std::chrono::seconds patience);
  void write_properties();
  void signal_and_reap(int signal);

  std::filesystem::path directory_;
  int port_ = 0;
  int controller_port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace satindex::tests
