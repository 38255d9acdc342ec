// Node: the composition root of a serving process, for `run` and `demo`. Bottom of the stack first:
// store, ledger board, ingest, trail service, endpoints, listeners. Built in two steps, because
// listeners answer (alive, not ready) before any broker does: listen(), then open(). One thread
// builds and stops it; everything it owns has its own threads. Destroying it stops it.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "app/log.h"
#include "app/settings.h"
#include "indexer/ingest/topic_shape.h"
#include "schemas/status.h"

namespace satindex::app {

class Node {
 public:
  Node(RunSettings settings, Log& log);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Reads keys and certificates, makes the data directory, binds both listeners. kConfig names the
  // setting.
  schemas::Result<void> listen();
  // Asks the brokers what the topics look like; blocks up to the deadline. kUnavailable: nobody
  // answered, ask again.
  schemas::Result<ingest::TopicShape> discover(std::chrono::milliseconds deadline) const;
  // Opens the shards, starts to read the topics and to answer.
  schemas::Result<void> open(ingest::TopicShape shape);
  // Unready, no new connections, what is in flight ends, the last commit, everything closed. Again:
  // nothing.
  void stop();

  uint16_t http_port() const;
  uint16_t ops_port() const;
  bool ready() const;  // has been ready once, and is not stopping

  // For the administration socket. kUnavailable before open().
  schemas::Result<void> checkpoint_to(const std::string& directory);
  schemas::Result<std::string> replay(const std::string& topic, int32_t partition, int64_t offset);
  ingest::IngestSettings ingest_settings() const;
  const RunSettings& settings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::app
