#include "tests/ingest/fixture.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <future>
#include <iostream>
#include <thread>

#include "schemas/time.h"

namespace satindex::tests {

using std::chrono::milliseconds;
using store::Topic;

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "satindex-ingest-XXXXXX").string();
  path_ = mkdtemp(name.data());
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<store::Shard> open_shard(const std::filesystem::path& path, int32_t partition) {
  auto resources = std::make_shared<store::StoreResources>(size_t{64} << 20, size_t{32} << 20, 1);
  store::ShardOptions options;
  options.path = path;
  options.partition = partition;
  auto shard = store::Shard::open(options, resources);
  if (!shard) {
    ADD_FAILURE() << shard.error().message;
    return nullptr;
  }
  return std::move(*shard);
}

schemas::DeviceId device(uint64_t n) { return {{0x00DB123400000000ull + n}}; }
std::string device_text(uint64_t n) { return device(n).eui.to_string(); }

std::string event_json(const std::string& device, uint64_t n) {
  const std::string time =
      schemas::format_time(1'760'000'000'000'000'000 + static_cast<int64_t>(n) * 1'000'000, 3);
  return R"({"eventId":"e-)" + std::to_string(n) + R"(","timestamp":")" + time +
         R"(","eventType":"SERVICE_REQUEST","userId":"90-B3-D5-1F-30-01-00-00","userRole":"OU","deviceId":")" +
         device +
         R"(","serviceReferenceVariant":"4.8.1","deviceType":"ESME","smetsVersion":"SMETS2","payload":{"x":[1,2,3]}})";
}

std::string ownership_json(const std::string& device, const std::string& party, uint64_t version) {
  return R"({"deviceId":")" + device + R"(","relation":"RESPONSIBLE_SUPPLIER","partyId":")" +
         party + R"(","validFrom":"2020-01-01T00:00:00Z","validTo":null,"version":)" +
         std::to_string(version) + "}";
}

bool eventually(milliseconds patience, const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return condition();
    std::this_thread::sleep_for(milliseconds{5});
  }
  return true;
}

double metric(prometheus::Registry& registry, const std::string& name,
              const std::vector<std::pair<std::string, std::string>>& labels) {
  for (const auto& family : registry.Collect()) {
    if (family.name != name) continue;
    for (const auto& sample : family.metric) {
      size_t found = 0;
      for (const auto& [k, v] : labels) {
        for (const auto& label : sample.label) found += label.name == k && label.value == v ? 1 : 0;
      }
      if (found != labels.size()) continue;
      if (family.type == prometheus::MetricType::Counter) return sample.counter.value;
      if (family.type == prometheus::MetricType::Gauge) return sample.gauge.value;
      return static_cast<double>(sample.histogram.sample_count);
    }
  }
  return std::nan("");
}

Running::Running(ingest::IngestSettings settings, const std::filesystem::path& directory)
    : settings_(std::move(settings)), directory_(directory) {
  settings_.kafka.log = [this](ingest::LogLevel level, std::string_view text) {
    const std::lock_guard lock(mutex_);
    log_.emplace_back(text);
    if (level == ingest::LogLevel::kError) std::cout << "  [log] " << text << std::endl;
  };
}

Running::~Running() { stop(); }

bool Running::start() {
  auto shape = ingest::discover(settings_, milliseconds{15'000});
  if (!shape) {
    error_ = shape.error().message;
    return false;
  }
  registry_ = std::make_unique<prometheus::Registry>();
  board_ = std::make_unique<store::FreshnessBoard>(shape->partitions);
  std::vector<store::Shard*> all;
  for (int32_t p = 0; p < shape->partitions; ++p) {
    shards_.push_back(open_shard(directory_ / std::to_string(p), p));
    if (shards_.back() == nullptr) return false;
    all.push_back(shards_.back().get());
  }
  ingest_ = std::make_unique<ingest::Ingest>(settings_, *shape, all, *board_, *registry_);
  if (auto started = ingest_->start(); !started) {
    error_ = started.error().message;
    return false;
  }
  return true;
}

void Running::stop() {
  ingest_.reset();
  shards_.clear();
}

store::TopicProgress Running::progress(Topic t, size_t p) const {
  return shards_[p]->checkpoint().of(t);
}

uint64_t Running::indexed(Topic t) const {
  uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->checkpoint().of(t).indexed;
  return sum;
}

bool Running::fresh(int32_t partition) const {
  const auto& clock = schemas::system_clock();
  return board_->fresh(partition, clock.wall_ns(), clock.boot_ns(),
                       settings_.max_staleness.count());
}

std::optional<int64_t> Running::as_of(Topic t) const {
  const auto look = board_->look(std::nullopt, 0, 0, 0);
  return t == Topic::kEvents ? look.events_as_of_ns : look.ownership_as_of_ns;
}

bool Running::logged(const std::string& part) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& line : log_) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace satindex::tests

namespace satindex::ingest {

bool append_and_wait(RecordSink& sink, const SinkRecord& record) {
  auto promise = std::make_shared<std::promise<bool>>();
  auto answer = promise->get_future();
  sink.append(record, [promise](bool acknowledged) { promise->set_value(acknowledged); });
  return answer.get();
}

}  // namespace satindex::ingest
