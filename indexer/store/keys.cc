#include "indexer/store/keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string>

namespace satindex::store {
namespace {

void put_be(uint64_t v, int bytes, char* out) {
  for (int i = bytes - 1; i >= 0; --i) {
    out[i] = static_cast<char>(v & 0xFF);
    v >>= 8;
  }
}

uint64_t get_be(const char* in, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; ++i) v = (v << 8) | static_cast<uint8_t>(in[i]);
  return v;
}

}  // namespace

KeyBytes encode_key(const TrailKey& key) {
  KeyBytes k;
  put_be(static_cast<uint16_t>(~key.bucket), 2, k.bytes_.data());
  put_be(key.entity, 8, k.bytes_.data() + 2);
  k.size_ = kEntityPrefixBytes;
  if (!key.base) {
    put_be(~key.coarse & 0xFFFFFF, 3, k.bytes_.data() + 10);
    put_be(key.seq, 4, k.bytes_.data() + 13);
    k.size_ = kChunkKeyBytes;
  }
  return k;
}

std::optional<TrailKey> TrailKey::parse(std::string_view bytes) {
  if (bytes.size() != kEntityPrefixBytes && bytes.size() != kChunkKeyBytes) return std::nullopt;
  TrailKey k;
  k.bucket = static_cast<uint16_t>(~get_be(bytes.data(), 2));
  k.entity = get_be(bytes.data() + 2, 8);
  k.base = bytes.size() == kEntityPrefixBytes;
  if (!k.base) {
    k.coarse = static_cast<uint32_t>(~get_be(bytes.data() + 10, 3)) & 0xFFFFFF;
    k.seq = static_cast<uint32_t>(get_be(bytes.data() + 13, 4));
  }
  return k;
}

uint64_t party_entity(schemas::Relation relation, std::string_view party) {
  return XXH3_64bits_withSeed(party.data(), party.size(), static_cast<uint64_t>(relation) + 1);
}

std::string_view ledger_key(schemas::DeviceId device, std::array<char, 8>* bytes) {
  put_be(device.eui.value, 8, bytes->data());
  return {bytes->data(), 8};
}

}  // namespace satindex::store
