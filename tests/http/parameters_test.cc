#include <gtest/gtest.h>

#include "query/http/trail_parameters.h"

namespace satindex::http {
namespace {

constexpr const char* kDevice = "00-DB-12-34-56-78-90-A0";

schemas::Result<TrailRequest> read(const std::string& query,
                                   const std::optional<std::string>& device = kDevice,
                                   const char* accept = "") {
  const auto target = parse_target("/x?" + query);
  if (!target) return target.error();
  return read_trail_request(device, target->parameters, accept);
}

// The message must name the parameter first.
void expect_refused(const std::string& query, const std::string& name,
                    const std::optional<std::string>& device = kDevice, const char* accept = "") {
  const auto request = read(query, device, accept);
  ASSERT_FALSE(request) << query;
  EXPECT_EQ(request.error().code, schemas::StatusCode::kInvalid) << query;
  EXPECT_EQ(request.error().message.substr(0, name.size() + 1), name + ":") << query;
}

TEST(Parameters, DefaultsOfTheDeviceRoute) {
  const auto r = read("");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->query.route, trail::Route::kDevice);
  EXPECT_EQ(r->query.device.eui.to_string(), kDevice);
  EXPECT_EQ(r->query.limit, 50u);
  EXPECT_FALSE(r->query.filters.others_only);
  EXPECT_FALSE(r->query.min_ownership_ns || r->cursor || r->query.after ||
               r->query.filters.request_id);
  EXPECT_EQ(r->query.filters.window.from_ns, 0);
  EXPECT_EQ(r->query.filters.window.to_ns, INT64_MAX);
  EXPECT_EQ(r->format, Format::kJson);
}

TEST(Parameters, DeviceIdInAnyWriting) {
  for (const char* id : {"00-db-12-34-56-78-90-a0", "00DB1234567890A0", "00db1234567890a0",
                         "00-Db-12-34-56-78-90-A0"}) {
    const auto r = read("", id);
    ASSERT_TRUE(r) << id;
    EXPECT_EQ(r->query.device.eui.to_string(), kDevice);
  }
  for (const char* id : {"", "00", "00-DB-12-34-56-78-90-A", "00-DB-12-34-56-78-90-A0 ",
                         "00:DB:12:34:56:78:90:A0", "00-DB-1234567890A0", "0xDB1234567890A0",
                         "zzDB1234567890A0", "00-DB-12-34-56-78-90-A0-00"}) {
    expect_refused("", "deviceId", id);
  }
}

TEST(Parameters, ScopeIsForThePortfolioRouteOnly) {
  EXPECT_EQ(read("scope=own", std::nullopt)->query.route, trail::Route::kOwn);
  EXPECT_EQ(read("scope=owned", std::nullopt)->query.route, trail::Route::kOwned);
  expect_refused("", "scope", std::nullopt);
  expect_refused("limit=5", "scope", std::nullopt);
  expect_refused("scope=", "scope", std::nullopt);
  expect_refused("scope=all", "scope", std::nullopt);
  expect_refused("scope=OWN", "scope", std::nullopt);
  expect_refused("scope=own,owned", "scope", std::nullopt);
  expect_refused("scope=own", "scope");
  expect_refused("deviceId=" + std::string(kDevice) + "&scope=own", "deviceId", std::nullopt);
}

TEST(Parameters, UnknownRepeatedAndEmptyAreNamed) {
  for (const char* name :
       {"from", "to", "srv", "userRole", "eventType", "deviceType", "requestId", "othersOnly",
        "limit", "cursor", "format", "minOwnership", "x", "Limit", "From"}) {
    expect_refused(std::string(name) + "=", name);
    expect_refused(name, name);
    expect_refused(std::string(name) + "=a&" + name + "=a", name);
  }
  expect_refused("x=1", "x");
  expect_refused("LIMIT=1", "LIMIT");
  expect_refused("limit=1&offset=2", "offset");
  expect_refused("a%0Ab=1", "a?b");
  EXPECT_FALSE(read("limit=1&&srv=1"));
  EXPECT_FALSE(read("=1"));
}

TEST(Parameters, Limit) {
  const std::pair<const char*, uint32_t> good[] = {
      {"1", 1},       {"50", 50},           {"1000", 1000},
      {"1001", 1000}, {"4294967297", 1000}, {"99999999999999999999999999", 1000}};
  for (const auto& [text, limit] : good)
    EXPECT_EQ(read(std::string("limit=") + text)->query.limit, limit) << text;
  for (const char* text :
       {"0", "00", "-1", "+1", "1.0", "1e3", "a", " 1", "1%20", "0x10", "%EF%BC%91"}) {
    expect_refused(std::string("limit=") + text, "limit");
  }
}

TEST(Parameters, Lists) {
  const auto r =
      read("srv=4.8.1,4.10%2C4.1&userRole=OU&eventType=SERVICE_REQUEST,A%20B&deviceType=ESME,ESME");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->query.filters.srv, (std::vector<std::string>{"4.1", "4.10", "4.8.1"}));
  EXPECT_EQ(r->query.filters.user_role, (std::vector<std::string>{"OU"}));
  EXPECT_EQ(r->query.filters.event_type, (std::vector<std::string>{"A B", "SERVICE_REQUEST"}));
  EXPECT_EQ(r->query.filters.device_type, (std::vector<std::string>{"ESME"}));
  EXPECT_TRUE(read("srv=" + std::string(64, 'x')));
  expect_refused("srv=" + std::string(65, 'x'), "srv");
  for (const char* name : {"srv", "userRole", "eventType", "deviceType"}) {
    for (const char* value : {",", "a,", ",a", "a,,b", "%2C"})
      expect_refused(std::string(name) + "=" + value, name);
  }
}

