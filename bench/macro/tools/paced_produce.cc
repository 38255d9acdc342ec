// paced_produce BROKERS TOPIC RATE: events as NDJSON on stdin, into a topic at so many a second,
// keyed and partitioned as the DSP would (device id, or User; murmur2). Ends with its input, or at
// SIGTERM. Prints one JSON line: how many, in what time.
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

namespace satindex::bench {
namespace {

volatile std::sig_atomic_t stopped = 0;

std::string_view field(std::string_view record, std::string_view name) {
  const size_t at = record.find(name);
  if (at == std::string_view::npos) return {};
  const size_t begin = at + name.size();
  return record.substr(begin, record.find('"', begin) - begin);
}

std::string_view key_of(std::string_view record) {
  const std::string_view device = field(record, "\"deviceId\":\"");
  return device.empty() ? field(record, "\"userId\":\"") : device;
}

rd_kafka_t* producer_of(const char* brokers) {
  char why[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));
  rd_kafka_conf_set(conf, "compression.type", "lz4", why, sizeof(why));
  rd_kafka_conf_set(conf, "linger.ms", "5", why, sizeof(why));
  rd_kafka_conf_set(conf, "queue.buffering.max.messages", "1000000", why, sizeof(why));
  return rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
}

int run(const char* brokers, const char* topic_name, double rate) {
  using Clock = std::chrono::steady_clock;
  rd_kafka_t* rk = producer_of(brokers);
  if (rk == nullptr) return 1;
  rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
  char why[256];
  rd_kafka_topic_conf_set(conf, "partitioner", "murmur2_random", why, sizeof(why));
  rd_kafka_topic_t* topic = rd_kafka_topic_new(rk, topic_name, conf);
  std::ios::sync_with_stdio(false);
  std::string line;
  uint64_t sent = 0;
  const auto begun = Clock::now();
  while (stopped == 0 && std::getline(std::cin, line)) {
    // Paced in steps of a millisecond; a late one is made up for, so that the mean rate holds.
    const auto due = begun + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(static_cast<double>(sent) / rate));
    if (const auto now = Clock::now(); due > now + std::chrono::milliseconds(1)) {
      rd_kafka_poll(rk, 0);
      std::this_thread::sleep_until(due);
    }
    const std::string_view key = key_of(line);
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, line.data(),
                            line.size(), key.data(), key.size(), nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) return 1;
      rd_kafka_poll(rk, 10);
    }
    if (++sent % 1024 == 0) rd_kafka_poll(rk, 0);
  }
  const auto flushed = rd_kafka_flush(rk, 30'000);
  std::printf("{\"records\":%llu,\"seconds\":%.3f}\n", static_cast<unsigned long long>(sent),
              std::chrono::duration<double>(Clock::now() - begun).count());
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(rk);
  return flushed == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : 1;
}

}  // namespace
}  // namespace satindex::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: paced_produce BROKERS TOPIC RATE\n", stderr);
    return 78;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { satindex::bench::stopped = 1; };
  sigaction(SIGTERM, &action, nullptr);
  return satindex::bench::run(argv[1], argv[2], std::atof(argv[3]));
}
