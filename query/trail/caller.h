// Caller: who asks, as the verified credential says. A value.
#pragma once

#include <string>
#include <vector>

#include "schemas/ids.h"

namespace satindex::trail {

enum class Channel : uint8_t { kScreen, kReport };

struct Caller {
  std::string sub;
  std::string party;
  std::string role;
  std::vector<schemas::UserId> user_ids;  // ascending, unique
  Channel channel = Channel::kReport;     // the narrower unless proven otherwise

  bool owns(schemas::UserId user) const;  // rule 1: user is one of user_ids
};

}  // namespace satindex::trail
