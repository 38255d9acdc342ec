// A cursor's position there and back, and its binding: equal for queries that may share a cursor, else different.
#include "query/trail/cursor.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/seed.h"

namespace satindex::trail {
namespace {

using schemas::Eui64;
using schemas::UserId;
using store::TrailPosition;
using testing::Random;

TEST(CursorPosition, GoldenBytes) {
  const std::string bytes =
      encode_position({0x0102030405060708, true, 0x1112131415161718, 0x2122232425262728});
  EXPECT_EQ(bytes,
            std::string("\x01\x01\x02\x03\x04\x05\x06\x07\x08\x01\x11\x12\x13\x14\x15\x16\x17\x18"
                        "\x21\x22\x23\x24\x25\x26\x27\x28"));
  EXPECT_EQ(bytes.size(), kCursorPositionBytes);
}

TEST(CursorPosition, ThereAndBackAtOneLength) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(20);
  for (int round = 0; round < 5000; ++round) {
    TrailPosition p;
    p.time_ns = static_cast<int64_t>(random.engine()() >> (1 + random.below(63)));
    if (p.time_ns > schemas::kEventTimeMaxNs) continue;
    p.has_device = random.one_in(2);
    p.device = p.has_device ? random.engine()() : 0;
    p.hash = random.engine()() >> random.below(64);
    const std::string bytes = encode_position(p);
    ASSERT_EQ(bytes.size(), kCursorPositionBytes);
    ASSERT_EQ(decode_position(bytes).value(), p);
  }
}

TEST(CursorPosition, NothingElseIsTaken) {
  const std::string good = encode_position({5, false, 0, 7});
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_position(good.substr(0, size)).has_value());
  }
  EXPECT_FALSE(decode_position(good + '\0').has_value());
  std::string spoilt = good;
  spoilt[0] = 2;  // another format
  EXPECT_FALSE(decode_position(spoilt).has_value());
  spoilt = good;
  spoilt[9] = 2;  // neither with nor without a device
  EXPECT_FALSE(decode_position(spoilt).has_value());
  spoilt = good;
  spoilt[10] = 1;  // no device, yet its id
  EXPECT_FALSE(decode_position(spoilt).has_value());
  EXPECT_FALSE(decode_position(encode_position({-1, false, 0, 7})).has_value());
  EXPECT_FALSE(
      decode_position(encode_position({schemas::kEventTimeMaxNs + 1, false, 0, 7})).has_value());
  EXPECT_EQ(decode_position("").error().code, schemas::StatusCode::kInvalid);
}

struct Asked {
  Caller caller;
  AuditTrailQuery query;
};

Asked base() {
  Asked a;
  a.caller.party = "PARTY";
  a.caller.user_ids = {UserId{Eui64{1}}, UserId{Eui64{2}}};
  a.query.device = {Eui64{9}};
  a.query.filters.window = {10, 20};
  a.query.filters.srv = {"4.1", "6.2"};
  a.query.filters.user_role = {"IS"};
  a.query.filters.event_type = {"SERVICE_REQUEST"};
  a.query.filters.device_type = {"ESME"};
  a.query.filters.request_id = schemas::RequestId{Eui64{1}, Eui64{9}, 3};
  return a;
}

std::string binding(const Asked& a) { return cursor_binding(a.caller, a.query); }

TEST(CursorBinding, WhatDoesNotCount) {
  const std::map<std::string, std::function<void(Asked&)>> changes = {
      {"limit", [](Asked& a) { a.query.limit = 7; }},
      {"minOwnership", [](Asked& a) { a.query.min_ownership_ns = 5; }},
      {"after",
       [](Asked& a) {
         a.query.after = TrailPosition{1, false, 0, 2};
       }},
      {"sub", [](Asked& a) { a.caller.sub = "another"; }},
      {"role", [](Asked& a) { a.caller.role = "ES"; }},
      {"channel", [](Asked& a) { a.caller.channel = Channel::kScreen; }},
      {"order of user ids",
       [](Asked& a) {
         a.caller.user_ids = {UserId{Eui64{2}}, UserId{Eui64{1}}};
       }},
      {"order of a list",
       [](Asked& a) {
         a.query.filters.srv = {"6.2", "4.1"};
       }},
      {"repetition in a list",
       [](Asked& a) {
         a.query.filters.srv = {"4.1", "6.2", "4.1"};
       }},
  };
  for (const auto& [name, change] : changes) {
    Asked a = base();
    change(a);
    EXPECT_EQ(binding(a), binding(base())) << name;
  }
  Asked owned = base(), other_device = base();
  owned.query.route = other_device.query.route = Route::kOwned;
  other_device.query.device = {};
  EXPECT_EQ(binding(owned), binding(other_device)) << "a device where the route has none";
}

