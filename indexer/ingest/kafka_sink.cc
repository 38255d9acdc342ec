#include "indexer/ingest/kafka_sink.h"

#include <pthread.h>

#include <atomic>
#include <thread>

#include "indexer/ingest/kafka_handle.h"
#include "indexer/ingest/topic_shape.h"

namespace satindex::ingest {

using schemas::Result;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kLookEvery{5};
// Answers to other records wait meanwhile.
constexpr std::chrono::milliseconds kLookPatience{1'000};

}  // namespace

struct KafkaSink::Impl {
  KafkaSettings settings;
  std::string name;
  std::shared_ptr<KafkaHandle> handle;
  KafkaTopic topic;
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> refused{0};
  std::thread thread;

  void run() {
    pthread_setname_np(pthread_self(), "kafka-sink");
    uint64_t seen = 0;
    Clock::time_point next_look;
    while (!stop.load()) {
      rd_kafka_poll(handle->get(), 100);
      if (refused.load() == seen || Clock::now() < next_look) continue;
      seen = refused.load();
      look_after_topic();
      next_look = Clock::now() + kLookEvery;
    }
  }

  // A topic that somebody deleted would refuse every record until the next start.
  void look_after_topic() const {
    const auto there = ensure_topic(settings, name, kLookPatience);
    if (!settings.log) return;
    settings.log(LogLevel::kWarning, "topic " + name + " refuses records" +
                                         (there ? "; it is there, or has been made again"
                                                : ": " + there.error().message));
  }

  void answer(const rd_kafka_message_t& message) {
    const bool acknowledged = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!acknowledged) ++refused;
    std::unique_ptr<SinkAnswer> answer(static_cast<SinkAnswer*>(message._private));
    (*answer)(acknowledged);
  }
};

KafkaSink::KafkaSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<KafkaSink>> KafkaSink::open(const KafkaSettings& settings,
                                                   const std::string& topic,
                                                   std::chrono::milliseconds deadline) {
  auto callbacks = std::make_unique<KafkaCallbacks>();
  auto impl = std::make_unique<Impl>();
  callbacks->delivered = [raw = impl.get()](const rd_kafka_message_t& message) {
    raw->answer(message);
  };
  const KafkaProperties defaults = {{"queue.buffering.max.kbytes", "65536"}};
  const KafkaProperties forced = {{"linger.ms", "1"},
                                  {"acks", "all"},
                                  {"message.timeout.ms", std::to_string(deadline.count())}};
  auto handle =
      KafkaHandle::create(RD_KAFKA_PRODUCER, settings, defaults, forced, std::move(callbacks));
  if (!handle) return handle.error();
  impl->settings = settings;
  impl->name = topic;
  impl->handle = *handle;
  impl->topic.reset(rd_kafka_topic_new(impl->handle->get(), topic.c_str(), nullptr));
  if (impl->topic == nullptr) return schemas::config_error("not a topic name: " + topic);
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<KafkaSink>(new KafkaSink(std::move(impl)));
}

KafkaSink::~KafkaSink() {
  impl_->stop = true;
  impl_->thread.join();
  // Answers what is left: purged records come back as failed.
  rd_kafka_purge(impl_->handle->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(impl_->handle->get(), 5'000);
  impl_->topic.reset();
}

void KafkaSink::append(const SinkRecord& record, SinkAnswer answer) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()),
                        value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
  }
  auto owned = std::make_unique<SinkAnswer>(std::move(answer));
  const void* value = record.value ? record.value->data() : nullptr;
  rd_kafka_vu_t arguments[6];
  arguments[0].vtype = RD_KAFKA_VTYPE_RKT;
  arguments[0].u.rkt = impl_->topic.get();
  arguments[1].vtype = RD_KAFKA_VTYPE_KEY;
  arguments[1].u.mem = {const_cast<char*>(record.key.data()), record.key.size()};
  arguments[2].vtype = RD_KAFKA_VTYPE_VALUE;
  arguments[2].u.mem = {const_cast<void*>(value), record.value ? record.value->size() : 0};
  arguments[3].vtype = RD_KAFKA_VTYPE_HEADERS;
  arguments[3].u.headers = headers;
  arguments[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  arguments[4].u.i = RD_KAFKA_MSG_F_COPY;
  arguments[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  arguments[5].u.ptr = owned.get();
  rd_kafka_error_t* error = rd_kafka_produceva(impl_->handle->get(), arguments, 6);
  if (error == nullptr) {
    (void)owned.release();  // the delivery report owns it now
    return;
  }
  rd_kafka_error_destroy(error);
  rd_kafka_headers_destroy(headers);
  ++impl_->refused;
  (*owned)(false);
}

}  // namespace satindex::ingest
