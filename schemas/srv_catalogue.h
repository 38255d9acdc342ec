// The catalogue of Service Reference Variants (facts/srv_catalogue, DUIS 5.4), compiled in.
// Constant, thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace satindex::schemas {

struct SrvEntry {
  std::string_view srv;
  std::string_view title;
  bool critical = false;
  bool non_device = false;
  std::string_view eligible_roles;  // comma-separated; "-": not known
};

// In the catalogue's own order.
std::span<const SrvEntry> srv_catalogue();
// nullptr when unknown.
const SrvEntry* find_srv(std::string_view srv);

}  // namespace satindex::schemas
