#include "bench/macro/tools/topic_reader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

namespace satindex::bench {
namespace {

constexpr int kAskMs = 20'000;
constexpr int kPollMs = 100;
constexpr size_t kBatch = 10'000;

struct ClientEnd {
  void operator()(rd_kafka_t* rk) const { rd_kafka_destroy(rk); }
};
using Client = std::unique_ptr<rd_kafka_t, ClientEnd>;

Client make_client(const std::string& brokers) {
  char why[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* key, const std::string& value) {
    if (rd_kafka_conf_set(conf, key, value.c_str(), why, sizeof(why)) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(why);
  };
  set("bootstrap.servers", brokers);
  set("group.id", "bench");
  set("enable.auto.commit", "false");
  // Small queues starve librdkafka 2.0.2 (it looks at a full one once a second): these are large on
  // purpose.
  set("queued.min.messages", "1000000");
  set("queued.max.messages.kbytes", "1048576");
  set("fetch.message.max.bytes", "4194304");
  rd_kafka_t* rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
  if (rk == nullptr) throw std::runtime_error(why);
  return Client(rk);
}

using Clock = std::chrono::steady_clock;

struct Worker {
  std::vector<TopicRange> ranges;
  uint64_t records = 0;
  uint64_t bytes = 0;
  Clock::time_point first = Clock::time_point::max();
};

void work(const std::string& brokers, const std::string& topic_name, int number, Worker* w,
          std::atomic<int64_t>* left, const BatchHandler& handler) {
  const Client client = make_client(brokers);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client.get(), topic_name.c_str(), nullptr);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
  int64_t wanted = 0;
  for (const TopicRange& r : w->ranges) {
    wanted += r.high - r.low;
    rd_kafka_consume_start_queue(topic, r.partition, RD_KAFKA_OFFSET_BEGINNING, queue);
  }
  std::vector<rd_kafka_message_t*> messages(kBatch);
  std::vector<rd_kafka_message_t*> good;
  while (static_cast<int64_t>(w->records) < wanted && left->load(std::memory_order_relaxed) > 0) {
    // Never more than what is left: librdkafka waits for a batch to fill, up to the time-out.
    const size_t most = std::min(kBatch, static_cast<size_t>(wanted) - w->records);
    const ssize_t n = rd_kafka_consume_batch_queue(queue, kPollMs, messages.data(), most);
    if (n > 0 && w->records == 0) w->first = Clock::now();
    good.clear();
    for (ssize_t i = 0; i < n; ++i) {
      if (messages[static_cast<size_t>(i)]->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        good.push_back(messages[static_cast<size_t>(i)]);
    }
    for (const rd_kafka_message_t* m : good) w->bytes += m->len;
    handler(number, good.data(), good.size());
    w->records += good.size();
    left->fetch_sub(static_cast<int64_t>(good.size()), std::memory_order_relaxed);
    for (ssize_t i = 0; i < n; ++i) rd_kafka_message_destroy(messages[static_cast<size_t>(i)]);
  }
  for (const TopicRange& r : w->ranges) rd_kafka_consume_stop(topic, r.partition);
  rd_kafka_queue_destroy(queue);
  rd_kafka_topic_destroy(topic);
}

}  // namespace

std::vector<TopicRange> topic_ranges(const std::string& brokers, const std::string& topic) {
  const Client client = make_client(brokers);
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client.get(), topic.c_str(), nullptr);
  const struct rd_kafka_metadata* told = nullptr;
  const auto error = rd_kafka_metadata(client.get(), 0, handle, &told, kAskMs);
  rd_kafka_topic_destroy(handle);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  const int partitions = told->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(told);
  std::vector<TopicRange> ranges;
  for (int32_t p = 0; p < partitions; ++p) {
    TopicRange r{p, 0, 0};
    const auto answer =
        rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), p, &r.low, &r.high, kAskMs);
    if (answer != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(answer));
    ranges.push_back(r);
  }
  return ranges;
}

ReadTotals read_topic(const std::string& brokers, const std::string& topic, int workers,
                      uint64_t records_max, const BatchHandler& handler) {
  std::vector<Worker> shares(static_cast<size_t>(workers));
  size_t next = 0;
  for (const TopicRange& r : topic_ranges(brokers, topic))
    shares[next++ % shares.size()].ranges.push_back(r);
  std::atomic<int64_t> left{records_max == 0 ? INT64_MAX : static_cast<int64_t>(records_max)};
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < shares.size(); ++i) {
    threads.emplace_back(
        [&, i] { work(brokers, topic, static_cast<int>(i), &shares[i], &left, handler); });
  }
  for (std::jthread& t : threads) t.join();
  ReadTotals totals;
  Clock::time_point first = Clock::time_point::max();
  for (const Worker& w : shares) {
    totals.records += w.records;
    totals.bytes += w.bytes;
    first = std::min(first, w.first);
  }
  if (totals.records > 0)
    totals.seconds = std::chrono::duration<double>(Clock::now() - first).count();
  return totals;
}

}  // namespace satindex::bench
