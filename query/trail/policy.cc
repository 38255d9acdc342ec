#include "query/trail/policy.h"

#include <algorithm>
#include <array>
#include <utility>

namespace satindex::trail {
namespace {

using schemas::Relation;
using store::Span;

// Everything that may ever be shown to another User, by default or by setting. Alerts are out of scope of the change
// (facts/domain), and of a type the rules do not know nothing can be said.
constexpr std::array<std::string_view, 5> kTypesThatMayCross = {
    "SERVICE_REQUEST", "SIGNED_PRE_COMMAND", "SERVICE_RESPONSE", "ACKNOWLEDGEMENT", "PRE_COMMAND"};
constexpr std::array<std::string_view, 2> kAlertTypes = {"DEVICE_ALERT", "DCC_ALERT"};

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::optional<std::string> why_not_cross_user(std::string_view type) {
  if (type.empty()) return "cross-user-types: an empty event type";
  if (contains(kTypesThatMayCross, type)) return std::nullopt;
  if (contains(kAlertTypes, type)) {
    return "cross-user-types: " + std::string(type) +
           " is an alert: alerts are never shown to others";
  }
  return "cross-user-types: " + std::string(type) +
         " is unknown to the access rules: what it would show to others cannot be known";
}

std::optional<std::string> why_not_roles(const AccessRules& rules) {
  for (const auto* roles : {&rules.supplier_roles, &rules.network_operator_roles}) {
    if (contains(*roles, "")) return "supplier-roles, network-operator-roles: an empty role";
  }
  for (const std::string& role : rules.supplier_roles) {
    if (contains(rules.network_operator_roles, role)) {
      return "role " + role +
             " is in supplier-roles and in network-operator-roles: it can have one relation";
    }
  }
  return std::nullopt;
}

}  // namespace

bool DeviceGrant::any_of_many(const std::vector<Span>& spans, int64_t time_ns) {
  const auto after = std::upper_bound(spans.begin(), spans.end(), time_ns,
                                      [](int64_t t, const Span& s) { return t < s.from_ns; });
  return after != spans.begin() && std::prev(after)->contains(time_ns);
}

schemas::Result<AccessPolicy> AccessPolicy::create(AccessRules rules) {
  for (const std::string& type : rules.cross_user_types) {
    if (auto why = why_not_cross_user(type)) return schemas::config_error(std::move(*why));
  }
  if (auto why = why_not_roles(rules)) return schemas::config_error(std::move(*why));
  return AccessPolicy(std::move(rules));
}

RoleClass AccessPolicy::role_class(std::string_view role) const {
  if (contains(rules_.supplier_roles, role)) return RoleClass::kSupplier;
  if (contains(rules_.network_operator_roles, role)) return RoleClass::kNetworkOperator;
  return RoleClass::kOther;
}

std::optional<Relation> AccessPolicy::cross_relation(const Caller& caller) const {
  if (caller.channel != Channel::kScreen) return std::nullopt;
  if (rules_.option == AccessOption::kNone) return std::nullopt;
  switch (role_class(caller.role)) {
    case RoleClass::kSupplier:
      return Relation::kResponsibleSupplier;
    case RoleClass::kNetworkOperator:
      if (rules_.option != AccessOption::kB) return std::nullopt;
      return Relation::kNetworkOperator;
    case RoleClass::kOther:
      break;
  }
  return std::nullopt;
}

DeviceGrant AccessPolicy::grant(const Caller& caller,
                                std::span<const store::DeviceLedger* const> ledgers,
                                int64_t now_ns) const {
  DeviceGrant grant;
  const std::optional<Relation> relation = cross_relation(caller);
  if (!relation || ledgers.empty()) return grant;

  store::DeviceLedger merged;
  const store::DeviceLedger* known = ledgers.front();
  if (ledgers.size() > 1) {
    for (const store::DeviceLedger* ledger : ledgers) merged.merge_intervals(*ledger);
    known = &merged;
  }
  grant.own = known->spans(*relation, caller.party, now_ns);
  // Each shard's own ledger is asked: an offset means something only on its partition.
  // The setting of the moment of the question, whatever was set when the record was read.
  grant.suspended = !rules_.ignore_unreadable &&
                    std::any_of(ledgers.begin(), ledgers.end(), [&](const auto* ledger) {
                      return ledger->suspended(*relation, caller.party);
                    });

  const bool holds_now = grant.in_own(now_ns);
  grant.entitled = rules_.history == AccessHistory::kTenureFormer ? !grant.own.empty() : holds_now;
  if (!grant.entitled || grant.suspended) return grant;
  if (rules_.history == AccessHistory::kCurrent) {
    grant.cross = {Span{}};
  } else {
    grant.cross = grant.own;
  }
  return grant;
}

bool AccessPolicy::cross_type(std::string_view event_type) const {
  return contains(rules_.cross_user_types, event_type);
}

}  // namespace satindex::trail
