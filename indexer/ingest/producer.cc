#include "indexer/ingest/producer.h"

#include <pthread.h>

#include <map>
#include <mutex>
#include <thread>

#include "indexer/ingest/kafka_handle.h"

namespace satindex::ingest {

using schemas::Result;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {
constexpr milliseconds kRoomDeadline{30'000};
}  // namespace

struct Producer::Impl {
  std::shared_ptr<KafkaHandle> handle;
  std::shared_ptr<std::atomic<uint64_t>> failed = std::make_shared<std::atomic<uint64_t>>(0);
  std::mutex mutex;  // guards topics
  std::map<std::string, KafkaTopic> topics;
  std::atomic<bool> stop{false};
  std::thread thread;

  rd_kafka_topic_t* topic(const std::string& name) {
    std::lock_guard lock(mutex);
    KafkaTopic& topic = topics[name];
    if (topic == nullptr) topic.reset(rd_kafka_topic_new(handle->get(), name.c_str(), nullptr));
    return topic.get();
  }
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Producer>> Producer::open(const KafkaSettings& settings,
                                                 Partitioning partitioning) {
  auto impl = std::make_unique<Impl>();
  auto callbacks = std::make_unique<KafkaCallbacks>();
  callbacks->delivered = [failed = impl->failed](const rd_kafka_message_t& m) {
    if (m.err != RD_KAFKA_RESP_ERR_NO_ERROR) ++*failed;
  };
  const char* partitioner = partitioning == Partitioning::kMurmur2 ? "murmur2" : "consistent";
  auto handle = KafkaHandle::create(RD_KAFKA_PRODUCER, settings, {{"linger.ms", "2"}},
                                    {{"partitioner", partitioner}}, std::move(callbacks));
  if (!handle) return handle.error();
  impl->handle = *handle;
  impl->thread = std::thread([raw = impl.get()] {
    pthread_setname_np(pthread_self(), "producer");
    while (!raw->stop.load()) rd_kafka_poll(raw->handle->get(), 50);
  });
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

Producer::~Producer() {
  impl_->stop = true;
  impl_->thread.join();
  rd_kafka_purge(impl_->handle->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(impl_->handle->get(), 1'000);
  impl_->topics.clear();
}

Result<void> Producer::produce(const std::string& topic, std::string_view key,
                               std::optional<std::string_view> value, int32_t partition,
                               int64_t timestamp_ms) {
  rd_kafka_topic_t* to = impl_->topic(topic);
  if (to == nullptr) return schemas::config_error("not a topic name: " + topic);
  const auto until = Clock::now() + kRoomDeadline;
  while (true) {
    rd_kafka_vu_t a[6];
    a[0].vtype = RD_KAFKA_VTYPE_RKT;
    a[0].u.rkt = to;
    a[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    a[1].u.i32 = partition;
    a[2].vtype = RD_KAFKA_VTYPE_KEY;
    a[2].u.mem = {const_cast<char*>(key.data()), key.size()};
    a[3].vtype = RD_KAFKA_VTYPE_VALUE;
    a[3].u.mem = {value ? const_cast<char*>(value->data()) : nullptr, value ? value->size() : 0};
    a[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    a[4].u.i = RD_KAFKA_MSG_F_COPY;
    a[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    a[5].u.i64 = timestamp_ms;
    rd_kafka_error_t* error = rd_kafka_produceva(impl_->handle->get(), a, 6);
    if (error == nullptr) return {};
    const auto code = rd_kafka_error_code(error);
    const std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || Clock::now() >= until) {
      return schemas::unavailable(text);
    }
    std::this_thread::sleep_for(milliseconds{2});
  }
}

Result<void> Producer::flush(milliseconds deadline) {
  const uint64_t before = impl_->failed->load();
  const auto err = rd_kafka_flush(impl_->handle->get(), static_cast<int>(deadline.count()));
  const uint64_t lost = impl_->failed->load() - before;
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return schemas::unavailable(rd_kafka_err2str(err));
  if (lost > 0) return schemas::unavailable(std::to_string(lost) + " records were not delivered");
  return {};
}

uint64_t Producer::failed() const { return impl_->failed->load(); }

}  // namespace satindex::ingest
