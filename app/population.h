// Population: the invented country that generated traffic is about. Parties with their Users, and
// any number of devices, each a pure function of (seed, index), so that three million need no
// memory. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/ids.h"
#include "schemas/sat_event.h"

namespace satindex::app {

// Small deterministic generator (splitmix64): fast, and the same on every machine.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound), bound below 2^32.
  uint32_t below(uint32_t bound) {
    return static_cast<uint32_t>((static_cast<uint64_t>(static_cast<uint32_t>(next())) * bound) >>
                                 32);
  }
  bool one_in(uint32_t n) { return below(n) == 0; }

 private:
  uint64_t state_;
};

struct GeneratedUser {
  schemas::UserId id;
  std::string id_text;
  std::string_view role;
  uint32_t party = 0;  // index into Population::parties()
};

struct GeneratedParty {
  std::string id;               // SEC Party
  std::vector<uint32_t> users;  // indexes into Population::users()
};

struct GeneratedDevice {
  schemas::DeviceId id;
  std::string_view type;           // ESME, GSME, ...
  std::string_view smets_version;  // SMETS1, SMETS2
  bool gas = false;
  uint32_t supplier_user =
      0;  // indexes into users(): of the party that is responsible at the start
  uint32_t network_user = 0;
};

class Population {
 public:
  // `unknown_role`: also a party whose role nobody has heard of.
  Population(uint64_t seed, uint64_t devices, bool unknown_role);

  uint64_t devices() const { return devices_; }
  GeneratedDevice device(uint64_t index) const;
  const std::vector<GeneratedUser>& users() const { return users_; }
  const std::vector<GeneratedParty>& parties() const { return parties_; }
  // Users of one role, in order; empty for a role this country has not.
  const std::vector<uint32_t>& users_of(std::string_view role) const;
  const GeneratedParty& party_of(uint32_t user) const { return parties_[users_[user].party]; }

 private:
  void add_parties(std::string_view prefix, uint32_t count,
                   const std::vector<std::string_view>& roles);

  const uint64_t seed_;
  const uint64_t devices_;
  std::vector<GeneratedParty> parties_;
  std::vector<GeneratedUser> users_;
  std::vector<std::pair<std::string_view, std::vector<uint32_t>>> by_role_;
};

// One record of Data Management, in its canonical form. `version` above 1 corrects an interval
// written before.
std::string ownership_json(const GeneratedDevice& device, schemas::Relation relation,
                           std::string_view party, int64_t valid_from_ns,
                           int64_t valid_to_ns_or_open, uint64_t version);
inline constexpr int64_t kOpenEnd = -1;
// When every device of the population was installed: before all generated traffic.
inline constexpr int64_t kInstalledNs = 1'704'067'200 * schemas::kNanosPerSecond;  // 2024-01-01
// The two intervals every device has: its Responsible Supplier and its Network Operator.
std::string supplier_interval_json(const Population& population, const GeneratedDevice& device);
std::string network_interval_json(const Population& population, const GeneratedDevice& device);

}  // namespace satindex::app
