#include "tests/support/kafka_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

namespace satindex::tests {
namespace {

using schemas::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kClusterId = "4L6g3nShT-eMCtK--X86sw";
constexpr int kAdminTimeoutMs = 15'000;

std::filesystem::path library() {
  if (const char* set = std::getenv("SATINDEX_KAFKA_LIB")) return set;
#ifdef SATINDEX_SOURCE_DIR
  return std::filesystem::path(SATINDEX_SOURCE_DIR) / "build/kafka/lib";
#else
  return "build/kafka/lib";
#endif
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

pid_t spawn(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const std::string log_path = log.string();
  const pid_t pid = fork();
  if (pid == 0) {
    // A test that dies must not leave a broker behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int fd = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  return pid;
}

std::vector<std::string> java(const std::string& main_class) {
  return {"java",         "-Xmx512m", "-XX:+UseSerialGC",         "-XX:TieredStopAtLevel=1",
          "-Xshare:auto", "-cp",      (library() / "*").string(), main_class};
}

struct Client {
  rd_kafka_t* rk = nullptr;
  explicit Client(const std::string& brokers) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char why[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), why, sizeof(why));
    rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "200", why, sizeof(why));
    rd_kafka_conf_set_log_cb(conf, nullptr);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
  }
  ~Client() { rd_kafka_destroy(rk); }
};

// Runs one admin request; `failed` looks at the results of the event.
Result<void> admin(const std::string& brokers, rd_kafka_admin_op_t op,
                   const std::function<void(rd_kafka_t*, const rd_kafka_AdminOptions_t*,
                                            rd_kafka_queue_t*)>& request,
                   const std::function<const char*(rd_kafka_event_t*)>& failed) {
  Client client(brokers);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.rk);
  rd_kafka_AdminOptions_t* options = rd_kafka_AdminOptions_new(client.rk, op);
  char why[128];
  rd_kafka_AdminOptions_set_request_timeout(options, kAdminTimeoutMs, why, sizeof(why));
  if (op != RD_KAFKA_ADMIN_OP_DELETERECORDS) {
    rd_kafka_AdminOptions_set_operation_timeout(options, kAdminTimeoutMs, why, sizeof(why));
  }
  request(client.rk, options, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kAdminTimeoutMs + 2'000);
  Result<void> out;
  if (event == nullptr) {
    out = schemas::unavailable("no answer");
  } else if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    out = schemas::unavailable(rd_kafka_event_error_string(event));
  } else if (const char* text = failed(event)) {
    out = schemas::unavailable(text);
  }
  if (event != nullptr) rd_kafka_event_destroy(event);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_queue_destroy(queue);
  return out;
}

const char* first_error(const rd_kafka_topic_result_t** topics, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(topics[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return rd_kafka_err2str(rd_kafka_topic_result_error(topics[i]));
    }
  }
  return nullptr;
}

}  // namespace

bool KafkaBroker::available() {
  return std::filesystem::exists(library() / "kafka_2.13-4.0.0.jar");
}

Result<std::unique_ptr<KafkaBroker>> KafkaBroker::start() {
  auto broker = std::unique_ptr<KafkaBroker>(new KafkaBroker());
  std::string name = (std::filesystem::temp_directory_path() / "satindex-kafka-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return schemas::internal("mkdtemp");
  broker->directory_ = name;
  broker->port_ = free_port();
  broker->controller_port_ = free_port();
  broker->write_properties();
  auto format = java("kafka.tools.StorageTool");
  const std::string properties = (broker->directory_ / "server.properties").string();
  for (const char* a : {"format", "--standalone", "-t", kClusterId, "-c"}) format.push_back(a);
  format.push_back(properties);
  const pid_t pid = spawn(format, broker->directory_ / "format.log");
  int status = 0;
  waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return schemas::internal("formatting the storage failed: see " +
                             (broker->directory_ / "format.log").string());
  }
  if (auto up = broker->launch(); !up) return up.error();
  return broker;
}

void KafkaBroker::write_properties() {
  const std::string port = std::to_string(port_);
  const std::string controller = std::to_string(controller_port_);
  std::ofstream(directory_ / "server.properties")
      << "process.roles=broker,controller\n"
         "node.id=1\n"
         "controller.quorum.bootstrap.servers=127.0.0.1:"
      << controller
      << "\n"
         "listeners=PLAINTEXT://127.0.0.1:"
      << port << ",CONTROLLER://127.0.0.1:" << controller
      << "\n"
         "advertised.listeners=PLAINTEXT://127.0.0.1:"
      << port << ",CONTROLLER://127.0.0.1:" << controller
      << "\n"
         "controller.listener.names=CONTROLLER\n"
         "log.dirs="
      << (directory_ / "data").string()
      << "\n"
         "offsets.topic.replication.factor=1\n"
         "offsets.topic.num.partitions=1\n"
         "transaction.state.log.replication.factor=1\n"
         "transaction.state.log.min.isr=1\n"
         "transaction.state.log.num.partitions=1\n"
         "group.initial.rebalance.delay.ms=0\n"
         "broker.session.timeout.ms=3000\n"
         "broker.heartbeat.interval.ms=500\n"
         "log.initial.task.delay.ms=500\n"
         "auto.create.topics.enable=false\n"
         "message.max.bytes=4194304\n";
}

