// visible_probe BROKERS TOPIC PORT TOKEN_FILE USER_ID DEVICE_ID COUNT INTERVAL_MS: produces a
// marked event and asks the device route until it is there; again and again. From the call to
// produce to the answer that shows it, network, broker, index and HTTP included; the polling itself
// adds up to one request. Prints one JSON line: milliseconds, in order.
#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "schemas/time.h"

namespace satindex::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::microseconds kPause{500};

class Connection {
 public:
  Connection(uint16_t port, const std::string& path, const std::string& token) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      throw std::runtime_error("connect");
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const timeval patience{5, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    request_ =
        "GET " + path + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + token + "\r\n\r\n";
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The whole answer; one with status 200 and a Content-Length, or an exception.
  const std::string& ask() {
    if (send(fd_, request_.data(), request_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request_.size()))
      throw std::runtime_error("send");
    answer_.clear();
    size_t wanted = std::string::npos;
    while (answer_.size() < wanted) {
      char part[65536];
      const ssize_t n = recv(fd_, part, sizeof(part), 0);
      if (n <= 0) throw std::runtime_error("the connection was closed");
      answer_.append(part, static_cast<size_t>(n));
      const size_t head = answer_.find("\r\n\r\n");
      if (wanted != std::string::npos || head == std::string::npos) continue;
      if (answer_.compare(9, 3, "200") != 0) throw std::runtime_error(answer_.substr(0, 200));
      const size_t length = answer_.find("Content-Length: ");
      if (length == std::string::npos || length > head)
        throw std::runtime_error("no Content-Length");
      wanted = head + 4 + std::strtoull(answer_.c_str() + length + 16, nullptr, 10);
    }
    return answer_;
  }

 private:
  int fd_ = -1;
  std::string request_;
  std::string answer_;
};

struct Probe {
  std::string user;
  std::string device;
  rd_kafka_t* rk = nullptr;
  rd_kafka_topic_t* topic = nullptr;

  void open(const char* brokers, const char* name) {
    char why[256];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));
    rd_kafka_conf_set(conf, "linger.ms", "0", why, sizeof(why));
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    rd_kafka_topic_conf_t* of_topic = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set(of_topic, "partitioner", "murmur2_random", why, sizeof(why));
    topic = rd_kafka_topic_new(rk, name, of_topic);
    const struct rd_kafka_metadata* told = nullptr;  // so that the first event does not wait for it
    if (rd_kafka_metadata(rk, 0, topic, &told, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR)
      rd_kafka_metadata_destroy(told);
  }

  void produce(const std::string& mark, int number) {
    const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    const std::string value =
        "{\"eventId\":\"probe-" + std::to_string(number) + "\",\"timestamp\":\"" +
        schemas::format_time(now, 9) + "\",\"eventType\":\"SERVICE_REQUEST\",\"userId\":\"" + user +
        "\",\"userRole\":\"IS\",\"deviceId\":\"" + device + "\",\"requestId\":\"" + mark +
        "\",\"serviceReferenceVariant\":\"4.8.1\"}";
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                         const_cast<char*>(value.data()), value.size(), device.data(),
                         device.size(), nullptr) != 0)
      throw std::runtime_error("produce");
    rd_kafka_poll(rk, 0);
  }
};

std::string read_file(const char* path) {
  std::ifstream in(path);
  std::string text;
  std::getline(in, text);
  return text;
}

int run(char** argv) {
  Probe probe;
  probe.user = argv[5];
  probe.device = argv[6];
  probe.open(argv[1], argv[2]);
  const int count = std::atoi(argv[7]);
  const std::chrono::milliseconds interval{std::atoi(argv[8])};
  Connection connection(static_cast<uint16_t>(std::atoi(argv[3])),
                        "/v1/devices/" + probe.device + "/audit-trail?limit=5", read_file(argv[4]));
  const int64_t base = std::chrono::system_clock::now().time_since_epoch().count() / 1'000'000;
  std::vector<double> took;
  int lost = 0;
  auto due = Clock::now();
  for (int i = 0; i < count; ++i) {
    std::this_thread::sleep_until(due);
    const auto begun = Clock::now();
    const std::string mark = probe.user + ":" + probe.device + ":" + std::to_string(base + i);
    probe.produce(mark, i);
    while (connection.ask().find(mark) == std::string::npos && Clock::now() - begun < kPatience)
      std::this_thread::sleep_for(kPause);
    const auto passed = Clock::now() - begun;
    if (passed >= kPatience) ++lost;
    took.push_back(std::chrono::duration<double, std::milli>(passed).count());
    due = std::max(due + interval, Clock::now());
  }
  std::printf("{\"lost\":%d,\"ms\":[", lost);
  for (size_t i = 0; i < took.size(); ++i) std::printf("%s%.3f", i == 0 ? "" : ",", took[i]);
  std::printf("]}\n");
  rd_kafka_flush(probe.rk, 5'000);
  rd_kafka_topic_destroy(probe.topic);
  rd_kafka_destroy(probe.rk);
  return 0;
}

}  // namespace
}  // namespace satindex::bench

int main(int argc, char** argv) {
  if (argc != 9) {
    std::fputs(
        "usage: visible_probe BROKERS TOPIC PORT TOKEN_FILE USER_ID DEVICE_ID COUNT INTERVAL_MS\n",
        stderr);
    return 78;
  }
  try {
    return satindex::bench::run(argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "visible_probe: %s\n", e.what());
    return 1;
  }
}
