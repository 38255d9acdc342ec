#include "indexer/ingest/kafka_handle.h"

#include <array>
#include <string_view>

namespace satindex::ingest {
namespace {

using schemas::Result;

struct Refusal {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view kOwnOffsets = "offsets live in the index";
constexpr std::string_view kAcknowledged =
    "a record out must be acknowledged by every in-sync replica";
constexpr std::string_view kOwnSetting = "there is a flag of its own for it";

constexpr std::array kRefused = {
    Refusal{"enable.auto.commit", kOwnOffsets},
    Refusal{"auto.commit.enable", kOwnOffsets},
    Refusal{"enable.auto.offset.store", kOwnOffsets},
    Refusal{"auto.offset.reset", "a silent jump of the position loses data"},
    Refusal{"enable.partition.eof", "only the end mark carries the true position"},
    Refusal{"isolation.level",
            "aborted records must never be indexed, and freshness needs the real end"},
    Refusal{"consume_cb", "it is a callback"},
    Refusal{"acks", kAcknowledged},
    Refusal{"request.required.acks", kAcknowledged},
    Refusal{"transactional.id", "records out are not part of a transaction"},
    Refusal{"message.timeout.ms", "the deadline of records out is fixed"},
    Refusal{"delivery.timeout.ms", "the deadline of records out is fixed"},
    Refusal{"bootstrap.servers", kOwnSetting},
    Refusal{"metadata.broker.list", kOwnSetting},
    Refusal{"group.instance.id", "there is no group to be a member of"},
    Refusal{"partition.assignment.strategy", "there is no group to be a member of"},
    Refusal{"test.mock.num.brokers", "each client would get a cluster of its own"},
    Refusal{"log.queue", "nobody would read it"},
};

void on_log(const rd_kafka_t* rk, int level, const char* facility, const char* text) {
  auto* callbacks = static_cast<KafkaCallbacks*>(rd_kafka_opaque(rk));
  if (callbacks == nullptr || !callbacks->log) return;
  LogLevel out = level <= 3 ? LogLevel::kError : level <= 5 ? LogLevel::kWarning : LogLevel::kInfo;
  callbacks->log(out, std::string("kafka ") + facility + ": " + text);
}

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto* callbacks = static_cast<KafkaCallbacks*>(opaque);
  callbacks->errors.fetch_add(1, std::memory_order_relaxed);
  if (callbacks->log) {
    callbacks->log(LogLevel::kWarning,
                   std::string("kafka ") +
                       rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code)) + ": " + reason);
  }
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* callbacks = static_cast<KafkaCallbacks*>(opaque);
  if (callbacks->delivered) callbacks->delivered(*message);
}

void on_commit(rd_kafka_t*, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t*,
               void* opaque) {
  auto* callbacks = static_cast<KafkaCallbacks*>(opaque);
  if (callbacks->committed) callbacks->committed(err);
}

// librdkafka spells its own names in its messages; the value is left out, it may be a password.
Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char why[256] = {0};
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof(why))) {
    case RD_KAFKA_CONF_OK:
      return {};
    case RD_KAFKA_CONF_UNKNOWN:
      return schemas::config_error("kafka-property: librdkafka knows no property \"" + name + "\"");
    default:
      return schemas::config_error("kafka-property: the value of \"" + name +
                                   "\" is not one librdkafka accepts");
  }
}

struct ConfCloser {
  void operator()(rd_kafka_conf_t* c) const { rd_kafka_conf_destroy(c); }
};

}  // namespace

Result<void> check_property(const std::string& name) {
  for (const Refusal& refusal : kRefused) {
    if (refusal.name == name) {
      return schemas::config_error("kafka-property: \"" + name +
                                   "\" may not be set: " + std::string(refusal.why));
    }
  }
  return {};
}

Result<std::shared_ptr<KafkaHandle>> KafkaHandle::create(
    rd_kafka_type_t type, const KafkaSettings& settings, const KafkaProperties& defaults,
    const KafkaProperties& forced, std::unique_ptr<KafkaCallbacks> callbacks) {
  if (settings.brokers.empty()) return schemas::config_error("kafka-brokers is not set");
  std::unique_ptr<rd_kafka_conf_t, ConfCloser> conf(rd_kafka_conf_new());
  // Recovery well within the three seconds that asOf may be old once the brokers answer again.
  KafkaProperties all = {
      {"bootstrap.servers", settings.brokers}, {"client.id", settings.client_id},
      {"reconnect.backoff.ms", "50"},          {"reconnect.backoff.max.ms", "500"},
      {"socket.timeout.ms", "10000"},          {"socket.keepalive.enable", "true"},
      {"log.connection.close", "false"}};
  all.insert(all.end(), defaults.begin(), defaults.end());
  for (const auto& property : settings.properties) {
    if (auto allowed = check_property(property.first); !allowed) return allowed.error();
    all.push_back(property);
  }
  all.insert(all.end(), forced.begin(), forced.end());
  for (const auto& [name, value] : all) {
    if (auto done = set(conf.get(), name, value); !done) return done.error();
  }
  auto handle = std::shared_ptr<KafkaHandle>(new KafkaHandle());
  handle->callbacks_ = callbacks ? std::move(callbacks) : std::make_unique<KafkaCallbacks>();
  if (!handle->callbacks_->log) handle->callbacks_->log = settings.log;
  rd_kafka_conf_set_opaque(conf.get(), handle->callbacks_.get());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  if (type == RD_KAFKA_CONSUMER) rd_kafka_conf_set_offset_commit_cb(conf.get(), on_commit);
  char why[512] = {0};
  handle->rk_ = rd_kafka_new(type, conf.get(), why, sizeof(why));
  if (handle->rk_ == nullptr) return schemas::config_error(std::string("kafka client: ") + why);
  (void)conf.release();  // rd_kafka_new took it
  return handle;
}

KafkaHandle::~KafkaHandle() {
  // No group to leave: the orderly close of a consumer would wait for a coordinator, for ever when
  // the broker is away.
  if (rk_ != nullptr) rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

}  // namespace satindex::ingest
