#include "indexer/ingest/topic_shape.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <thread>

#include "indexer/ingest/broker_questions.h"
#include "indexer/ingest/kafka_handle.h"

namespace satindex::ingest {
namespace {

using schemas::Result;
using std::chrono::milliseconds;
using store::Topic;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kAskTimeout{2'000};
constexpr milliseconds kConfigTimeout{5'000};
constexpr milliseconds kPause{200};

struct EventCloser {
  void operator()(rd_kafka_event_t* e) const { rd_kafka_event_destroy(e); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventCloser>;

struct OptionsCloser {
  void operator()(rd_kafka_AdminOptions_t* o) const { rd_kafka_AdminOptions_destroy(o); }
};
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, OptionsCloser>;

Options options(rd_kafka_t* client, rd_kafka_admin_op_t op, milliseconds timeout) {
  Options out(rd_kafka_AdminOptions_new(client, op));
  char why[128];
  const int ms = static_cast<int>(timeout.count());
  rd_kafka_AdminOptions_set_request_timeout(out.get(), ms, why, sizeof(why));
  return out;
}

// The embedded broker answers no admin request, and the client would wait for the whole timeout.
bool answers_admin_requests(rd_kafka_t* client) {
  char* id = rd_kafka_clusterid(client, static_cast<int>(kAskTimeout.count()));
  const bool embedded = id != nullptr && std::string_view(id).starts_with("mockCluster");
  if (id != nullptr) rd_kafka_mem_free(client, id);
  return !embedded;
}

bool exists(rd_kafka_t* client, const std::string& topic, milliseconds timeout) {
  KafkaTopic handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const struct rd_kafka_metadata* told = nullptr;
  if (handle == nullptr ||
      rd_kafka_metadata(client, 0, handle.get(), &told, static_cast<int>(timeout.count())) !=
          RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  const bool there = told->topic_cnt == 1 && told->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_metadata_destroy(told);
  return there;
}

struct TopicConfig {
  std::string cleanup_policy;
  std::string retention_ms;
  std::string retention_bytes;
};

// Nullopt when the brokers do not tell: an ACL, or a broker that knows no such request.
std::optional<TopicConfig> describe(rd_kafka_t* client, const std::string& topic) {
  KafkaQueue queue(rd_kafka_queue_new(client));
  auto opts = options(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, kConfigTimeout);
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  rd_kafka_DescribeConfigs(client, &resource, 1, opts.get(), queue.get());
  rd_kafka_ConfigResource_destroy(resource);
  Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(kConfigTimeout.count()) + 1000));
  if (event == nullptr || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  size_t count = 0;
  const auto** resources =
      result ? rd_kafka_DescribeConfigs_result_resources(result, &count) : nullptr;
  if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  const auto** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  TopicConfig out;
  for (size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConfigEntry_name(entries[i]);
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value == nullptr) continue;
    if (name == "cleanup.policy") out.cleanup_policy = value;
    if (name == "retention.ms") out.retention_ms = value;
    if (name == "retention.bytes") out.retention_bytes = value;
  }
  return out;
}

Result<void> check_ownership_config(rd_kafka_t* client, const std::string& topic,
                                    TopicShape* shape) {
  const auto config =
      answers_admin_requests(client) ? describe(client, topic) : std::optional<TopicConfig>();
  if (!config) {
    shape->configuration_unreadable = true;
    shape->warnings.push_back("the configuration of " + topic +
                              " may not be read: make sure that it is kept whole");
    return {};
  }
  if (config->cleanup_policy.find("compact") != std::string::npos) {
    return schemas::config_error("ownership-topic: " + topic +
                                 " is compacted, which drops intervals; it must have "
                                 "cleanup.policy=delete, retention.ms=-1, retention.bytes=-1");
  }
  if (config->retention_ms != "-1" || config->retention_bytes != "-1") {
    shape->finite_retention = true;
    shape->warnings.push_back(topic +
                              " has a finite retention: intervals older than it will be "
                              "missing from a rebuilt index; set retention.ms=-1 and "
                              "retention.bytes=-1");
  }
  return {};
}

// What is wrong with the topics as told, or empty.
std::string missing(const IngestSettings& settings, const std::array<TopicMetadata, 2>& told) {
  for (Topic t : kTopics) {
    const TopicMetadata& topic = told[static_cast<size_t>(t)];
    if (topic.error == RD_KAFKA_RESP_ERR_NO_ERROR && !topic.leaders.empty()) continue;
    return std::string(topic_label(t)) + "-topic: " + settings.topic(t) + " cannot be read (" +
           rd_kafka_err2str(topic.error) + ")";
  }
  return {};
}

}  // namespace

Result<TopicShape> discover(const IngestSettings& settings, milliseconds deadline) {
  auto questions = BrokerQuestions::create(settings);
  if (!questions) return questions.error();
  const auto until = Clock::now() + deadline;
  std::string wrong;
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    const auto told = (*questions)->metadata(std::clamp(left, milliseconds{1}, kAskTimeout));
    if (told) {
      wrong = missing(settings, *told);
      if (wrong.empty()) {
        const size_t ownership = (*told)[static_cast<size_t>(Topic::kOwnership)].leaders.size();
        const size_t events = (*told)[static_cast<size_t>(Topic::kEvents)].leaders.size();
        if (ownership != events) {
          return schemas::config_error(
              "events-topic and ownership-topic: both must have the same number of partitions, "
              "but " +
              settings.events_topic + " has " + std::to_string(events) + " and " +
              settings.ownership_topic + " has " + std::to_string(ownership));
        }
        TopicShape shape;
        shape.partitions = static_cast<int32_t>(events);
        if (auto ok =
                check_ownership_config((*questions)->client(), settings.ownership_topic, &shape);
            !ok) {
          return ok.error();
        }
        return shape;
      }
    }
    if (Clock::now() + kPause >= until) break;
    std::this_thread::sleep_for(kPause);
  }
  if (!wrong.empty()) return schemas::config_error(wrong);
  return schemas::unavailable("no broker of kafka-brokers answered");
}

Result<void> ensure_topic(const KafkaSettings& settings, const std::string& topic,
                          milliseconds deadline) {
  auto handle = KafkaHandle::create(RD_KAFKA_PRODUCER, settings, {}, {});
  if (!handle) return handle.error();
  rd_kafka_t* client = (*handle)->get();
  if (exists(client, topic, std::min(deadline, kAskTimeout))) return {};
  char why[256] = {0};
  KafkaQueue queue(rd_kafka_queue_new(client));
  auto opts = options(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline);
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), 1, -1, why, sizeof(why));
  if (wanted == nullptr) return schemas::config_error("not a topic name: " + topic);
  rd_kafka_CreateTopics(client, &wanted, 1, opts.get(), queue.get());
  rd_kafka_NewTopic_destroy(wanted);
  Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(deadline.count()) + 1000));
  if (event == nullptr) return schemas::unavailable("no broker answered");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return schemas::unavailable(rd_kafka_event_error_string(event.get()));
  }
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  size_t count = 0;
  const auto** topics = result ? rd_kafka_CreateTopics_result_topics(result, &count) : nullptr;
  for (size_t i = 0; i < count; ++i) {
    const auto err = rd_kafka_topic_result_error(topics[i]);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      return schemas::unavailable(rd_kafka_err2str(err));
    }
  }
  return {};
}

}  // namespace satindex::ingest
