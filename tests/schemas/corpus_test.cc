// Every record of the corpus, through both paths of its decoder, fenced by unmapped pages on either
// side.
#include <gtest/gtest.h>

#include <set>

#include "schemas/decoder.h"
#include "tests/schemas/describe.h"
#include "tests/schemas/fenced_bytes.h"
#include "tests/support/malformed_corpus.h"

namespace satindex::testing {
namespace {

using schemas::EventDecoder;
using schemas::OwnershipDecoder;
using schemas::OwnershipRecord;
using schemas::SatEvent;

std::string outcome_of(CorpusTopic topic, std::string_view value, bool slow) {
  static EventDecoder events;
  static OwnershipDecoder ownership;
  return topic == CorpusTopic::kEvents ? outcome<SatEvent>(events, value, slow)
                                       : outcome<OwnershipRecord>(ownership, value, slow);
}

std::string outcome_of_all_ways(const CorpusRecord& record) {
  FencedBytes fence(record.value);
  const std::string quick = outcome_of(record.topic, fence.at_end(record.value), false);
  EXPECT_EQ(quick, outcome_of(record.topic, fence.at_start(record.value), false));
  EXPECT_EQ(quick, outcome_of(record.topic, fence.at_end(record.value), true));
  return quick;
}

TEST(Corpus, MalformedRecordsAreUnreadableForTheRightReason) {
  for (const CorpusRecord& record : malformed_corpus()) {
    SCOPED_TRACE(std::string(topic_name(record.topic)) + ": " + record.what);
    ASSERT_TRUE(record.reason);
    EXPECT_EQ(outcome_of_all_ways(record),
              "unreadable: " + std::string(schemas::reason_name(*record.reason)));
  }
}

TEST(Corpus, LegalRecordsAreRead) {
  for (const CorpusRecord& record : legal_corpus()) {
    SCOPED_TRACE(std::string(topic_name(record.topic)) + ": " + record.what);
    EXPECT_FALSE(record.reason);
    EXPECT_FALSE(outcome_of_all_ways(record).starts_with("unreadable"));
  }
}

TEST(Corpus, ShapeAndUnreadFieldsChangeNoField) {
  for (const CorpusTopic topic : {CorpusTopic::kEvents, CorpusTopic::kOwnership}) {
    Corpus shapes;
    add_legal_shapes(topic, &shapes);
    const std::string wanted = outcome_of(topic, draft_of(topic).text(), true);
    for (const CorpusRecord& record : shapes) {
      EXPECT_EQ(outcome_of(topic, record.value, false), wanted) << record.what;
    }
  }
}

TEST(Corpus, IsLargeAndCoversEveryReason) {
  std::set<std::string> values;
  std::set<schemas::Unreadable> reasons;
  for (const CorpusRecord& record : malformed_corpus()) {
    values.insert(std::string(topic_name(record.topic)) + record.value);
    reasons.insert(*record.reason);
  }
  EXPECT_GE(values.size(), 250u);
  EXPECT_EQ(reasons.size(), static_cast<size_t>(schemas::kUnreadableCount));
}

}  // namespace
}  // namespace satindex::testing
