// AccessPolicy: CONTRACT 2 as a pure function. Decides at read time, from the newest ledger, for every row of every page
// (INV-5). Deny by default. Immutable after construction, thread-safe. There is no switch that turns it off.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/ledger.h"
#include "query/trail/caller.h"
#include "schemas/sat_event.h"
#include "schemas/status.h"

namespace satindex::trail {

enum class AccessOption : uint8_t { kNone, kA, kB };
enum class AccessHistory : uint8_t { kCurrent, kTenure, kTenureFormer };
enum class RoleClass : uint8_t { kSupplier, kNetworkOperator, kOther };

struct AccessRules {
  AccessOption option = AccessOption::kNone;
  AccessHistory history = AccessHistory::kCurrent;
  std::vector<std::string> cross_user_types = {"SERVICE_REQUEST", "SIGNED_PRE_COMMAND",
                                               "SERVICE_RESPONSE"};
  std::vector<std::string> supplier_roles = {"IS", "ES", "GS"};
  std::vector<std::string> network_operator_roles = {"ED", "GT"};
  bool ignore_unreadable = false;  // --unreadable-ownership ignore: nothing is suspended
  bool hide_request_id = false;    // --others-hide
  bool hide_command_variant = false;
  bool hide_response_code = false;
};

// What the ledger gives one caller on one device at one moment.
struct DeviceGrant {
  bool entitled = false;  // by the last known intervals, suspension aside (CONTRACT 2, Entitled)
  bool suspended =
      false;  // by an unreadable ownership record, for this caller's relation and party
  std::vector<store::Span> own;  // the party's own begun intervals, merged, ascending
  std::vector<store::Span>
      cross;  // times whose cross-User rows rules 2 and 3 show; empty when suspended or not entitled

  bool in_own(int64_t time_ns) const { return any_contains(own, time_ns); }
  bool in_cross(int64_t time_ns) const { return any_contains(cross, time_ns); }

 private:
  // Spans ascend and do not touch; nearly always there is one.
  static bool any_contains(const std::vector<store::Span>& spans, int64_t time_ns) {
    if (spans.size() == 1) return spans.front().contains(time_ns);
    return any_of_many(spans, time_ns);
  }
  static bool any_of_many(const std::vector<store::Span>& spans, int64_t time_ns);
};

class AccessPolicy {
 public:
  // kConfig, naming the offender, when a type can never be shown to others (alerts and types unknown to the rules), or a
  // role is in both classes. Allowed additions: ACKNOWLEDGEMENT, PRE_COMMAND. An empty list is legal.
  static schemas::Result<AccessPolicy> create(AccessRules rules);

  RoleClass role_class(std::string_view role) const;
  // The relation through which this caller can see others' events at all under role, option and channel; nullopt: only
  // rule 1 (crossUser "none").
  std::optional<schemas::Relation> cross_relation(const Caller& caller) const;
  // `ledgers`: what each hosted shard knows of the device (one or more; intervals are merged, suspensions are or-ed).
  // now_ns: wall clock of the request. A caller without a cross_relation gets an empty grant.
  DeviceGrant grant(const Caller& caller, std::span<const store::DeviceLedger* const> ledgers,
                    int64_t now_ns) const;
  bool cross_type(std::string_view event_type) const;

  // Rules 1 to 3 for one event. `own`: rule 1 holds. `cross`: cross_type of its type, which a reader
  // need not ask for every row.
  static bool visible(bool own, bool cross, int64_t time_ns, const DeviceGrant& grant) {
    return own || (cross && grant.in_cross(time_ns));
  }
  const AccessRules& rules() const { return rules_; }

 private:
  explicit AccessPolicy(AccessRules rules) : rules_(std::move(rules)) {}
  AccessRules rules_;
};

}  // namespace satindex::trail
