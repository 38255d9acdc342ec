// Generated traffic: the same seed gives the same bytes, every event is readable, and transactions
// have their shape.
#include "app/traffic.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "schemas/decoder.h"

namespace satindex::app {
namespace {

std::string bytes_of(const TrafficOptions& options, uint64_t devices, int events) {
  const Population population(options.seed, devices, options.unknown_role);
  Traffic traffic(population, options);
  std::string out;
  for (int i = 0; i < events; ++i) {
    traffic.next();
    traffic.append_json(out);
    out += '\n';
  }
  return out;
}

// Calls check(event as decoded, its bytes) for each of `events`.
template <class Check>
void each_event(const TrafficOptions& options, uint64_t devices, int events, Check check) {
  const Population population(options.seed, devices, options.unknown_role);
  Traffic traffic(population, options);
  schemas::EventDecoder decoder;
  for (int i = 0; i < events; ++i) {
    traffic.next();
    std::string json;
    traffic.append_json(json);
    schemas::SatEvent event;
    schemas::Unreadable reason{};
    ASSERT_TRUE(decoder.decode(json, &event, &reason))
        << schemas::reason_name(reason) << " " << json;
    check(event, json);
  }
}

TEST(Traffic, SameSeedSameBytes) {
  TrafficOptions options;
  options.seed = 42;
  const std::string once = bytes_of(options, 1'000, 5'000);
  EXPECT_EQ(once, bytes_of(options, 1'000, 5'000));
  options.seed = 43;
  EXPECT_NE(once, bytes_of(options, 1'000, 5'000));
}

TEST(Traffic, EventsAreReadableOrderedAndAboutFiveHundredThirtyBytes) {
  int64_t last = 0;
  size_t bytes = 0;
  std::set<std::string, std::less<>> ids;
  each_event({}, 100'000, 20'000, [&](const schemas::SatEvent& event, const std::string& json) {
    EXPECT_GE(event.time_ns, last);
    last = event.time_ns;
    EXPECT_EQ(event.decimals, 3);
    EXPECT_TRUE(ids.emplace(event.event_id).second) << "eventId twice";
    EXPECT_FALSE(event.user_role.empty());
    bytes += json.size();
  });
  EXPECT_EQ(ids.size(), 20'000u);
  EXPECT_NEAR(static_cast<double>(bytes) / 20'000, 530, 25);
}

TEST(Traffic, ATransactionIsRequestAcknowledgementResponse) {
  std::map<std::string, std::vector<std::string>> transactions;
  std::map<std::string, uint64_t> counters;
  TrafficOptions options;
  options.events_per_second = 100;
  each_event(options, 1'000, 30'000, [&](const schemas::SatEvent& event, const std::string&) {
    ASSERT_TRUE(event.request);
    EXPECT_EQ(event.request->originator, event.user.eui);
    if (event.device) {
      EXPECT_EQ(event.request->target, event.device->eui);
    }
    auto& types = transactions[event.request->to_string()];
    if (types.empty()) {
      uint64_t& counter = counters[event.user.eui.to_string()];
      EXPECT_GT(event.request->counter, counter) << "counters of a User rise";
      counter = event.request->counter;
    }
    types.emplace_back(event.event_type);
  });
  const std::vector<std::string> whole = {"SERVICE_REQUEST", "ACKNOWLEDGEMENT", "SERVICE_RESPONSE"};
  size_t complete = 0;
  for (const auto& [id, types] : transactions) {
    ASSERT_LE(types.size(), whole.size());
    EXPECT_TRUE(std::equal(types.begin(), types.end(), whole.begin())) << id;
    complete += types.size() == whole.size() ? 1 : 0;
  }
  EXPECT_GT(complete, transactions.size() * 9 / 10) << "only the last seconds are still under way";
}

TEST(Traffic, RolesAskWhatTheyMay) {
  each_event({}, 10'000, 20'000, [&](const schemas::SatEvent& event, const std::string&) {
    const schemas::SrvEntry* srv = schemas::find_srv(event.srv);
    ASSERT_NE(srv, nullptr);
    EXPECT_EQ(srv->non_device, !event.device.has_value());
    if (srv->eligible_roles == "-") return;
    EXPECT_NE(("," + std::string(srv->eligible_roles) + ",")
                  .find("," + std::string(event.user_role) + ","),
              std::string::npos)
        << event.user_role << " " << event.srv;
  });
}

TEST(Traffic, TimestampsAdvanceAtTheRateOfLogTime) {
  TrafficOptions options;
  options.events_per_second = 1'000;
  const Population population(1, 1'000, false);
  Traffic traffic(population, options);
  for (int i = 0; i < 200'000; ++i) traffic.next();
  const double seconds =
      static_cast<double>(traffic.next().time_ms - options.start_ns / 1'000'000) / 1e3;
  EXPECT_NEAR(seconds, 200, 12);  // the first responses take their time
}

TEST(Traffic, DenseHasBusyDevicesAndNationalHasNot) {
  for (const Density density : {Density::kDense, Density::kNational}) {
    TrafficOptions options;
    options.density = density;
    const Population population(1, 100, false);
    Traffic traffic(population, options);
    uint64_t first_half = 0;
    for (int i = 0; i < 10'000; ++i) first_half += traffic.pick_device() < 50 ? 1 : 0;
    EXPECT_NEAR(static_cast<double>(first_half), density == Density::kDense ? 7'500 : 5'000, 250);
  }
}

TEST(Traffic, LongFormsHavePreCommandsAlertsAndTheUnknownRole) {
  TrafficOptions options;
  options.long_forms = true;
  options.unknown_role = true;
  std::map<std::string, int, std::less<>> types;
  std::set<std::string, std::less<>> roles;
  each_event(options, 2'000, 40'000, [&](const schemas::SatEvent& event, const std::string&) {
    ++types[std::string(event.event_type)];
    roles.emplace(event.user_role);
    if (event.event_type == "SIGNED_PRE_COMMAND") {
      EXPECT_EQ(event.command_variant, 5);
    }
    if (event.event_type.ends_with("_ALERT")) {
      EXPECT_FALSE(event.request);
    }
  });
  for (const char* type : {"SERVICE_REQUEST", "SIGNED_PRE_COMMAND", "ACKNOWLEDGEMENT",
                           "PRE_COMMAND", "SERVICE_RESPONSE", "DEVICE_ALERT", "DCC_ALERT"}) {
    EXPECT_GT(types[type], 0) << type;
  }
  EXPECT_EQ(roles,
            (std::set<std::string, std::less<>>{"ED", "ES", "GS", "GT", "IS", "LC", "OU", "RSA"}));
}

TEST(Traffic, AChangeOfSupplierChangesWhoAsks) {
  TrafficOptions options;
  const Population population(1, 1, false);
  const GeneratedDevice device = population.device(0);
  const auto& suppliers = population.users_of(device.gas ? "GS" : "IS");
  const uint32_t next =
      suppliers.front() == device.supplier_user ? suppliers.back() : suppliers.front();
  Traffic traffic(population, options);
  traffic.change_supplier(0, next);
  std::map<uint32_t, int> requests;
  for (int i = 0; i < 3'000; ++i) {
    const GeneratedEvent& event = traffic.next();
    if (event.type == "SERVICE_REQUEST") ++requests[event.user];
  }
  EXPECT_GT(requests[next], 10 * requests[device.supplier_user]);
}

}  // namespace
}  // namespace satindex::app
