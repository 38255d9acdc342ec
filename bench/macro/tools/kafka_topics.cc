// kafka_topics BROKERS create TOPIC PARTITIONS | ends TOPIC | wait: what the orchestrator asks of a
// broker. `ends` prints how many records the topic holds.
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/macro/tools/topic_reader.h"

namespace satindex::bench {
namespace {

constexpr int kAdminMs = 20'000;
constexpr std::chrono::seconds kPatience{60};

rd_kafka_t* client_of(const std::string& brokers) {
  char why[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), why, sizeof(why));
  rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "200", why, sizeof(why));
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_t* rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
  if (rk == nullptr) throw std::runtime_error(why);
  return rk;
}

void create(const std::string& brokers, const std::string& topic, int partitions) {
  rd_kafka_t* rk = client_of(brokers);
  char why[256];
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why, sizeof(why));
  for (const char* key : {"retention.ms", "retention.bytes"})
    rd_kafka_NewTopic_set_config(wanted, key, "-1");
  rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
  rd_kafka_AdminOptions_t* options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_CreateTopics(rk, &wanted, 1, options, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kAdminMs);
  if (event == nullptr) throw std::runtime_error("no answer");
  size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  const auto error =
      count == 1 ? rd_kafka_topic_result_error(results[0]) : rd_kafka_event_error(event);
  rd_kafka_event_destroy(event);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(wanted);
  rd_kafka_destroy(rk);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
}

void wait(const std::string& brokers) {
  rd_kafka_t* rk = client_of(brokers);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const struct rd_kafka_metadata* told = nullptr;
    if (rd_kafka_metadata(rk, 1, nullptr, &told, 1'000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const bool up = told->broker_cnt > 0;
      rd_kafka_metadata_destroy(told);
      if (up) break;
    }
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the broker did not come up");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  rd_kafka_destroy(rk);
}

int run(int argc, char** argv) {
  const std::string brokers = argv[1];
  const std::string verb = argv[2];
  if (verb == "create" && argc == 5) {
    create(brokers, argv[3], std::atoi(argv[4]));
  } else if (verb == "ends" && argc == 4) {
    int64_t records = 0;
    for (const TopicRange& r : topic_ranges(brokers, argv[3])) records += r.high - r.low;
    std::printf("%lld\n", static_cast<long long>(records));
  } else if (verb == "wait") {
    wait(brokers);
  } else {
    return 78;
  }
  return 0;
}

}  // namespace
}  // namespace satindex::bench

int main(int argc, char** argv) {
  if (argc < 3) return 78;
  try {
    return satindex::bench::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "kafka_topics: %s\n", e.what());
    return 1;
  }
}
