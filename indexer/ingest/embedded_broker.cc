#include "indexer/ingest/embedded_broker.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

namespace satindex::ingest {

using schemas::Result;

struct EmbeddedBroker::Impl {
  rd_kafka_t* client = nullptr;  // the cluster's book-keeping lives in a client
  rd_kafka_mock_cluster_t* cluster = nullptr;

  ~Impl() {
    if (cluster != nullptr) rd_kafka_mock_cluster_destroy(cluster);
    if (client != nullptr) rd_kafka_destroy(client);
  }
};

EmbeddedBroker::EmbeddedBroker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddedBroker::~EmbeddedBroker() = default;

Result<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::start() {
  auto impl = std::make_unique<Impl>();
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  char why[256] = {0};
  impl->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
  if (impl->client == nullptr) {
    rd_kafka_conf_destroy(conf);
    return schemas::internal(std::string("embedded broker: ") + why);
  }
  impl->cluster = rd_kafka_mock_cluster_new(impl->client, 1);
  if (impl->cluster == nullptr) return schemas::internal("embedded broker: no cluster");
  return std::unique_ptr<EmbeddedBroker>(new EmbeddedBroker(std::move(impl)));
}

Result<void> EmbeddedBroker::create_topic(const std::string& topic, int32_t partitions) {
  const auto err = rd_kafka_mock_topic_create(impl_->cluster, topic.c_str(), partitions, 1);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return schemas::invalid(rd_kafka_err2str(err));
  return {};
}

std::string EmbeddedBroker::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster);
}

void EmbeddedBroker::set_down(bool down) {
  if (down) {
    rd_kafka_mock_broker_set_down(impl_->cluster, -1);
  } else {
    rd_kafka_mock_broker_set_up(impl_->cluster, -1);
  }
}

}  // namespace satindex::ingest
