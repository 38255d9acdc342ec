// How the ledger's tests write ownership records: dates instead of numbers, and one device.
#pragma once

#include <optional>
#include <string_view>

#include "indexer/store/ledger.h"

namespace satindex::store {

inline constexpr schemas::Relation kSupplier = schemas::Relation::kResponsibleSupplier;
inline constexpr schemas::Relation kOperator = schemas::Relation::kNetworkOperator;

inline schemas::WrittenTime at(std::string_view text) {
  return schemas::WrittenTime::parse(text).value();
}
inline int64_t ns(std::string_view text) { return at(text).event_ns().value(); }

// `to` empty: open.
inline schemas::OwnershipRecord record(schemas::Relation relation, std::string_view party,
                                       std::string_view from, std::string_view to, uint64_t version,
                                       bool withdrawn = false) {
  schemas::OwnershipRecord r;
  r.device = {schemas::Eui64{0x00DB1234567890A0}};
  r.relation = relation;
  r.party = party;
  r.valid_from = at(from);
  if (!to.empty()) r.valid_to = at(to);
  r.version = version;
  r.withdrawn = withdrawn;
  return r;
}

}  // namespace satindex::store
