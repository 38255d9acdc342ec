// Records that CONTRACT 1.3 calls unreadable, each with the reason it must be given, and their
// legal neighbours: as close to them as the contract allows. Built once, constant, shared by every
// test that feeds records from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/sat_event.h"
#include "tests/support/draft.h"

namespace satindex::testing {

enum class CorpusTopic { kEvents, kOwnership };

struct CorpusRecord {
  CorpusTopic topic;
  std::string what;                           // unique, for a failing test's message
  std::string value;                          // empty: a null record
  std::optional<schemas::Unreadable> reason;  // nullopt: legal
};

using Corpus = std::vector<CorpusRecord>;

const Corpus& malformed_corpus();
const Corpus& legal_corpus();

std::string_view topic_name(CorpusTopic topic);
Draft draft_of(CorpusTopic topic);

// The parts, each in a file of its own.
void add_malformed_shapes(CorpusTopic topic, Corpus* corpus);
void add_malformed_event_fields(Corpus* corpus);
void add_malformed_ownership_fields(Corpus* corpus);
void add_malformed_times(CorpusTopic topic, std::string_view field, Corpus* corpus);
void add_malformed_euis(CorpusTopic topic, std::string_view field, Corpus* corpus);
void add_legal_shapes(CorpusTopic topic, Corpus* corpus);
void add_legal_fields(Corpus* corpus);

}  // namespace satindex::testing