Result<void> KafkaBroker::launch() {
  auto arguments = java("kafka.Kafka");
  arguments.push_back((directory_ / "server.properties").string());
  pid_ = spawn(arguments, directory_ / "broker.log");
  if (pid_ < 0) return schemas::internal("fork");
  return wait_until_ready(seconds{60});
}

Result<void> KafkaBroker::wait_until_ready(seconds patience) {
  const auto until = Clock::now() + patience;
  Client client(bootstrap_servers());
  while (Clock::now() < until) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return schemas::internal("the broker ended while starting: see " +
                               (directory_ / "broker.log").string());
    }
    const struct rd_kafka_metadata* told = nullptr;
    if (rd_kafka_metadata(client.rk, 1, nullptr, &told, 500) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const bool up = told->broker_cnt == 1;
      rd_kafka_metadata_destroy(told);
      if (up) return {};
    }
    std::this_thread::sleep_for(milliseconds{50});
  }
  return schemas::unavailable("the broker did not become ready");
}

KafkaBroker::~KafkaBroker() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string KafkaBroker::bootstrap_servers() const { return "127.0.0.1:" + std::to_string(port_); }

void KafkaBroker::signal_and_reap(int signal) {
  if (pid_ < 0) return;
  ::kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void KafkaBroker::kill() { signal_and_reap(SIGKILL); }
void KafkaBroker::stop() { signal_and_reap(SIGTERM); }
Result<void> KafkaBroker::restart() {
  kill();
  return launch();
}
void KafkaBroker::freeze() {
  if (pid_ >= 0) ::kill(pid_, SIGSTOP);
}
void KafkaBroker::thaw() {
  if (pid_ >= 0) ::kill(pid_, SIGCONT);
}

Result<void> KafkaBroker::create_topic(const std::string& topic, int32_t partitions,
                                       const std::map<std::string, std::string>& config) {
  return admin(
      bootstrap_servers(), RD_KAFKA_ADMIN_OP_CREATETOPICS,
      [&](rd_kafka_t* rk, const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        char why[128];
        auto* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why, sizeof(why));
        for (const auto& [k, v] : config)
          rd_kafka_NewTopic_set_config(wanted, k.c_str(), v.c_str());
        rd_kafka_CreateTopics(rk, &wanted, 1, options, queue);
        rd_kafka_NewTopic_destroy(wanted);
      },
      [](rd_kafka_event_t* event) {
        size_t count = 0;
        const auto** topics =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        return first_error(topics, count);
      });
}

Result<void> KafkaBroker::create_partitions(const std::string& topic, int32_t total) {
  return admin(
      bootstrap_servers(), RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
      [&](rd_kafka_t* rk, const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        char why[128];
        auto* wanted =
            rd_kafka_NewPartitions_new(topic.c_str(), static_cast<size_t>(total), why, sizeof(why));
        rd_kafka_CreatePartitions(rk, &wanted, 1, options, queue);
        rd_kafka_NewPartitions_destroy(wanted);
      },
      [](rd_kafka_event_t* event) {
        size_t count = 0;
        const auto** topics = rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(event), &count);
        return first_error(topics, count);
      });
}

Result<void> KafkaBroker::delete_topic(const std::string& topic) {
  return admin(
      bootstrap_servers(), RD_KAFKA_ADMIN_OP_DELETETOPICS,
      [&](rd_kafka_t* rk, const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        auto* unwanted = rd_kafka_DeleteTopic_new(topic.c_str());
        rd_kafka_DeleteTopics(rk, &unwanted, 1, options, queue);
        rd_kafka_DeleteTopic_destroy(unwanted);
      },
      [](rd_kafka_event_t* event) {
        size_t count = 0;
        const auto** topics =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
        return first_error(topics, count);
      });
}

Result<void> KafkaBroker::delete_records(const std::string& topic, int32_t partition,
                                         int64_t before) {
  return admin(
      bootstrap_servers(), RD_KAFKA_ADMIN_OP_DELETERECORDS,
      [&](rd_kafka_t* rk, const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        auto* list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = before;
        auto* unwanted = rd_kafka_DeleteRecords_new(list);
        rd_kafka_DeleteRecords(rk, &unwanted, 1, options, queue);
        rd_kafka_DeleteRecords_destroy(unwanted);
        rd_kafka_topic_partition_list_destroy(list);
      },
      [](rd_kafka_event_t* event) -> const char* {
        const auto* list =
            rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
        const auto err = list->elems[0].err;
        return err == RD_KAFKA_RESP_ERR_NO_ERROR ? nullptr : rd_kafka_err2str(err);
      });
}

}  // namespace satindex::tests
