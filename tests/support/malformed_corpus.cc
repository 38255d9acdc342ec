#include "tests/support/malformed_corpus.h"

namespace satindex::testing {

std::string_view topic_name(CorpusTopic topic) {
  return topic == CorpusTopic::kEvents ? "sat.events" : "dm.ownership";
}

Draft draft_of(CorpusTopic topic) {
  return topic == CorpusTopic::kEvents ? Draft::event() : Draft::ownership();
}

const Corpus& malformed_corpus() {
  static const Corpus all = [] {
    Corpus corpus;
    add_malformed_shapes(CorpusTopic::kEvents, &corpus);
    add_malformed_shapes(CorpusTopic::kOwnership, &corpus);
    add_malformed_event_fields(&corpus);
    add_malformed_ownership_fields(&corpus);
    add_malformed_times(CorpusTopic::kEvents, "timestamp", &corpus);
    add_malformed_times(CorpusTopic::kOwnership, "validFrom", &corpus);
    add_malformed_times(CorpusTopic::kOwnership, "validTo", &corpus);
    add_malformed_euis(CorpusTopic::kEvents, "userId", &corpus);
    add_malformed_euis(CorpusTopic::kEvents, "deviceId", &corpus);
    add_malformed_euis(CorpusTopic::kOwnership, "deviceId", &corpus);
    return corpus;
  }();
  return all;
}

const Corpus& legal_corpus() {
  static const Corpus all = [] {
    Corpus corpus;
    add_legal_shapes(CorpusTopic::kEvents, &corpus);
    add_legal_shapes(CorpusTopic::kOwnership, &corpus);
    add_legal_fields(&corpus);
    return corpus;
  }();
  return all;
}

}  // namespace satindex::testing
