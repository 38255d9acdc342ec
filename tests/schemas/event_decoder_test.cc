#include <gtest/gtest.h>

#include "schemas/decoder.h"
#include "tests/schemas/describe.h"
#include "tests/support/draft.h"

namespace satindex::schemas {
namespace {

using testing::Draft;
using testing::in_quotes;

// The two paths must agree; the views stay good until the next decode.
class EventDecoderTest : public ::testing::Test {
 protected:
  const SatEvent& read(std::string text) {
    text_ = std::move(text);
    const std::string slow = testing::outcome<SatEvent>(decoder_, text_, true);
    Unreadable reason{};
    EXPECT_TRUE(decoder_.decode(text_, &event_, &reason)) << reason_name(reason) << ": " << text_;
    EXPECT_EQ(testing::describe(event_), slow);
    return event_;
  }
  Unreadable refuse(std::string_view text) {
    Unreadable reason{};
    EXPECT_FALSE(decoder_.decode(text, &event_, &reason)) << text;
    return reason;
  }

  EventDecoder decoder_;
  SatEvent event_;
  std::string text_;
};

TEST_F(EventDecoderTest, ReadsEveryField) {
  const SatEvent& event = read(Draft::event().text());
  EXPECT_EQ(event.event_id, "0f8fad5b-d9cb-469f-a165-70867728950e");
  EXPECT_EQ(event.time_ns, 1'795'169'730'123'000'000);
  EXPECT_EQ(event.decimals, 3);
  EXPECT_EQ(event.event_type, "SERVICE_RESPONSE");
  EXPECT_EQ(event.user.eui.value, 0x90B3D51F30010000u);
  EXPECT_EQ(event.user_role, "IS");
  ASSERT_TRUE(event.device);
  EXPECT_EQ(event.device->eui.value, 0x00DB1234567890A0u);
  ASSERT_TRUE(event.request);
  EXPECT_EQ(event.request->counter, 1000u);
  EXPECT_EQ(event.srv, "4.8.1");
  EXPECT_EQ(event.device_type, "ESME");
  EXPECT_EQ(event.smets_version, "SMETS2");
  EXPECT_EQ(event.response_code, "I0");
  EXPECT_EQ(event.command_variant, 1);
}

TEST_F(EventDecoderTest, AbsentAndNullAreTheSameAndLeaveNothingBehind) {
  read(Draft::event().text());
  Draft nulls = Draft::event();
  Draft absent = Draft::event();
  for (const char* field : {"eventId", "deviceId", "requestId", "serviceReferenceVariant",
                            "deviceType", "smetsVersion", "responseCode", "commandVariant"}) {
    nulls = nulls.with(field, "null");
    absent = absent.without(field);
  }
  const SatEvent event = read(absent.text());
  EXPECT_TRUE(event.event_id.empty());
  EXPECT_FALSE(event.device);
  EXPECT_FALSE(event.request);
  EXPECT_TRUE(event.srv.empty());
  EXPECT_TRUE(event.device_type.empty());
  EXPECT_TRUE(event.smets_version.empty());
  EXPECT_TRUE(event.response_code.empty());
  EXPECT_FALSE(event.command_variant);
  EXPECT_EQ(testing::describe(read(nulls.text())), testing::describe(event));
}

TEST_F(EventDecoderTest, DecodesEscapes) {
  EXPECT_EQ(read(Draft::event().with("userRole", R"("\"\\\/\b\f\n\r\t")").text()).user_role,
            "\"\\/\b\f\n\r\t");
  EXPECT_EQ(
      read(Draft::event().with("userRole", R"("\u0041\u00e9\u20AC\uD83d\uDE00")").text()).user_role,
      "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(read(Draft::event().with("userRole", R"("a\u0000b")").text()).user_role,
            std::string_view("a\0b", 3));
  EXPECT_EQ(read(Draft::event().with("userRole", R"("\uD7FF\uE000\uFFFF")").text()).user_role,
            "\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF");
  EXPECT_EQ(read(Draft::event().with("userId", R"("\u0039\u0030-b3-D5-1F-30-01-00-00")").text())
                .user.eui.value,
            0x90B3D51F30010000u);
}

TEST_F(EventDecoderTest, EscapedFieldsDoNotShareScratch) {
  Draft draft = Draft::event();
  for (const char* field : {"eventId", "eventType", "userRole", "serviceReferenceVariant",
                            "deviceType", "smetsVersion", "responseCode"}) {
    draft = draft.with(field, in_quotes(std::string(R"(\u005b)") + field));
  }
  const SatEvent& event = read(draft.text());
  EXPECT_EQ(event.event_id, "[eventId");
  EXPECT_EQ(event.event_type, "[eventType");
  EXPECT_EQ(event.user_role, "[userRole");
  EXPECT_EQ(event.srv, "[serviceReferenceVariant");
  EXPECT_EQ(event.device_type, "[deviceType");
  EXPECT_EQ(event.smets_version, "[smetsVersion");
  EXPECT_EQ(event.response_code, "[responseCode");
}

TEST_F(EventDecoderTest, LengthsAreOfTheDecodedBytes) {
  const std::string most = testing::repeated(R"(\u00e9)", 32);
  EXPECT_EQ(read(Draft::event().with("eventId", in_quotes(most)).text()).event_id.size(), 64u);
  EXPECT_EQ(refuse(Draft::event().with("eventId", in_quotes(most + "a")).text()),
            Unreadable::kFieldLength);
  const std::string request =
      "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:18446744073709551615";
  ASSERT_EQ(request.size(), 68u);
  EXPECT_EQ(read(Draft::event().with("requestId", in_quotes(request)).text()).request->counter,
            UINT64_MAX);
  const std::string escaped = R"(\u0039)" + request.substr(1);
  EXPECT_EQ(read(Draft::event().with("requestId", in_quotes(escaped)).text()).request->counter,
            UINT64_MAX);
}

TEST_F(EventDecoderTest, AFieldOfANestedObjectIsNoField) {
  const Draft draft =
      Draft::event().without("userId").plus("x", R"({"userId":"90-B3-D5-1F-30-01-00-00"})");
  EXPECT_EQ(refuse(draft.text()), Unreadable::kFieldMissing);
}

TEST_F(EventDecoderTest, NullRecord) {
  EXPECT_EQ(refuse(std::string_view(nullptr, 0)), Unreadable::kNull);
  EXPECT_EQ(refuse(""), Unreadable::kNull);
}

TEST(ReasonName, IsAFixedListOfDistinctNames) {
  std::vector<std::string_view> names;
  for (int i = 0; i < kUnreadableCount; ++i)
    names.push_back(reason_name(static_cast<Unreadable>(i)));
  EXPECT_EQ(names,
            (std::vector<std::string_view>{
                "null", "not_utf8", "byte_order_mark", "not_json", "too_deep", "not_an_object",
                "trailing_bytes", "field_twice", "field_missing", "field_type", "field_length",
                "field_syntax", "time_range", "interval_order", "unknown_relation"}));
  EXPECT_EQ(reason_name(static_cast<Unreadable>(kUnreadableCount)), "unknown");
}

}  // namespace
}  // namespace satindex::schemas
