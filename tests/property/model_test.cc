// The model itself, held against examples worked out by hand from the contract, and the generator
// against what it is for: a model that is wrong in the same way as the product proves nothing.
#include "tests/support/model/model.h"

#include <gtest/gtest.h>

#include "tests/property/log_generator.h"

namespace satindex::property {
namespace {

using model::History;
using model::Option;
using model::Route;

constexpr const char* kDevice = "00-DB-12-34-56-78-90-A0";

std::string hour(int i) { return model::write_time(model::from_ns(slot_ns(i)), 0); }

class ModelOfTheContract : public ::testing::Test {
 protected:
  void event(const std::string& time, const std::string& type, const std::string& user,
             int partition = 0) {
    model::EventFields e;
    e.timestamp = time;
    e.event_type = type;
    e.user_id = user;
    e.user_role = "OU";
    e.device_id = kDevice;
    model_.apply({model::Topic::kEvents, partition, offset_++, kDevice, "", e, {}});
  }
  void owner(const std::string& party, int from, std::optional<int> to, uint64_t version,
             bool withdrawn = false) {
    model::OwnershipFields o{
        kDevice, "RESPONSIBLE_SUPPLIER", party, hour(from), std::nullopt, version, withdrawn};
    if (to) o.valid_to = hour(*to);
    model_.apply({model::Topic::kOwnership, 0, offset_++, kDevice, "", o, {}});
  }
  void unreadable() { model_.apply({model::Topic::kOwnership, 0, offset_++, kDevice, "", {}, {}}); }

  model::Answer ask(Route route, const std::string& party, History history, int now,
                    bool fresh = true) {
    model::Settings settings;
    settings.option = Option::kA;
    settings.history = history;
    model::Question q;
    q.route = route;
    q.device = kDevice;
    return model_.answer(settings, {party, "IS", {user_name(1)}, false}, q,
                         {slot_ns(now), fresh, fresh, false});
  }
  size_t rows(Route route, const std::string& party, History history, int now) {
    return ask(route, party, history, now).entries.size();
  }

  model::Model model_;
  int64_t offset_ = 0;
};

TEST_F(ModelOfTheContract, HistoryRules) {
  for (int i : {5, 10, 15, 20}) event(hour(i), "SERVICE_REQUEST", user_name(0));
  event(hour(12), "DEVICE_ALERT", user_name(0));
  owner("SUP1", 10, 20, 1);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kCurrent, 15), 4u);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kCurrent, 20), 0u);  // validTo is exclusive
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenure, 15), 2u);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenureFormer, 30), 2u);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenureFormer, 9), 0u);  // not begun
  EXPECT_EQ(rows(Route::kOwned, "SUP1", History::kCurrent, 15), 2u);       // cut to own intervals
  EXPECT_EQ(rows(Route::kDevice, "SUP2", History::kCurrent, 15), 0u);
  EXPECT_EQ(ask(Route::kDevice, "SUP2", History::kCurrent, 15).cross_user, model::CrossUser::kNone);
}

TEST_F(ModelOfTheContract, OwnEventsOfAnyType) {
  event(hour(5), "DEVICE_ALERT", user_name(1));
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kCurrent, 15), 1u);
  EXPECT_EQ(rows(Route::kOwn, "SUP1", History::kCurrent, 15), 1u);
  EXPECT_EQ(rows(Route::kOwned, "SUP1", History::kCurrent, 15), 0u);
}

TEST_F(ModelOfTheContract, HighestVersionWinsAndConflictsShorten) {
  event(hour(15), "SERVICE_REQUEST", user_name(0));
  owner("SUP1", 10, std::nullopt, 3);
  owner("SUP1", 10, 12, 2);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenure, 30), 1u);
  owner("SUP1", 10, 20, 3);  // the same version, an earlier end
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenure, 30), 0u);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenure, 19), 1u);
  owner("SUP1", 10, std::nullopt, 3, true);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenure, 19), 0u);
  owner("SUP1", 10, std::nullopt, 4);
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kTenure, 19), 1u);
}

TEST_F(ModelOfTheContract, RedeliveriesMergeWithTheMostPreciseTime) {
  event(hour(5), "SERVICE_REQUEST", "90-b3-d5-1f-30-01-00-01");
  event("2024-01-06T21:27:38.000+00:00", "SERVICE_REQUEST", user_name(1), 1);
  event("2024-01-06T21:27:38.0Z", "SERVICE_REQUEST", user_name(1), 1);
  const model::Answer a = ask(Route::kOwn, "SUP1", History::kCurrent, 15);
  ASSERT_EQ(a.entries.size(), 1u);
  EXPECT_EQ(a.entries[0].timestamp, "2024-01-06T21:27:38.000Z");
  EXPECT_EQ(a.entries[0].user_id, user_name(1));
}

TEST_F(ModelOfTheContract, SuspensionAndFreshness) {
  event(hour(15), "SERVICE_REQUEST", user_name(0));
  owner("SUP1", 10, std::nullopt, 1);
  owner("SUP2", 10, std::nullopt, 1);
  EXPECT_EQ(ask(Route::kDevice, "SUP1", History::kCurrent, 20, false).cross_user,
            model::CrossUser::kWithheld);
  unreadable();
  EXPECT_EQ(ask(Route::kDevice, "SUP1", History::kCurrent, 20).cross_user,
            model::CrossUser::kWithheld);
  EXPECT_EQ(ask(Route::kDevice, "NET1", History::kCurrent, 20).cross_user, model::CrossUser::kNone);
  EXPECT_TRUE(ask(Route::kOwned, "SUP1", History::kCurrent, 20).partial);
  owner("SUP1", 10, std::nullopt, 1);  // the same version again is enough, for this party
  EXPECT_EQ(rows(Route::kDevice, "SUP1", History::kCurrent, 20), 1u);
  EXPECT_EQ(rows(Route::kDevice, "SUP2", History::kCurrent, 20), 0u);
}

TEST(Instants, RoundTrip) {
  for (const char* text :
       {"0001-01-01T00:00:00Z", "0000-02-29T23:59:59.5Z", "1969-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:00Z", "2024-02-29T12:00:00.120Z", "2261-12-31T23:59:59Z",
        "9999-12-31T23:59:59.999999999Z"}) {
    const model::Written w = model::read_time(text);
    EXPECT_EQ(model::write_time(w.instant, w.decimals), text);
  }
  EXPECT_EQ(model::read_time("2024-01-01T00:00:00Z").instant.seconds, 1'704'067'200);
  EXPECT_EQ(model::read_time("1969-12-31T23:59:59Z").instant.seconds, -1);
}

TEST(Generator, IsReplayableAndCollides) {
  LogShape shape;
  shape.misplaced = true;
  const model::Log a = random_log(shape, 7);
  const model::Log b = random_log(shape, 7);
  ASSERT_EQ(a.size(), b.size());
  model::Model model;
  size_t events = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(model::describe(a[i]), model::describe(b[i]));
    model.apply(a[i]);
    events += std::holds_alternative<model::EventFields>(a[i].body) ? 1 : 0;
  }
  EXPECT_LT(model.events(), events);  // redeliveries there are
  EXPECT_GE(model.events(), events / 2);
  for (const std::string& party : kParties) EXPECT_LE(party.size(), 64u);
}

}  // namespace
}  // namespace satindex::property
