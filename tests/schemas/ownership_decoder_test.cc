#include <gtest/gtest.h>

#include "schemas/decoder.h"
#include "tests/schemas/describe.h"
#include "tests/support/draft.h"

namespace satindex::schemas {
namespace {

using testing::Draft;
using testing::in_quotes;

class OwnershipDecoderTest : public ::testing::Test {
 protected:
  const OwnershipRecord& read(std::string text) {
    text_ = std::move(text);
    const std::string slow = testing::outcome<OwnershipRecord>(decoder_, text_, true);
    Unreadable reason{};
    EXPECT_TRUE(decoder_.decode(text_, &record_, &reason)) << reason_name(reason) << ": " << text_;
    EXPECT_EQ(testing::describe(record_), slow);
    return record_;
  }
  Unreadable refuse(std::string_view text) {
    Unreadable reason{};
    EXPECT_FALSE(decoder_.decode(text, &record_, &reason)) << text;
    return reason;
  }

  OwnershipDecoder decoder_;
  OwnershipRecord record_;
  std::string text_;
};

TEST_F(OwnershipDecoderTest, ReadsEveryField) {
  const OwnershipRecord& record = read(Draft::ownership().with("withdrawn", "true").text());
  EXPECT_EQ(record.device.eui.value, 0x00DB1234567890A0u);
  EXPECT_EQ(record.relation, Relation::kResponsibleSupplier);
  EXPECT_EQ(record.party, "PARTY-1");
  EXPECT_EQ(record.valid_from.seconds, 1'709'164'800);
  ASSERT_TRUE(record.valid_to);
  EXPECT_EQ(record.valid_to->seconds, 1'740'700'800);
  EXPECT_EQ(record.valid_to->nanos, 500'000'000u);
  EXPECT_EQ(record.valid_to->decimals, 1);
  EXPECT_EQ(record.version, 7u);
  EXPECT_TRUE(record.withdrawn);
}

TEST_F(OwnershipDecoderTest, NullValidToIsOpenAndAbsentIsMissing) {
  EXPECT_FALSE(read(Draft::ownership().with("validTo", "null").text()).valid_to);
  EXPECT_EQ(refuse(Draft::ownership().without("validTo").text()), Unreadable::kFieldMissing);
}

TEST_F(OwnershipDecoderTest, WithdrawnDefaultsToFalse) {
  read(Draft::ownership().with("withdrawn", "true").text());
  EXPECT_FALSE(read(Draft::ownership().without("withdrawn").text()).withdrawn);
  EXPECT_FALSE(read(Draft::ownership().with("withdrawn", "null").text()).withdrawn);
}

TEST_F(OwnershipDecoderTest, OrderOfTheEndsCountsUnlessWithdrawn) {
  const Draft backwards =
      Draft::ownership().with("validTo", in_quotes("2024-02-28T23:59:59.999999999Z"));
  EXPECT_EQ(refuse(backwards.text()), Unreadable::kIntervalOrder);
  EXPECT_TRUE(read(backwards.with("withdrawn", "true").text()).withdrawn);
  const OwnershipRecord& never =
      read(Draft::ownership().with("validTo", in_quotes("2024-02-29T00:00:00.0Z")).text());
  EXPECT_EQ(never.valid_from, *never.valid_to);
}

TEST_F(OwnershipDecoderTest, IntervalEndsAreNotBoundAsEventTimesAre) {
  const Draft wide = Draft::ownership()
                         .with("validFrom", in_quotes("0000-01-01T00:00:00Z"))
                         .with("validTo", in_quotes("9999-12-31T23:59:59.999999999Z"));
  const OwnershipRecord& record = read(wide.text());
  EXPECT_EQ(record.valid_from.seconds, -62'167'219'200);
  EXPECT_EQ(record.valid_to->seconds, 253'402'300'799);
}

TEST_F(OwnershipDecoderTest, VersionIsAWholeU64) {
  EXPECT_EQ(read(Draft::ownership().with("version", "18446744073709551615").text()).version,
            UINT64_MAX);
  EXPECT_EQ(read(Draft::ownership().with("version", "0").text()).version, 0u);
  EXPECT_EQ(refuse(Draft::ownership().with("version", "18446744073709551616").text()),
            Unreadable::kFieldSyntax);
}

}  // namespace
}  // namespace satindex::schemas
