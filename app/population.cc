#include "app/population.h"

#include <algorithm>
#include <iterator>

#include "schemas/status.h"
#include "schemas/time.h"

namespace satindex::app {
namespace {

// The DCC's own EUIs begin like this (facts/domain); the invented Users share the company part.
constexpr uint64_t kUserEuiBase = 0x90B3D51F30000000ull;
constexpr uint64_t kDeviceSerialMask = (1ull << 40) - 1;

struct TypeShare {
  std::string_view type;
  uint32_t percent;
  bool gas;
};
constexpr TypeShare kTypeShares[] = {{"ESME", 40, false}, {"GSME", 30, true},  {"CHF", 10, false},
                                     {"GPF", 8, true},    {"PPMID", 6, false}, {"HCALCS", 3, false},
                                     {"IHD", 2, false},   {"CAD", 1, false}};

// An EUI-64 is its maker's number (24 bits) and a serial: makers number what they build in runs,
// and of a run some are shipped elsewhere. Every index is another device.
uint64_t device_eui(uint64_t index, uint64_t seed) {
  constexpr uint64_t kMakers[] = {0x00DB12, 0x001BC5, 0x0CB2B7, 0x3C970E,
                                  0x70B3D5, 0x88B8D0, 0xA0B437, 0xD0CF5E};
  const uint64_t maker = index % std::size(kMakers);
  const uint64_t nth = index / std::size(kMakers);
  Dice run(seed * 0x9E3779B97F4A7C15ull + maker);
  const uint64_t start = (uint64_t{run.below(1u << 16)} << 20) | run.below(1u << 20);
  Dice gap(seed ^ (index * 0xD1B54A32D192ED03ull));
  return (kMakers[maker] << 40) | ((start + nth * 3 + gap.below(3)) & kDeviceSerialMask);
}

// The large have many and the small few, as in any market.
uint32_t skewed_pick(const std::vector<uint32_t>& from, Dice& dice) {
  const auto size = static_cast<uint32_t>(from.size());
  return from[std::min(dice.below(size), dice.below(size))];
}

}  // namespace

Population::Population(uint64_t seed, uint64_t devices, bool unknown_role)
    : seed_(seed), devices_(devices) {
  SATINDEX_INVARIANT(devices > 0 && devices <= kDeviceSerialMask,
                     "a population has 1 to 2^40 devices");
  add_parties("SUPPLIER", 24, {"IS", "GS", "ES"});
  add_parties("DNO", 14, {"ED"});
  add_parties("TRANSPORTER", 8, {"GT"});
  add_parties("AGENT", 6, {"RSA"});
  add_parties("OTHER", 30, {"OU"});
  if (unknown_role) add_parties("NEWCOMER", 1, {"LC"});
  for (uint32_t i = 0; i < users_.size(); ++i) {
    const std::string_view role = users_[i].role;
    auto found = std::ranges::find(by_role_, role, [](const auto& entry) { return entry.first; });
    if (found == by_role_.end()) found = by_role_.insert(by_role_.end(), {role, {}});
    found->second.push_back(i);
  }
}

void Population::add_parties(std::string_view prefix, uint32_t count,
                             const std::vector<std::string_view>& roles) {
  for (uint32_t i = 1; i <= count; ++i) {
    const auto party = static_cast<uint32_t>(parties_.size());
    const std::string number = std::to_string(i);
    parties_.push_back({std::string(prefix) + (i < 10 ? "-0" : "-") + number, {}});
    for (const std::string_view role : roles) {
      const uint64_t low =
          (static_cast<uint64_t>(party) + 1) << 16 | (parties_.back().users.size() << 8);
      const schemas::UserId id{{kUserEuiBase + low}};
      parties_.back().users.push_back(static_cast<uint32_t>(users_.size()));
      users_.push_back({id, id.eui.to_string(), role, party});
    }
  }
}

const std::vector<uint32_t>& Population::users_of(std::string_view role) const {
  static const std::vector<uint32_t> kNone;
  const auto found =
      std::ranges::find(by_role_, role, [](const auto& entry) { return entry.first; });
  return found == by_role_.end() ? kNone : found->second;
}

GeneratedDevice Population::device(uint64_t index) const {
  Dice dice(seed_ * 0x2545F4914F6CDD1Dull + index);
  GeneratedDevice device;
  device.id.eui.value = device_eui(index, seed_);
  uint32_t percent = dice.below(100);
  for (const TypeShare& share : kTypeShares) {
    device.type = share.type;
    device.gas = share.gas;
    if (percent < share.percent) break;
    percent -= share.percent;
  }
  device.smets_version = dice.below(100) < 35 ? "SMETS1" : "SMETS2";
  device.supplier_user = skewed_pick(users_of(device.gas ? "GS" : "IS"), dice);
  const auto& networks = users_of(device.gas ? "GT" : "ED");
  device.network_user = networks[dice.below(static_cast<uint32_t>(networks.size()))];
  return device;
}

std::string ownership_json(const GeneratedDevice& device, schemas::Relation relation,
                           std::string_view party, int64_t valid_from_ns,
                           int64_t valid_to_ns_or_open, uint64_t version) {
  std::string json = R"({"deviceId":")";
  device.id.eui.append_to(json);
  json += R"(","relation":")";
  json += relation == schemas::Relation::kResponsibleSupplier ? "RESPONSIBLE_SUPPLIER"
                                                              : "NETWORK_OPERATOR";
  json += R"(","partyId":")";
  json += party;
  json += R"(","validFrom":")";
  schemas::append_time(valid_from_ns, 0, json);
  json += R"(","validTo":)";
  if (valid_to_ns_or_open == kOpenEnd) {
    json += "null";
  } else {
    json += '"';
    schemas::append_time(valid_to_ns_or_open, 0, json);
    json += '"';
  }
  json += R"(,"version":)" + std::to_string(version) + "}";
  return json;
}

std::string supplier_interval_json(const Population& population, const GeneratedDevice& device) {
  return ownership_json(device, schemas::Relation::kResponsibleSupplier,
                        population.party_of(device.supplier_user).id, kInstalledNs, kOpenEnd, 1);
}

std::string network_interval_json(const Population& population, const GeneratedDevice& device) {
  return ownership_json(device, schemas::Relation::kNetworkOperator,
                        population.party_of(device.network_user).id, kInstalledNs, kOpenEnd, 1);
}

}  // namespace satindex::app
