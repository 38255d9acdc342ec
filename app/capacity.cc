#include "app/capacity.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace satindex::app {
namespace {

constexpr double kYearSeconds = 365 * 86'400.0;
constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr double kSpaceAmplification = 1.15;  // settled levels; a compaction under way
constexpr double kDiskFillMax = 0.7;          // above this a disk is an incident in waiting
constexpr double kCacheShare = 0.02;          // filters and the blocks of the busiest weeks
constexpr double kMemoryFloorGiB = 2;         // queues, write buffers and the process itself
constexpr double kEventsPerPartition =
    2e9;  // an index of about 40 GiB: copied or rebuilt within minutes

[[gnu::format(printf, 2, 3)]] void append(std::string& out, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  out += line;
}

}  // namespace

CapacityPlan plan_capacity(const Load& load, const Measured& measured) {
  CapacityPlan plan;
  const auto events = static_cast<double>(load.events_per_year);
  const double years = static_cast<double>(load.retention_ns) / 1e9 / kYearSeconds;
  plan.events_kept = events * years;
  plan.mean_per_second = events / kYearSeconds;
  plan.peak_per_second = plan.mean_per_second * static_cast<double>(load.burst_factor);
  plan.index_bytes = plan.events_kept * measured.index_bytes_per_event +
                     static_cast<double>(load.devices) * measured.ledger_bytes_per_device;
  plan.disk_bytes = plan.index_bytes * kSpaceAmplification / kDiskFillMax;
  plan.memory_bytes = kMemoryFloorGiB * kGiB + plan.index_bytes * kCacheShare;
  plan.cores =
      std::max(2.0, std::ceil(plan.peak_per_second / measured.live_events_per_core_second) + 1);
  plan.rebuild_hours =
      plan.events_kept / (measured.catch_up_events_per_core_second * plan.cores) / 3'600;
  plan.partitions = static_cast<uint32_t>(
      std::clamp(std::ceil(plan.events_kept / kEventsPerPartition), plan.cores, 256.0));
  return plan;
}

std::string capacity_report(const Load& load) {
  const CapacityPlan plan = plan_capacity(load);
  const Measured measured;
  std::string out;
  append(out,
         "load        %.1f billion events a year, %.0f a second, %.0f in a burst of %llu times the "
         "mean\n",
         static_cast<double>(load.events_per_year) / 1e9, plan.mean_per_second,
         plan.peak_per_second, static_cast<unsigned long long>(load.burst_factor));
  append(out, "            %.0f million devices, %.1f billion events kept\n",
         static_cast<double>(load.devices) / 1e6, plan.events_kept / 1e9);
  append(out, "each replica (of %llu)\n", static_cast<unsigned long long>(load.replicas));
  append(out, "  index     %.0f GiB, from %.1f bytes an event and %.0f a device\n",
         plan.index_bytes / kGiB, measured.index_bytes_per_event, measured.ledger_bytes_per_device);
  append(out, "  disk      %.0f GiB, so that it is never more than %.0f %% full\n",
         plan.disk_bytes / kGiB, kDiskFillMax * 100);
  append(out, "  memory    %.0f GiB\n", plan.memory_bytes / kGiB);
  append(out, "  cores     %.0f\n", plan.cores);
  append(out, "  rebuild   %.1f h from the beginning of the log\n", plan.rebuild_hours);
  append(out, "Kafka\n");
  append(out, "  partitions  at least %u, the same for both topics\n", plan.partitions);
  append(out,
         "  log         %.0f GiB before compression and replication, if the whole history stays in "
         "it\n",
         plan.events_kept * static_cast<double>(load.log_bytes_per_event) / kGiB);
  append(
      out,
      "Measured on 2 cores; linear from there. Check with `satindex gen` on your own machines.\n");
  return out;
}

}  // namespace satindex::app
