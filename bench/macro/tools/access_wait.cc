// How long a page waits for its access record, by sink and rate: docs/decisions/0005.
//
//   access_wait DIRECTORY [seconds] [rate...]
//
// Open loop: records are due at even intervals whatever the answers do, and a wait counts from when
// its record was due. One table line a sink and rate: the broker's acknowledgement (a real Apache
// Kafka of its own, one replica), and the journal in DIRECTORY forwarding to that same broker.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "indexer/ingest/journal_sink.h"
#include "indexer/ingest/kafka_sink.h"
#include "tests/support/kafka_broker.h"

namespace {

using satindex::ingest::JournalSettings;
using satindex::ingest::JournalSink;
using satindex::ingest::KafkaSettings;
using satindex::ingest::KafkaSink;
using satindex::ingest::RecordSink;
using satindex::ingest::SinkRecord;
using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

SinkRecord page_record(size_t i) {
  SinkRecord record;
  record.key = "PARTY-" + std::to_string(i % 20);
  record.value =
      R"({"sub":"user-)" + std::to_string(i % 997) + R"(","party":")" + record.key +
      R"(","role":"IS","devices":["00-DB-12-34-56-78-90-A0"],"route":)"
      R"("/v1/devices/00-DB-12-34-56-78-90-A0/audit-trail","window":{"from":null,"to":null},)"
      R"("filters":{},"rows":27,"time":"2026-11-20T10:15:30.123456789Z"})";
  return record;
}

struct Waits {
  std::vector<double> ms;
  size_t failed = 0;
};

Waits measure(RecordSink& sink, double rate, double seconds) {
  const auto count = std::max<size_t>(20, static_cast<size_t>(rate * seconds));
  std::vector<std::atomic<int64_t>> waits(count);  // 0: unanswered, negative: failed
  std::atomic<size_t> answered{0};
  const auto begin = Clock::now() + std::chrono::milliseconds(50);
  for (size_t i = 0; i < count; ++i) {
    const auto due = begin + nanoseconds(std::llround(static_cast<double>(i) * 1e9 / rate));
    std::this_thread::sleep_until(due);
    sink.append(page_record(i), [&waits, &answered, i, due](bool acknowledged) {
      const int64_t ns = std::max<int64_t>(1, nanoseconds(Clock::now() - due).count());
      waits[i] = acknowledged ? ns : -ns;
      ++answered;
    });
  }
  while (answered < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  Waits out;
  for (const auto& ns : waits) {
    if (ns < 0) {
      ++out.failed;
    } else {
      out.ms.push_back(static_cast<double>(ns) / 1e6);
    }
  }
  std::sort(out.ms.begin(), out.ms.end());
  return out;
}

void print(const char* name, double rate, const Waits& waits) {
  const auto at = [&](double share) {
    if (waits.ms.empty()) return 0.0;
    const auto last = static_cast<double>(waits.ms.size() - 1);
    return waits.ms[static_cast<size_t>(std::lround(share * last))];
  };
  std::printf("| %s | %.0f | %zu | %.2f | %.2f | %.2f | %.2f | %.2f | %zu |\n", name, rate,
              waits.ms.size(), at(0.5), at(0.9), at(0.99), at(0.999), at(1), waits.failed);
  std::fflush(stdout);
}

int fail(const std::string& why) {
  std::fprintf(stderr, "access_wait: %s\n", why.c_str());
  return 1;
}

int run(const std::filesystem::path& directory, double seconds, const std::vector<double>& rates) {
  auto broker = satindex::tests::KafkaBroker::start();
  if (!broker) return fail(broker.error().message);
  const std::string topic = "sat.access";
  if (auto made = (*broker)->create_topic(topic, 4); !made) return fail(made.error().message);
  KafkaSettings kafka;
  kafka.brokers = (*broker)->bootstrap_servers();
  auto topic_sink = KafkaSink::open(kafka, topic, std::chrono::seconds(5));
  if (!topic_sink) return fail(topic_sink.error().message);
  measure(**topic_sink, 500, 4);  // a broker just started is slow
  std::puts("| recorded by | pages/s | pages | p50 ms | p90 | p99 | p99.9 | max | failed |");
  std::puts("|---|---|---|---|---|---|---|---|---|");
  for (const double rate : rates) print("Kafka", rate, measure(**topic_sink, rate, seconds));
  JournalSettings settings;
  settings.directory = directory / "access-wait";
  auto journal = JournalSink::open(settings, **topic_sink);
  if (!journal) return fail(journal.error().message);
  for (const double rate : rates) {
    const uint64_t before = (*journal)->status().groups;
    print("journal", rate, measure(**journal, rate, seconds));
    const auto status = (*journal)->status();
    std::fprintf(stderr, "journal at %.0f: %llu groups, %llu unforwarded, %llu pauses\n", rate,
                 static_cast<unsigned long long>(status.groups - before),
                 static_cast<unsigned long long>(status.unforwarded),
                 static_cast<unsigned long long>(status.forward_failures));
  }
  journal->reset();
  std::filesystem::remove_all(settings.directory);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fail("usage: access_wait DIRECTORY [seconds] [rate...]");
  const double seconds = argc > 2 ? std::atof(argv[2]) : 20;
  std::vector<double> rates;
  for (int i = 3; i < argc; ++i) rates.push_back(std::atof(argv[i]));
  if (rates.empty()) rates = {1, 100, 5'000};
  if (seconds <= 0 || *std::min_element(rates.begin(), rates.end()) <= 0)
    return fail("seconds and rates are above 0");
  return run(argv[1], seconds, rates);
}
