#include "schemas/srv_catalogue.h"

#include <algorithm>
#include <array>

namespace satindex::schemas {
namespace {

constexpr SrvEntry kEntries[] = {
// One brace list a variant, made from catalogue/srv_catalogue.tsv when the build is configured.
#include "schemas/srv_catalogue.inc"
};
constexpr size_t kCount = std::size(kEntries);

// Positions in kEntries, sorted by SRV as text: 4.1 and 4.10 are different services.
constexpr std::array<uint16_t, kCount> sorted_positions() {
  std::array<uint16_t, kCount> order{};
  for (size_t i = 0; i < kCount; ++i) order[i] = static_cast<uint16_t>(i);
  std::sort(order.begin(), order.end(),
            [](uint16_t a, uint16_t b) { return kEntries[a].srv < kEntries[b].srv; });
  return order;
}
constexpr std::array<uint16_t, kCount> kSorted = sorted_positions();

}  // namespace

std::span<const SrvEntry> srv_catalogue() { return kEntries; }

const SrvEntry* find_srv(std::string_view srv) {
  const auto* at = std::lower_bound(
      kSorted.begin(), kSorted.end(), srv,
      [](uint16_t position, std::string_view wanted) { return kEntries[position].srv < wanted; });
  if (at == kSorted.end() || kEntries[*at].srv != srv) return nullptr;
  return &kEntries[*at];
}

}  // namespace satindex::schemas
