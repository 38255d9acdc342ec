#include "app/demo_world.h"

#include <algorithm>

#include "schemas/time.h"

namespace satindex::app {

using schemas::Result;

namespace {

constexpr uint64_t kSeed = 141;  // SECMP0141, the change this is about
constexpr int64_t kHistorySeconds = 3 * 3'600;
constexpr uint64_t kHistoryEventsPerSecond = 1;
constexpr int64_t kNanosPerMs = 1'000'000;
constexpr std::chrono::seconds kFlushDeadline{30};

uint64_t find_star(const Population& population) {
  for (uint64_t i = 0; i < population.devices(); ++i) {
    const GeneratedDevice device = population.device(i);
    if (device.type == "ESME" && device.smets_version == "SMETS2") return i;
  }
  return 0;
}

TrafficOptions options(uint64_t star, int64_t now_ns) {
  TrafficOptions out;
  out.seed = kSeed;
  out.start_ns = now_ns - kHistorySeconds * schemas::kNanosPerSecond;
  out.events_per_second = kHistoryEventsPerSecond;
  // The embedded broker keeps 5 MiB a partition: short payloads, which nobody reads anyway.
  out.payload_bytes = 40;
  out.unknown_role = true;
  out.long_forms = true;
  out.busy_device = star;
  out.busy_percent = 5;
  return out;
}

}  // namespace

DemoWorld::DemoWorld(ingest::Producer& producer, std::string events_topic,
                     std::string ownership_topic, int64_t now_ns)
    : producer_(producer),
      events_topic_(std::move(events_topic)),
      ownership_topic_(std::move(ownership_topic)),
      history_end_ns_(now_ns),
      population_(kSeed, kDevices, true),
      star_index_(find_star(population_)),
      star_(population_.device(star_index_)),
      traffic_(population_, options(star_index_, now_ns)),
      dice_(kSeed + 1) {
  next_time_ms_ = traffic_.next().time_ms;
}

Result<void> DemoWorld::produce_event() {
  json_.clear();
  const GeneratedEvent& event = traffic_.event();
  traffic_.append_json(json_);
  const std::string key =
      event.device ? event.device->id.eui.to_string() : population_.users()[event.user].id_text;
  if (auto sent = producer_.produce(events_topic_, key, json_); !sent) return sent;
  next_time_ms_ = traffic_.next().time_ms;
  return {};
}

Result<void> DemoWorld::produce_ownership(const GeneratedDevice& device, const std::string& json) {
  return producer_.produce(ownership_topic_, device.id.eui.to_string(), json);
}

Result<uint64_t> DemoWorld::produce_history() {
  for (uint64_t i = 0; i < population_.devices(); ++i) {
    const GeneratedDevice device = population_.device(i);
    for (const std::string& json : {supplier_interval_json(population_, device),
                                    network_interval_json(population_, device)}) {
      if (auto sent = produce_ownership(device, json); !sent) return sent.error();
    }
  }
  uint64_t events = 0;
  for (; next_time_ms_ * kNanosPerMs < history_end_ns_; ++events) {
    if (auto sent = produce_event(); !sent) return sent.error();
  }
  traffic_.set_rate(kLiveEventsPerSecond);
  if (auto flushed = producer_.flush(kFlushDeadline); !flushed) return flushed.error();
  return events;
}

Result<int64_t> DemoWorld::produce_due(int64_t now_ns) {
  const int64_t now_ms = now_ns / kNanosPerMs;
  while (next_time_ms_ <= now_ms) {
    if (auto sent = produce_event(); !sent) return sent.error();
  }
  return next_time_ms_ - now_ms;
}

Result<std::string> DemoWorld::change_a_supplier(int64_t now_ns) {
  // Each device at most once: its first interval is then the one to end. Never the star, whose
  // tokens were handed out.
  const uint64_t index = (star_index_ + 1 + 7 * changes_) % population_.devices();
  if (index == star_index_) return std::string();
  ++changes_;
  const GeneratedDevice device = population_.device(index);
  const auto& suppliers = population_.users_of(device.gas ? "GS" : "IS");
  const auto size = static_cast<uint32_t>(suppliers.size());
  const auto now_at =
      std::find(suppliers.begin(), suppliers.end(), device.supplier_user) - suppliers.begin();
  const uint32_t next =
      suppliers[(static_cast<uint32_t>(now_at) + 1 + dice_.below(size - 1)) % size];
  const std::string& from = population_.party_of(device.supplier_user).id;
  const std::string& to = population_.party_of(next).id;
  constexpr auto kSupplier = schemas::Relation::kResponsibleSupplier;
  if (auto sent = produce_ownership(
          device, ownership_json(device, kSupplier, from, kInstalledNs, now_ns, 2));
      !sent) {
    return sent.error();
  }
  if (auto sent =
          produce_ownership(device, ownership_json(device, kSupplier, to, now_ns, kOpenEnd, 1));
      !sent) {
    return sent.error();
  }
  traffic_.change_supplier(index, next);
  return device.id.eui.to_string() + " passed from " + from + " to " + to;
}

}  // namespace satindex::app
