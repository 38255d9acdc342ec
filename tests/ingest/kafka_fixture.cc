#include "tests/ingest/kafka_fixture.h"

namespace satindex::ingest {

std::unique_ptr<tests::KafkaBroker> KafkaTest::broker_;

void KafkaTest::SetUpTestSuite() {
  ASSERT_TRUE(tests::KafkaBroker::available())
      << "Kafka's jars are not there: ./dev setup fetches them, SATINDEX_KAFKA_LIB names them";
  auto broker = tests::KafkaBroker::start();
  ASSERT_TRUE(broker) << broker.error().message;
  broker_ = std::move(*broker);
}

void KafkaTest::TearDownTestSuite() { broker_.reset(); }

void KafkaTest::SetUp() {
  ASSERT_NE(broker_, nullptr);
  const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  settings_.kafka.brokers = broker().bootstrap_servers();
  settings_.kafka.group_id = "group-" + name;
  settings_.events_topic = name + ".events";
  settings_.ownership_topic = name + ".ownership";
  settings_.dead_letter_topic = name + ".dead-letter";
  auto producer = Producer::open(settings_.kafka, Partitioning::kMurmur2);
  ASSERT_TRUE(producer) << producer.error().message;
  producer_ = std::move(*producer);
}

void KafkaTest::create_ownership(int32_t partitions) {
  auto done = broker().create_topic(settings_.ownership_topic, partitions,
                                    {{"retention.ms", "-1"}, {"retention.bytes", "-1"}});
  ASSERT_TRUE(done) << done.error().message;
}

void KafkaTest::create_topics(int32_t partitions) {
  create_ownership(partitions);
  auto done = broker().create_topic(settings_.events_topic, partitions);
  ASSERT_TRUE(done) << done.error().message;
}

void KafkaTest::produce(const std::string& topic, const std::string& key,
                        std::optional<std::string> value, int32_t partition) {
  std::optional<std::string_view> view;
  if (value) view = *value;
  auto done = producer_->produce(topic, key, view, partition);
  ASSERT_TRUE(done) << done.error().message;
}

void KafkaTest::flush() {
  auto done = producer_->flush(std::chrono::seconds{20});
  ASSERT_TRUE(done) << done.error().message;
}

std::unique_ptr<tests::Running> KafkaTest::run() {
  auto running = std::make_unique<tests::Running>(settings_, dir_.path());
  EXPECT_TRUE(running->start()) << running->error();
  return running;
}

Transaction::Transaction(const std::string& brokers, const std::string& id) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char why[256];
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), why, sizeof(why));
  rd_kafka_conf_set(conf, "transactional.id", id.c_str(), why, sizeof(why));
  rd_kafka_conf_set(conf, "transaction.timeout.ms", "600000", why, sizeof(why));
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rk_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
  check(rd_kafka_init_transactions(rk_, 30'000), "init");
}

Transaction::~Transaction() { rd_kafka_destroy(rk_); }

void Transaction::check(rd_kafka_error_t* error, const char* doing) {
  if (error == nullptr) return;
  ADD_FAILURE() << doing << ": " << rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
}

void Transaction::begin() { check(rd_kafka_begin_transaction(rk_), "begin"); }
void Transaction::commit() { check(rd_kafka_commit_transaction(rk_, 30'000), "commit"); }
void Transaction::abort() {
  flush();  // else the records never reach the log
  check(rd_kafka_abort_transaction(rk_, 30'000), "abort");
}
void Transaction::flush() { EXPECT_EQ(rd_kafka_flush(rk_, 30'000), RD_KAFKA_RESP_ERR_NO_ERROR); }

void Transaction::produce(const std::string& topic, int32_t partition, const std::string& key,
                          const std::string& value) {
  const auto err =
      rd_kafka_producev(rk_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                        RD_KAFKA_V_KEY(key.data(), key.size()),
                        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  EXPECT_EQ(err, RD_KAFKA_RESP_ERR_NO_ERROR);
}

}  // namespace satindex::ingest
