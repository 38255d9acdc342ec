#include "schemas/srv_catalogue.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace satindex::schemas {
namespace {

constexpr SrvEntry kEntries[] = {
// One brace list a variant, made from catalogue/srv_catalogue.tsv when the build is configured.
#include "schemas/srv_catalogue.inc"
};
constexpr size_t kCount = std::size(kEntries);

// An SRV as a number: nothing but its bytes, so that looking one up, once a service of every page, compares no texts on
// the way.
constexpr size_t kSrvBytesMax = 8;
constexpr uint64_t packed(std::string_view srv) {
  uint64_t key = 0;
  for (const char c : srv) key = key << 8 | static_cast<unsigned char>(c);
  return key;
}

// Open addressing, at most a third full; a place holds a position in kEntries and one, or 0.
constexpr size_t kPlaces = 512;
constexpr size_t place_of(uint64_t key) { return (key * 0x9E3779B97F4A7C15ull) >> 55; }
constexpr size_t next_place(size_t place) { return (place + 1) % kPlaces; }

constexpr std::array<uint16_t, kPlaces> hashed_positions() {
  std::array<uint16_t, kPlaces> places{};
  for (size_t i = 0; i < kCount; ++i) {
    size_t at = place_of(packed(kEntries[i].srv));
    while (places[at] != 0) at = next_place(at);
    places[at] = static_cast<uint16_t>(i + 1);
  }
  return places;
}
static_assert(kCount * 3 < kPlaces);
static_assert(std::all_of(std::begin(kEntries), std::end(kEntries),
                          [](const SrvEntry& e) { return e.srv.size() <= kSrvBytesMax; }));
constexpr std::array<uint16_t, kPlaces> kByHash = hashed_positions();

}  // namespace

std::span<const SrvEntry> srv_catalogue() { return kEntries; }

const SrvEntry* find_srv(std::string_view srv) {
  if (srv.size() > kSrvBytesMax) return nullptr;
  for (size_t at = place_of(packed(srv)); kByHash[at] != 0; at = next_place(at)) {
    const SrvEntry& entry = kEntries[kByHash[at] - 1];
    if (entry.srv == srv) return &entry;
  }
  return nullptr;
}

}  // namespace satindex::schemas
