// Caller: who asks, as the verified credential says. A value.
#pragma once

#include <algorithm>
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

  // Rule 1: user is one of user_ids. Asked for every row.
  bool owns(schemas::UserId user) const {
    return std::binary_search(user_ids.begin(), user_ids.end(), user);
  }
};

}  // namespace satindex::trail
