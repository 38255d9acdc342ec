// Shrinking: what a world did when a difference showed is played again in parts, until nothing can
// be left out. The result is for a person: the few records and steps, and what differs then.
#pragma once

#include <string>

#include "tests/property/question.h"

namespace satindex::property {

// Says so when playing the same again does not show the difference.
std::string shrink(const World& world, const Ask& ask);

}  // namespace satindex::property