TEST(CursorBinding, WhatCountsAndNoTwoRunTogether) {
  const std::map<std::string, std::function<void(Asked&)>> changes = {
      {"nothing", [](Asked&) {}},
      {"party", [](Asked& a) { a.caller.party = "PARTY2"; }},
      {"party, shorter", [](Asked& a) { a.caller.party = "PART"; }},
      {"no party", [](Asked& a) { a.caller.party = ""; }},
      {"fewer users", [](Asked& a) { a.caller.user_ids = {UserId{Eui64{1}}}; }},
      {"no users", [](Asked& a) { a.caller.user_ids = {}; }},
      {"other users",
       [](Asked& a) {
         a.caller.user_ids = {UserId{Eui64{1}}, UserId{Eui64{3}}};
       }},
      {"device", [](Asked& a) { a.query.device = {Eui64{8}}; }},
      {"route owned", [](Asked& a) { a.query.route = Route::kOwned; }},
      {"route own", [](Asked& a) { a.query.route = Route::kOwn; }},
      {"from", [](Asked& a) { a.query.filters.window.from_ns = 11; }},
      {"to", [](Asked& a) { a.query.filters.window.to_ns = 21; }},
      {"swapped",
       [](Asked& a) {
         a.query.filters.window = {20, 10};
       }},
      {"no window", [](Asked& a) { a.query.filters.window = {}; }},
      {"srv, one", [](Asked& a) { a.query.filters.srv = {"4.1"}; }},
      {"srv, another",
       [](Asked& a) {
         a.query.filters.srv = {"4.10", "6.2"};
       }},
      {"srv, joined", [](Asked& a) { a.query.filters.srv = {"4.16.2"}; }},
      {"srv, with a comma", [](Asked& a) { a.query.filters.srv = {"4.1,6.2"}; }},
      {"srv, cut elsewhere",
       [](Asked& a) {
         a.query.filters.srv = {"4.", "16.2"};
       }},
      {"srv in role",
       [](Asked& a) {
         a.query.filters.srv = {}, a.query.filters.user_role = {"4.1", "6.2", "IS"};
       }},
      {"role in srv",
       [](Asked& a) { a.query.filters.srv.push_back("IS"), a.query.filters.user_role = {}; }},
      {"type and device type swapped",
       [](Asked& a) { std::swap(a.query.filters.event_type, a.query.filters.device_type); }},
      {"no lists",
       [](Asked& a) {
         a.query.filters = {}, a.query.filters.window = {10, 20};
       }},
      {"no request", [](Asked& a) { a.query.filters.request_id.reset(); }},
      {"counter", [](Asked& a) { a.query.filters.request_id->counter = 4; }},
      {"originator and target swapped",
       [](Asked& a) {
         a.query.filters.request_id = schemas::RequestId{Eui64{9}, Eui64{1}, 3};
       }},
      {"othersOnly", [](Asked& a) { a.query.filters.others_only = true; }},
  };
  std::map<std::string, std::string> seen;
  for (const auto& [name, change] : changes) {
    Asked a = base();
    change(a);
    const auto [other, fresh] = seen.try_emplace(binding(a), name);
    EXPECT_TRUE(fresh) << name << " and " << other->second;
  }
}

// Random pairs from tiny sets, where collisions of an ambiguous encoding would be common.
TEST(CursorBinding, EqualExactlyWhenTheQueriesAreEqualAsSets) {
  SCOPED_TRACE("SATINDEX_SEED=" + std::to_string(testing::seed()));
  Random random(21);
  static const std::string words[] = {
      "", "a", "b", "ab", std::string("a\0b", 3), std::string(1, '\0')};
  const auto list = [&] {
    std::vector<std::string> l(random.below(3));
    for (std::string& s : l) s = random.pick(words);
    return l;
  };
  std::map<std::string, std::string> plain_of_binding;
  std::map<std::string, std::string> binding_of_plain;
  for (int round = 0; round < 20'000; ++round) {
    Asked a;
    a.caller.party = random.pick(words);
    for (uint64_t n = random.below(3); n > 0; --n)
      a.caller.user_ids.push_back({Eui64{random.below(2)}});
    std::vector<std::string>* const lists[] = {&a.query.filters.srv, &a.query.filters.user_role,
                                               &a.query.filters.event_type,
                                               &a.query.filters.device_type};
    std::string plain = a.caller.party + "|";  // '|' and '/' are in no word
    std::set<uint64_t> users;
    for (const UserId u : a.caller.user_ids) users.insert(u.eui.value);
    for (const uint64_t u : users) plain += std::to_string(u) + "/";
    for (std::vector<std::string>* l : lists) {
      *l = list();
      plain += "|";
      for (const std::string& s : std::set<std::string>(l->begin(), l->end())) plain += s + "/";
    }
    const std::string bound = binding(a);
    ASSERT_EQ(plain_of_binding.try_emplace(bound, plain).first->second, plain);
    ASSERT_EQ(binding_of_plain.try_emplace(plain, bound).first->second, bound);
  }
}

}  // namespace
}  // namespace satindex::trail
