#include "query/trail/caller.h"

#include <algorithm>

namespace satindex::trail {

bool Caller::owns(schemas::UserId user) const {
  return std::binary_search(user_ids.begin(), user_ids.end(), user);
}

}  // namespace satindex::trail
