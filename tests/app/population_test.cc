#include "app/population.h"

#include <gtest/gtest.h>

#include <set>

#include "schemas/decoder.h"

namespace satindex::app {
namespace {

TEST(Population, EveryIndexIsAnotherDevice) {
  const Population population(3, 200'000, false);
  std::set<schemas::DeviceId> ids;
  for (uint64_t i = 0; i < population.devices(); ++i) ids.insert(population.device(i).id);
  EXPECT_EQ(ids.size(), 200'000u);
}

TEST(Population, IsAFunctionOfTheSeed) {
  const Population one(5, 1'000, false);
  const Population same(5, 1'000, false);
  const Population other(6, 1'000, false);
  EXPECT_EQ(one.device(17).id, same.device(17).id);
  EXPECT_EQ(one.device(17).supplier_user, same.device(17).supplier_user);
  EXPECT_NE(one.device(17).id, other.device(17).id);
}

TEST(Population, HasEveryRoleAndTheNewcomerOnlyWhenAsked) {
  const Population usual(1, 1, false);
  for (const char* role : {"IS", "GS", "ES", "ED", "GT", "RSA", "OU"}) {
    EXPECT_FALSE(usual.users_of(role).empty()) << role;
  }
  EXPECT_TRUE(usual.users_of("LC").empty());
  EXPECT_EQ(Population(1, 1, true).users_of("LC").size(), 1u);
}

TEST(Population, UsersAreDistinctAndBelongToTheirParty) {
  const Population population(1, 1, true);
  std::set<schemas::UserId> ids;
  for (uint32_t user = 0; user < population.users().size(); ++user) {
    ids.insert(population.users()[user].id);
    const auto& users = population.party_of(user).users;
    EXPECT_NE(std::find(users.begin(), users.end(), user), users.end());
  }
  EXPECT_EQ(ids.size(), population.users().size());
}

TEST(Population, OwnersFitTheFuelAndBothGenerationsOccur) {
  const Population population(9, 5'000, false);
  int smets1 = 0;
  for (uint64_t i = 0; i < population.devices(); ++i) {
    const GeneratedDevice device = population.device(i);
    EXPECT_EQ(population.users()[device.supplier_user].role, device.gas ? "GS" : "IS");
    EXPECT_EQ(population.users()[device.network_user].role, device.gas ? "GT" : "ED");
    smets1 += device.smets_version == "SMETS1" ? 1 : 0;
  }
  EXPECT_GT(smets1, 1'000);
  EXPECT_LT(smets1, 2'500);
}

TEST(Population, OwnershipIsReadable) {
  const Population population(9, 10, false);
  const GeneratedDevice device = population.device(4);
  schemas::OwnershipDecoder decoder;
  schemas::OwnershipRecord record;
  schemas::Unreadable reason{};
  const std::string supplier = supplier_interval_json(population, device);
  ASSERT_TRUE(decoder.decode(supplier, &record, &reason)) << supplier;
  EXPECT_EQ(record.device, device.id);
  EXPECT_EQ(record.relation, schemas::Relation::kResponsibleSupplier);
  EXPECT_EQ(record.party, population.party_of(device.supplier_user).id);
  EXPECT_FALSE(record.valid_to);
  const std::string closed =
      ownership_json(device, schemas::Relation::kNetworkOperator, "P", kInstalledNs,
                     kInstalledNs + 5 * schemas::kNanosPerSecond, 12);
  ASSERT_TRUE(decoder.decode(closed, &record, &reason)) << closed;
  EXPECT_EQ(record.relation, schemas::Relation::kNetworkOperator);
  EXPECT_EQ(record.version, 12u);
  ASSERT_TRUE(record.valid_to);
  EXPECT_EQ(record.valid_to->seconds - record.valid_from.seconds, 5);
}

}  // namespace
}  // namespace satindex::app
