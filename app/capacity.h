// The arithmetic behind `satindex plan`: linear in what was measured, with the figures named. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace satindex::app {

struct Load {
  uint64_t events_per_year = 20'000'000'000;  // the design range (facts/domain)
  uint64_t devices = 80'000'000;
  int64_t retention_ns = 7 * 365 * 86'400ll * 1'000'000'000;
  uint64_t burst_factor = 20;
  uint64_t replicas = 2;
  uint64_t log_bytes_per_event = 530;
};

// Measured on two cores with everything on one machine (docs/benchmarks); national density, the
// less favourable one.
struct Measured {
  double index_bytes_per_event = 21.3;
  double ledger_bytes_per_device = 50;
  double catch_up_events_per_core_second =
      550'000;  // 1.3 to 1.7 CPU seconds a million, and headroom
  double live_events_per_core_second = 60'000;
};

struct CapacityPlan {
  double events_kept = 0;
  double mean_per_second = 0;
  double peak_per_second = 0;
  double index_bytes = 0;  // one replica
  double disk_bytes = 0;   // with room for compaction and a checkpoint
  double memory_bytes = 0;
  double cores = 0;
  double rebuild_hours = 0;  // the whole log from its beginning, on `cores`
  uint32_t partitions = 0;
};
CapacityPlan plan_capacity(const Load& load, const Measured& measured = {});
std::string capacity_report(const Load& load);

}  // namespace satindex::app
