// StallCount: of RocksDB's many counters the one we export, for how long writes were held up. Readers
// pass by a counter several times a look-up, and the full set costs them some per cent. Thread-safe.
#pragma once

#include <rocksdb/statistics.h>

#include <atomic>

namespace satindex::store {

class StallCount final : public rocksdb::Statistics {
 public:
  StallCount() { set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers); }
  uint64_t micros() const { return micros_.load(std::memory_order_relaxed); }

  const char* Name() const override { return "StallCount"; }
  void recordTick(uint32_t ticker, uint64_t count) override {
    if (ticker == rocksdb::STALL_MICROS) micros_.fetch_add(count, std::memory_order_relaxed);
  }
  uint64_t getTickerCount(uint32_t ticker) const override {
    return ticker == rocksdb::STALL_MICROS ? micros() : 0;
  }
  void setTickerCount(uint32_t ticker, uint64_t count) override {
    if (ticker == rocksdb::STALL_MICROS) micros_ = count;
  }
  uint64_t getAndResetTickerCount(uint32_t ticker) override {
    return ticker == rocksdb::STALL_MICROS ? micros_.exchange(0) : 0;
  }
  void histogramData(uint32_t, rocksdb::HistogramData* const) const override {}
  void recordInHistogram(uint32_t, uint64_t) override {}
  bool HistEnabledForType(uint32_t) const override { return false; }

 private:
  std::atomic<uint64_t> micros_{0};
};

}  // namespace satindex::store
