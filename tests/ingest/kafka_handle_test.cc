#include "indexer/ingest/kafka_handle.h"

#include <gtest/gtest.h>

#include "schemas/status.h"

namespace satindex::ingest {
namespace {

KafkaSettings settings(const std::string& property, const std::string& value) {
  KafkaSettings s;
  s.brokers = "127.0.0.1:1";
  s.properties = {{property, value}};
  return s;
}

TEST(KafkaHandle, RefusesWhatWouldBreakAnInvariant) {
  for (const char* name : {"enable.auto.commit", "auto.offset.reset", "isolation.level", "acks",
                           "request.required.acks", "enable.partition.eof", "transactional.id",
                           "message.timeout.ms", "bootstrap.servers"}) {
    auto made = KafkaHandle::create(RD_KAFKA_CONSUMER, settings(name, "1"), {}, {});
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code, schemas::StatusCode::kConfig);
    EXPECT_NE(made.error().message.find(name), std::string::npos);
  }
}

TEST(KafkaHandle, NamesAnUnknownPropertyAndNeverQuotesAValue) {
  auto unknown = KafkaHandle::create(RD_KAFKA_CONSUMER, settings("no.such.thing", "x"), {}, {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, schemas::StatusCode::kConfig);
  EXPECT_NE(unknown.error().message.find("no.such.thing"), std::string::npos);
  auto wrong =
      KafkaHandle::create(RD_KAFKA_CONSUMER, settings("security.protocol", "hunter2"), {}, {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message.find("hunter2"), std::string::npos);
}

TEST(KafkaHandle, TheOperatorOverridesDefaultsButNotWhatIsForced) {
  auto made = KafkaHandle::create(RD_KAFKA_CONSUMER, settings("fetch.wait.max.ms", "77"),
                                  {{"fetch.wait.max.ms", "100"}, {"group.id", "g"}},
                                  {{"client.id", "forced"}});
  ASSERT_TRUE(made) << made.error().message;
  const rd_kafka_conf_t* conf = rd_kafka_conf((*made)->get());
  char value[64];
  size_t size = sizeof(value);
  ASSERT_EQ(rd_kafka_conf_get(conf, "fetch.wait.max.ms", value, &size), RD_KAFKA_CONF_OK);
  EXPECT_STREQ(value, "77");
  size = sizeof(value);
  ASSERT_EQ(rd_kafka_conf_get(conf, "client.id", value, &size), RD_KAFKA_CONF_OK);
  EXPECT_STREQ(value, "forced");
}

TEST(KafkaHandle, NeedsBrokers) {
  auto made = KafkaHandle::create(RD_KAFKA_CONSUMER, KafkaSettings{}, {}, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, schemas::StatusCode::kConfig);
}

}  // namespace
}  // namespace satindex::ingest
