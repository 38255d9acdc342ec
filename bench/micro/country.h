// Country: a store with generated traffic in it, for the benchmarks that read: dense, four shards,
// written by the catch-up path, brought to rest. Made once, in a temporary directory that goes with
// it. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/population.h"
#include "app/traffic.h"
#include "indexer/store/freshness.h"
#include "indexer/store/shard.h"
#include "query/trail/caller.h"
#include "query/trail/service.h"

namespace satindex::bench {

inline constexpr int kShards = 4;

class Country {
 public:
  Country(uint64_t events, uint64_t devices);
  ~Country();
  Country(const Country&) = delete;
  Country& operator=(const Country&) = delete;

  std::vector<store::Shard*> shards() const;
  const trail::TrailService& service() const { return *service_; }
  // The supplier with the most devices, on the screen.
  const trail::Caller& supplier() const { return supplier_; }
  // Devices of that supplier with at least 50 events.
  const std::vector<schemas::DeviceId>& busy_devices() const { return busy_; }
  // As after a commit that names the device: what is kept decoded of its rows holds no more.
  void forget_rows(schemas::DeviceId device) const;

 private:
  void fill(uint64_t events);
  void choose_supplier();

  app::Population population_;
  std::filesystem::path directory_;
  std::vector<std::unique_ptr<store::Shard>> shards_;
  store::FreshnessBoard board_{kShards};
  std::unique_ptr<trail::TrailService> service_;
  trail::Caller supplier_;
  std::vector<schemas::DeviceId> busy_;
};

// A million events of 16,000 devices, about 60 each as in the dense topic; the first call makes it.
const Country& country();

}  // namespace satindex::bench
