// One real broker for all tests of ingest_kafka_tests; each test has topics and shards of its own.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "indexer/ingest/producer.h"
#include "tests/ingest/fixture.h"
#include "tests/support/kafka_broker.h"

namespace satindex::ingest {

class KafkaTest : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  static tests::KafkaBroker& broker() { return *broker_; }
  // Both topics, kept whole.
  void create_topics(int32_t partitions);
  void create_ownership(int32_t partitions);
  void produce(const std::string& topic, const std::string& key, std::optional<std::string> value,
               int32_t partition = -1);
  void flush();
  std::unique_ptr<tests::Running> run();

  tests::TempDir dir_;
  IngestSettings settings_;
  std::unique_ptr<Producer> producer_;

 private:
  static std::unique_ptr<tests::KafkaBroker> broker_;
};

// A transaction by hand: librdkafka's, committed, aborted, or left open for ever.
class Transaction {
 public:
  Transaction(const std::string& brokers, const std::string& id);
  ~Transaction();
  void begin();
  void produce(const std::string& topic, int32_t partition, const std::string& key,
               const std::string& value);
  void commit();
  void abort();
  // What is produced has reached the log, without an end of the transaction.
  void flush();

 private:
  void check(rd_kafka_error_t* error, const char* doing);
  rd_kafka_t* rk_ = nullptr;
};

}  // namespace satindex::ingest