TEST(Parameters, TimesAreThoseOfRecordsAndClamped) {
  const std::pair<const char*, int64_t> good[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-11-20T10:15:30.123456789Z", 1795169730123456789},
      {"2026-11-20T10:15:30+00:00", 1795169730000000000},
      {"2026-11-20T10:15:30%2B00:00", 1795169730000000000},
      {"1969-12-31T23:59:59.999999999Z", 0},
      {"0000-01-01T00:00:00Z", 0},
      {"2261-12-31T23:59:59.999999999Z", 9'214'646'399'999'999'999},
      {"2262-01-01T00:00:00Z", INT64_MAX},
      {"9999-12-31T23:59:59Z", INT64_MAX},
  };
  for (const auto& [text, ns] : good) {
    const std::string t = text;
    ASSERT_TRUE(read("from=" + t)) << t;
    EXPECT_EQ(read("from=" + t)->query.filters.window.from_ns, ns) << t;
    EXPECT_EQ(read("to=" + t)->query.filters.window.to_ns, ns) << t;
    EXPECT_EQ(read("minOwnership=" + t)->query.min_ownership_ns, ns) << t;
  }
  for (const char* bad :
       {"2026-11-20", "2026-11-20T10:15:30", "2026-11-20T10:15:60Z", "2026-11-20T10:15:30.Z",
        "2026-11-20T10:15Z", "2026-11-20T10:15:30.1234567890Z", "2026-11-20t10:15:30Z",
        "2026-11-20T10:15:30z", "2026-11-20%2010:15:30Z", "2026-11-20T10:15:30-00:00",
        "2026-11-20T10:15:30+01:00", "2026-02-30T00:00:00Z", "1795169730", "now",
        "2026-11-20T24:00:00Z"}) {
    for (const char* name : {"from", "to", "minOwnership"})
      expect_refused(std::string(name) + "=" + bad, name);
  }
}

TEST(Parameters, AWindowUpsideDownIsEmptyNotWrong) {
  EXPECT_TRUE(
      read("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z")->query.filters.window.empty());
  EXPECT_TRUE(
      read("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z")->query.filters.window.empty());
  EXPECT_TRUE(
      read("from=1960-01-01T00:00:00Z&to=1970-01-01T00:00:00Z")->query.filters.window.empty());
  EXPECT_TRUE(read("from=2300-01-01T00:00:00Z")->query.filters.window.empty());
  EXPECT_TRUE(
      read("from=2300-01-01T00:00:00Z&to=2400-01-01T00:00:00Z")->query.filters.window.empty());
  EXPECT_FALSE(
      read("from=1960-01-01T00:00:00Z&to=2400-01-01T00:00:00Z")->query.filters.window.empty());
}

TEST(Parameters, RequestIdAndOthersOnly) {
  const auto r =
      read("requestId=90-b3-d5-1f-30-01-00-00:00-db-12-34-56-78-90-a0:7&othersOnly=true");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->query.filters.request_id->to_string(),
            "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:7");
  EXPECT_TRUE(r->query.filters.others_only);
  EXPECT_FALSE(read("othersOnly=false")->query.filters.others_only);
  for (const char* bad : {"TRUE", "1", "yes", "true%20"})
    expect_refused(std::string("othersOnly=") + bad, "othersOnly");
  for (const char* bad : {"x", "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0",
                          "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:01",
                          "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:18446744073709551616"}) {
    expect_refused(std::string("requestId=") + bad, "requestId");
  }
}

TEST(Parameters, FormatOverridesAccept) {
  EXPECT_EQ(read("format=json", kDevice, "text/csv")->format, Format::kJson);
  EXPECT_EQ(read("format=csv", kDevice, "application/json")->format, Format::kCsv);
  EXPECT_EQ(read("format=ndjson")->format, Format::kNdjson);
  EXPECT_EQ(read("", kDevice, "text/csv")->format, Format::kCsv);
  for (const char* bad : {"CSV", "xml", "json,csv"})
    expect_refused(std::string("format=") + bad, "format");
}

TEST(Parameters, ADownloadIsWhole) {
  expect_refused("format=csv&limit=5", "limit");
  expect_refused("limit=5&format=ndjson", "limit");
  expect_refused("format=csv&cursor=x", "cursor");
  expect_refused("limit=5", "limit", kDevice, "text/csv");
  EXPECT_TRUE(read("limit=5&format=json", kDevice, "text/csv"));
  EXPECT_TRUE(read("format=csv&minOwnership=2026-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace satindex::http
