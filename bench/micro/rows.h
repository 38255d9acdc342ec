// Rows of generated traffic as the writer gathers them, for the benchmarks below the store. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/population.h"
#include "app/traffic.h"
#include "indexer/store/coded_row.h"
#include "indexer/store/symbols.h"

namespace satindex::bench {

// The next `count` events of the traffic, coded; symbols go to the dictionary. Events without a
// device are passed over.
inline std::vector<store::CodedRow> traffic_rows(size_t count, uint64_t devices,
                                                 app::Density density,
                                                 store::Dictionary* dictionary) {
  const app::Population population(7, devices, false);
  app::TrafficOptions options;
  options.seed = 7;
  options.density = density;
  app::Traffic traffic(population, options);
  std::vector<store::CodedRow> rows;
  std::string bytes;
  const auto intern = [&](store::SymbolClass cls) {
    const store::SymbolCode code = dictionary->intern(cls, bytes);
    bytes.clear();
    return code;
  };
  while (rows.size() < count) {
    const app::GeneratedEvent& e = traffic.next();
    if (!e.device) continue;
    const app::GeneratedUser& user = population.users()[e.user];
    store::CodedRow row;
    row.time_ns = e.time_ms * 1'000'000;
    row.decimals = 3;
    row.device = e.device->id.eui.value;
    row.counter = e.counter;
    row.flags = store::kRowHasDevice | store::kRowHasFingerprint | store::kRowRequestFlags;
    row.fingerprint = static_cast<uint16_t>(rows.size() * 40'503u);
    store::serialise_user(user.id, user.role, &bytes);
    row.symbol[0] = intern(store::SymbolClass::kUser);
    store::serialise_service(e.srv == nullptr ? "" : e.srv->srv, e.variant, &bytes);
    row.symbol[1] = intern(store::SymbolClass::kService);
    store::serialise_pair(e.device->type, e.device->smets_version, &bytes);
    row.symbol[2] = intern(store::SymbolClass::kDevice);
    store::serialise_pair(e.type, e.response_code, &bytes);
    row.symbol[3] = intern(store::SymbolClass::kOutcome);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace satindex::bench
