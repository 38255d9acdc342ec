// CONTRACT 2: first its whole table against a reading of its sentences, then the edges one by one.
#include "query/trail/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace satindex::trail {
namespace {

using schemas::Relation;
using store::DeviceLedger;
using store::Span;

constexpr Relation kSupplier = Relation::kResponsibleSupplier;
constexpr Relation kOperator = Relation::kNetworkOperator;
constexpr int64_t kSecond = schemas::kNanosPerSecond;

// Moments of the tests, in seconds since 1970. Two tenures, a present, a tenure to come.
constexpr int64_t kBefore = 500, kPastFrom = 1000, kInPast = 1500, kPastTo = 2000, kBetween = 2500;
constexpr int64_t kPresentFrom = 3000, kNow = 3500, kLater = 4000, kFutureFrom = 5000,
                  kInFuture = 5500;
constexpr int64_t kOpen = -1;

using Interval = std::pair<int64_t, int64_t>;  // seconds; kOpen: no end

void hold(DeviceLedger& ledger, Relation relation, std::string_view party, Interval interval,
          bool withdrawn = false, uint64_t version = 1) {
  schemas::OwnershipRecord r;
  r.relation = relation;
  r.party = party;
  r.valid_from.seconds = interval.first;
  if (interval.second != kOpen) r.valid_to = schemas::WrittenTime{interval.second, 0, 0};
  r.version = version;
  r.withdrawn = withdrawn;
  ledger.apply(r, 0);
}

Caller caller(std::string_view role, Channel channel = Channel::kScreen) {
  Caller c;
  c.party = "ME";
  c.role = role;
  c.user_ids = {{schemas::Eui64{1}}};
  c.channel = channel;
  return c;
}

AccessPolicy policy(AccessOption option, AccessHistory history = AccessHistory::kCurrent,
                    const std::vector<std::string>& added = {}) {
  AccessRules rules;
  rules.option = option;
  rules.history = history;
  rules.cross_user_types.insert(rules.cross_user_types.end(), added.begin(), added.end());
  return AccessPolicy::create(rules).value();
}

DeviceGrant grant_ns(const AccessPolicy& p, const Caller& c,
                     const std::vector<const DeviceLedger*>& ledgers, int64_t now_ns) {
  return p.grant(c, ledgers, now_ns);
}
DeviceGrant grant(const AccessPolicy& p, const Caller& c, const DeviceLedger& ledger,
                  int64_t now = kNow) {
  return grant_ns(p, c, {&ledger}, now * kSecond);
}

// --- the table -------------------------------------------------------------------------------------------------------

using Tenures = std::vector<Interval>;
const std::map<std::string, Tenures> kTenures = {
    {"never", {}},
    {"past", {{kPastFrom, kPastTo}}},
    {"present", {{kPresentFrom, kOpen}}},
    {"ending", {{kPresentFrom, kLater}}},
    {"future", {{kFutureFrom, kOpen}}},
    {"regained", {{kPastFrom, kPastTo}, {kPresentFrom, kOpen}}},
    {"to be regained", {{kPastFrom, kPastTo}, {kFutureFrom, kOpen}}},
};

const std::vector<int64_t> kEventSeconds = {
    kBefore,          kPastFrom - 1, kPastFrom, kInPast,    kPastTo - 1, kPastTo,     kBetween,
    kPresentFrom - 1, kPresentFrom,  kNow,      kLater - 1, kLater,      kFutureFrom, kInFuture};

bool within(const Interval& i, int64_t t) {
  return i.first <= t && (i.second == kOpen || t < i.second);
}

struct Case {
  std::string role;
  Channel channel;
  AccessOption option;
  AccessHistory history;
  bool types_added;
  Tenures supplier;   // the caller's party as Responsible Supplier
  Tenures operators;  // as Network Operator
};

// The relation by which rules 2 and 3 could show this caller something, as the contract says it.
const Tenures* relation_of_the_rule(const Case& c) {
  if (c.channel == Channel::kReport) return nullptr;  // "Reports get rule 1 only."
  const bool supplier = std::set<std::string>{"IS", "ES", "GS"}.contains(c.role);
  const bool network_operator = std::set<std::string>{"ED", "GT"}.contains(c.role);
  if (supplier && (c.option == AccessOption::kA || c.option == AccessOption::kB))
    return &c.supplier;
  if (network_operator && c.option == AccessOption::kB) return &c.operators;
  return nullptr;
}

bool holds_now(const Tenures& tenures) {
  return std::any_of(tenures.begin(), tenures.end(),
                     [](const Interval& i) { return within(i, kNow); });
}
bool has_begun_interval(const Tenures& tenures,
                        int64_t t) {  // one of its own, begun, that t falls in
  return std::any_of(tenures.begin(), tenures.end(),
                     [t](const Interval& i) { return i.first <= kNow && within(i, t); });
}

bool crosses(const std::string& type, bool types_added) {
  if (type == "SERVICE_REQUEST" || type == "SIGNED_PRE_COMMAND" || type == "SERVICE_RESPONSE")
    return true;
  return types_added && (type == "ACKNOWLEDGEMENT" || type == "PRE_COMMAND");
}

bool expected_visible(const Case& c, bool own, const std::string& type, int64_t t) {
  if (own) return true;  // rule 1: any event type, any channel
  const Tenures* tenures = relation_of_the_rule(c);
  if (tenures == nullptr || !crosses(type, c.types_added)) return false;
  switch (c.history) {
    case AccessHistory::kCurrent:
      return holds_now(*tenures);
    case AccessHistory::kTenure:
      return holds_now(*tenures) && has_begun_interval(*tenures, t);
    case AccessHistory::kTenureFormer:
      return has_begun_interval(*tenures, t);
  }
  return false;
}

bool expected_entitled(const Case& c) {
  const Tenures* tenures = relation_of_the_rule(c);
  if (tenures == nullptr) return false;
  if (c.history != AccessHistory::kTenureFormer) return holds_now(*tenures);
  return std::any_of(tenures->begin(), tenures->end(),
                     [](const Interval& i) { return i.first <= kNow; });
}

void check_case(const Case& c, size_t* checked) {
  const AccessPolicy p =
      policy(c.option, c.history,
             c.types_added ? std::vector<std::string>{"ACKNOWLEDGEMENT", "PRE_COMMAND"}
                           : std::vector<std::string>{});
  DeviceLedger ledger;
  hold(ledger, kSupplier, "ANOTHER", {0, kOpen});
  hold(ledger, kOperator, "ANOTHER", {0, kOpen});
  for (const Interval& i : c.supplier) hold(ledger, kSupplier, "ME", i);
  for (const Interval& i : c.operators) hold(ledger, kOperator, "ME", i);
  const DeviceGrant g = grant(p, caller(c.role, c.channel), ledger);
  ASSERT_EQ(g.entitled, expected_entitled(c));
  ASSERT_FALSE(g.suspended);
  const Tenures* tenures = relation_of_the_rule(c);
  for (const int64_t t : kEventSeconds) {
    ASSERT_EQ(g.in_own(t * kSecond), tenures != nullptr && has_begun_interval(*tenures, t)) << t;
    for (const std::string type :
         {"SERVICE_REQUEST", "SIGNED_PRE_COMMAND", "SERVICE_RESPONSE", "ACKNOWLEDGEMENT",
          "PRE_COMMAND", "DEVICE_ALERT", "DCC_ALERT", "A_TYPE_TO_COME"}) {
      for (const bool own : {true, false}) {
        ASSERT_EQ(p.visible(own, p.cross_type(type), t * kSecond, g),
                  expected_visible(c, own, type, t))
            << type << (own ? " own" : " other's") << " at " << t;
        ++*checked;
      }
    }
  }
}

TEST(PolicyTable, EveryCell) {
  size_t checked = 0;
  for (const std::string role : {"IS", "ES", "GS", "ED", "GT", "OU", "RSA", "A_ROLE_TO_COME"}) {
    for (const Channel channel : {Channel::kScreen, Channel::kReport}) {
      for (const AccessOption option : {AccessOption::kNone, AccessOption::kA, AccessOption::kB}) {
        for (const AccessHistory history :
             {AccessHistory::kCurrent, AccessHistory::kTenure, AccessHistory::kTenureFormer}) {
          for (const bool added : {false, true}) {
            for (const auto& [supplier_name, supplier] : kTenures) {
              for (const auto& [operator_name, operators] : kTenures) {
                SCOPED_TRACE(role + (channel == Channel::kScreen ? " screen" : " report") +
                             " option " + std::to_string(static_cast<int>(option)) + " history " +
                             std::to_string(static_cast<int>(history)) + " supplier " +
                             supplier_name + ", operator " + operator_name);
                ASSERT_NO_FATAL_FAILURE(check_case(
                    {role, channel, option, history, added, supplier, operators}, &checked));
              }
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(checked, 8u * 2 * 3 * 3 * 2 * 7 * 7 * 14 * 8 * 2);
}

// --- the edges -------------------------------------------------------------------------------------------------------

TEST(Policy, NothingIsGrantedByDefault) {
  const AccessPolicy p = AccessPolicy::create({}).value();
  EXPECT_EQ(p.rules().option, AccessOption::kNone);
  EXPECT_EQ(Caller().channel, Channel::kReport);
  const DeviceGrant g;
  EXPECT_FALSE(g.entitled);
  EXPECT_FALSE(p.visible(false, p.cross_type("SERVICE_REQUEST"), 0, g));
  DeviceLedger ledger;
  hold(ledger, kSupplier, "ME", {0, kOpen});
  EXPECT_FALSE(grant(p, caller("IS"), ledger).entitled);
  EXPECT_EQ(grant_ns(policy(AccessOption::kB), caller("IS"), {}, kNow * kSecond).entitled, false);
}

TEST(Policy, AnIntervalBeginsInclusivelyAndEndsExclusively) {
  DeviceLedger ledger;
  hold(ledger, kSupplier, "ME", {kPresentFrom, kLater});
  const AccessPolicy p = policy(AccessOption::kA);
  const Caller me = caller("ES");
  EXPECT_FALSE(grant_ns(p, me, {&ledger}, kPresentFrom * kSecond - 1).entitled);
  EXPECT_TRUE(grant_ns(p, me, {&ledger}, kPresentFrom * kSecond).entitled);
  EXPECT_TRUE(grant_ns(p, me, {&ledger}, kLater * kSecond - 1).entitled);
  EXPECT_FALSE(grant_ns(p, me, {&ledger}, kLater * kSecond).entitled);
}

TEST(Policy, PartyAndRolesAreComparedAsWritten) {
  DeviceLedger ledger;
  hold(ledger, kSupplier, "me", {0, kOpen});
  hold(ledger, kSupplier, "ME2", {0, kOpen});
  EXPECT_FALSE(grant(policy(AccessOption::kB), caller("IS"), ledger).entitled);
  EXPECT_EQ(policy(AccessOption::kB).role_class("is"), RoleClass::kOther);
  EXPECT_EQ(policy(AccessOption::kB).role_class("IS "), RoleClass::kOther);
  EXPECT_EQ(policy(AccessOption::kB).role_class(""), RoleClass::kOther);
}

TEST(Policy, SeveralPartiesMayHoldOneRelation) {
  DeviceLedger ledger;
  hold(ledger, kSupplier, "IMPORT", {0, kOpen});
  hold(ledger, kSupplier, "ME", {0, kOpen});
  EXPECT_TRUE(grant(policy(AccessOption::kA), caller("ES"), ledger).entitled);
}

TEST(Policy, AWithdrawnIntervalGivesNothing) {
  for (const AccessHistory h :
       {AccessHistory::kCurrent, AccessHistory::kTenure, AccessHistory::kTenureFormer}) {
    DeviceLedger ledger;
    hold(ledger, kSupplier, "ME", {kPresentFrom, kOpen});
    hold(ledger, kSupplier, "ME", {kPresentFrom, kOpen}, true, 2);
    const DeviceGrant g = grant(policy(AccessOption::kA, h), caller("IS"), ledger);
    EXPECT_FALSE(g.entitled);
    EXPECT_TRUE(g.own.empty());
    EXPECT_TRUE(g.cross.empty());
  }
}

TEST(Policy, CurrentShowsTheWholeHistoryAndCutsThePortfolioToTheOwnIntervals) {
  DeviceLedger ledger;
  hold(ledger, kSupplier, "ME", {kPresentFrom, kOpen});
  const DeviceGrant g = grant(policy(AccessOption::kA), caller("IS"), ledger);
  EXPECT_EQ(g.cross, (std::vector<Span>{{0, INT64_MAX}}));
  EXPECT_EQ(g.own, (std::vector<Span>{{kPresentFrom * kSecond, INT64_MAX}}));
  EXPECT_TRUE(g.in_cross(schemas::kEventTimeMaxNs));
}

TEST(Policy, IntervalsOfSeveralShardsAreMergedByVersion) {
  DeviceLedger first, second;
  hold(first, kSupplier, "ME", {kPresentFrom, kOpen});
  hold(second, kSupplier, "ME", {kPresentFrom, kNow}, false,
       2);  // the end came back on another partition
  const AccessPolicy p = policy(AccessOption::kA);
  EXPECT_TRUE(grant_ns(p, caller("IS"), {&first}, kNow * kSecond).entitled);
  EXPECT_FALSE(grant_ns(p, caller("IS"), {&first, &second}, kNow * kSecond).entitled);
  EXPECT_FALSE(grant_ns(p, caller("IS"), {&second, &first}, kNow * kSecond).entitled);
}

TEST(Policy, ASuspensionWithholdsAndDoesNotChangeWhoIsEntitled) {
  for (const AccessHistory h :
       {AccessHistory::kCurrent, AccessHistory::kTenure, AccessHistory::kTenureFormer}) {
    DeviceLedger ledger;
    hold(ledger, kSupplier, "ME", {kPresentFrom, kOpen});
    ledger.note_unreadable(1);
    const DeviceGrant g = grant(policy(AccessOption::kA, h), caller("IS"), ledger);
    EXPECT_TRUE(g.entitled);
    EXPECT_TRUE(g.suspended);
    EXPECT_FALSE(g.own.empty());
    EXPECT_TRUE(g.cross.empty());
    const AccessPolicy p = policy(AccessOption::kA, h);
    EXPECT_TRUE(p.visible(true, p.cross_type("DEVICE_ALERT"), kNow * kSecond, g));
  }
}

TEST(Policy, ASuspensionDoesNotChangeThatAFormerHolderIsEntitled) {
  DeviceLedger ledger;
  hold(ledger, kSupplier, "ME", {kPastFrom, kPastTo});
  ledger.note_unreadable(1);
  const DeviceGrant g =
      grant(policy(AccessOption::kA, AccessHistory::kTenureFormer), caller("IS"), ledger);
  EXPECT_TRUE(g.entitled);
  EXPECT_TRUE(g.suspended);
  EXPECT_TRUE(g.cross.empty());
  EXPECT_FALSE(grant(policy(AccessOption::kA), caller("IS"), ledger).entitled);
}

TEST(Policy, ASuspensionIsIgnoredOnlyWhileTheSettingSaysSo) {
  DeviceLedger ledger;
  hold(ledger, kSupplier, "ME", {kPresentFrom, kOpen});
  ledger.note_unreadable(1);
  AccessRules rules;
  rules.option = AccessOption::kA;
  rules.ignore_unreadable = true;
  const DeviceGrant ignored = grant(AccessPolicy::create(rules).value(), caller("IS"), ledger);
  EXPECT_FALSE(ignored.suspended);
  EXPECT_FALSE(ignored.cross.empty());
  EXPECT_TRUE(grant(policy(AccessOption::kA), caller("IS"), ledger).suspended);
}

TEST(Policy, ASuspensionOnOneShardIsEnough) {
  DeviceLedger clean, suspended;
  hold(clean, kSupplier, "ME", {kPresentFrom, kOpen});
  suspended.note_unreadable(1);
  const AccessPolicy p = policy(AccessOption::kA);
  EXPECT_TRUE(grant_ns(p, caller("IS"), {&clean, &suspended}, kNow * kSecond).suspended);
  EXPECT_TRUE(grant_ns(p, caller("IS"), {&suspended, &clean}, kNow * kSecond).suspended);
  EXPECT_TRUE(grant_ns(p, caller("IS"), {&suspended}, kNow * kSecond).suspended);
}

TEST(Policy, ASuspensionConcernsTheRelationOfTheCallersClass) {
  DeviceLedger ledger;
  ledger.note_unreadable(0);
  schemas::OwnershipRecord r;
  r.party = "ME";
  r.relation = kOperator;
  ledger.apply(r, 1);
  const AccessPolicy p = policy(AccessOption::kB);
  EXPECT_FALSE(grant(p, caller("ED"), ledger).suspended);
  EXPECT_TRUE(grant(p, caller("IS"), ledger).suspended);
  EXPECT_FALSE(grant(p, caller("OU"), ledger).suspended);
  EXPECT_FALSE(grant(p, caller("IS", Channel::kReport), ledger).suspended);
}

TEST(Policy, TheClassesAreConfigurable) {
  AccessRules rules;
  rules.option = AccessOption::kB;
  rules.supplier_roles = {"NEW"};
  rules.network_operator_roles = {"IS"};
  const AccessPolicy p = AccessPolicy::create(rules).value();
  EXPECT_EQ(p.cross_relation(caller("NEW")), kSupplier);
  EXPECT_EQ(p.cross_relation(caller("IS")), kOperator);
  EXPECT_EQ(p.cross_relation(caller("ES")), std::nullopt);
}

TEST(Policy, RuleOneIsTheListOfUserIds) {
  Caller c = caller("OU");
  c.user_ids = {{schemas::Eui64{3}}, {schemas::Eui64{5}}};
  EXPECT_TRUE(c.owns({schemas::Eui64{3}}));
  EXPECT_TRUE(c.owns({schemas::Eui64{5}}));
  EXPECT_FALSE(c.owns({schemas::Eui64{4}}));
  EXPECT_FALSE(Caller().owns({schemas::Eui64{0}}));
}

// --- what cannot be configured ---------------------------------------------------------------------------------------

std::string refusal(const AccessRules& rules) {
  const auto p = AccessPolicy::create(rules);
  if (p.has_value()) return "";
  EXPECT_EQ(p.error().code, schemas::StatusCode::kConfig);
  return p.error().message;
}

TEST(PolicyConfig, AlertsAndUnknownTypesCanNeverBeAdded) {
  for (const std::string type : {"DEVICE_ALERT", "DCC_ALERT"}) {
    AccessRules rules;
    rules.cross_user_types.push_back(type);
    EXPECT_NE(refusal(rules).find(type + " is an alert"), std::string::npos) << refusal(rules);
  }
  for (const std::string type : {"A_TYPE_TO_COME", "service_request", "SERVICE_REQUEST "}) {
    AccessRules rules;
    rules.cross_user_types = {type};
    EXPECT_NE(refusal(rules).find(type + " is unknown"), std::string::npos) << refusal(rules);
  }
  AccessRules rules;
  rules.cross_user_types = {""};
  EXPECT_NE(refusal(rules).find("empty event type"), std::string::npos) << refusal(rules);
}

TEST(PolicyConfig, ARoleHasOneClass) {
  AccessRules rules;
  rules.supplier_roles.push_back("GT");
  EXPECT_NE(refusal(rules).find("role GT"), std::string::npos) << refusal(rules);
  AccessRules empty;
  empty.network_operator_roles.push_back("");
  EXPECT_NE(refusal(empty).find("empty role"), std::string::npos) << refusal(empty);
}

TEST(PolicyConfig, AnEmptyListShowsNothingOfOthers) {
  AccessRules rules;
  rules.option = AccessOption::kB;
  rules.cross_user_types = {};
  const AccessPolicy p = AccessPolicy::create(rules).value();
  EXPECT_FALSE(p.cross_type("SERVICE_REQUEST"));
  EXPECT_FALSE(p.cross_type(""));
}

}  // namespace
}  // namespace satindex::trail
