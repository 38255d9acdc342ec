#include "indexer/store/keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string>

#include "indexer/store/big_endian.h"

namespace satindex::store {
KeyBytes encode_key(const TrailKey& key) {
  KeyBytes k;
  write_big_endian(static_cast<uint16_t>(~key.bucket), 2, k.bytes_.data());
  write_big_endian(key.entity, 8, k.bytes_.data() + 2);
  k.size_ = kEntityPrefixBytes;
  if (!key.base) {
    write_big_endian(~key.coarse & 0xFFFFFF, 3, k.bytes_.data() + 10);
    write_big_endian(key.seq, 4, k.bytes_.data() + 13);
    k.size_ = kChunkKeyBytes;
  }
  return k;
}

std::optional<TrailKey> TrailKey::parse(std::string_view bytes) {
  if (bytes.size() != kEntityPrefixBytes && bytes.size() != kChunkKeyBytes) return std::nullopt;
  TrailKey k;
  k.bucket = static_cast<uint16_t>(~read_big_endian(bytes.substr(0, 2)));
  k.entity = read_big_endian(bytes.substr(2, 8));
  k.base = bytes.size() == kEntityPrefixBytes;
  if (!k.base) {
    k.coarse = static_cast<uint32_t>(~read_big_endian(bytes.substr(10, 3))) & 0xFFFFFF;
    k.seq = static_cast<uint32_t>(read_big_endian(bytes.substr(13, 4)));
  }
  return k;
}

uint64_t party_entity(schemas::Relation relation, std::string_view party) {
  return XXH3_64bits_withSeed(party.data(), party.size(), static_cast<uint64_t>(relation) + 1);
}

std::string_view ledger_key(schemas::DeviceId device, std::array<char, 8>* bytes) {
  write_big_endian(device.eui.value, 8, bytes->data());
  return {bytes->data(), 8};
}

std::optional<schemas::DeviceId> parse_ledger_key(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  return schemas::DeviceId{{read_big_endian(bytes)}};
}

}  // namespace satindex::store
