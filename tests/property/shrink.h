// Shrinking: a difference found on a long log is tried again on parts of it, until no record can be left out. The result
// is for a person: the few records and the question.
#pragma once

#include <string>

#include "tests/property/question.h"

namespace satindex::property {

// How the log was fed when the difference showed.
struct Feeding {
  uint64_t seed = 0;
  WorldOptions options;
  bool drained = true;
};

// The smallest log found on which product and model still differ for this question, described with the question; says so
// when the difference does not come back on a newly fed world.
std::string shrink(const model::Log& log, const Feeding& feeding, const Ask& ask);

}  // namespace satindex::property
