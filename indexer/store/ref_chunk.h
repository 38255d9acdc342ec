// The reference chunk: up to kRefChunkRowsMax places (time, device) in device trails, of one own or owner trail and bucket.
// A reference stands for every event of that device at that time. Pure functions; decode survives any bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace satindex::store {

struct TrailRef {
  int64_t time_ns = 0;
  bool has_device = false;
  uint64_t device = 0;

  // Less: comes earlier in the answer; the order of TrailPosition.
  std::strong_ordering operator<=>(const TrailRef& o) const {
    if (auto c = o.time_ns <=> time_ns; c != 0) return c;
    if (auto c = has_device <=> o.has_device; c != 0) return c;
    return device <=> o.device;
  }
  bool operator==(const TrailRef&) const = default;
};

// A reference whose device is known by its place among the devices of a batch, as the writer has it at hand.
struct RankedRef {
  static constexpr uint32_t kNoDevice = UINT32_MAX;
  int64_t time_ns = 0;
  uint32_t rank = kNoDevice;

  bool operator==(const RankedRef&) const = default;
};

// Finds the distinct devices of one chunk after another by their ranks: a bit each, so that nothing is hashed or sorted.
// Not thread-safe.
class RankSet {
 public:
  // devices: distinct and ascending, those that ranks stand for; outlives this.
  explicit RankSet(std::span<const uint64_t> devices);

 private:
  friend void encode_ref_chunk(uint16_t bucket, std::span<const RankedRef> refs, RankSet* ranks,
                               std::string* out);
  std::span<const uint64_t> devices_;
  std::vector<uint64_t> bits_;    // by rank; all zero between two chunks
  std::vector<uint16_t> before_;  // by word of bits_: how many are set in the words before it
};

struct RefChunkHeader {
  uint32_t rows = 0;
  int64_t newest_ns = 0;
  int64_t oldest_ns = 0;
};

// refs: 1..kRefChunkRowsMax, in order, distinct, all in the bucket.
void encode_ref_chunk(uint16_t bucket, std::span<const TrailRef> refs, std::string* out);
// The same bytes from ranks.
void encode_ref_chunk(uint16_t bucket, std::span<const RankedRef> refs, RankSet* ranks,
                      std::string* out);
bool decode_ref_chunk(uint16_t bucket, std::string_view bytes, std::vector<TrailRef>* refs);
bool read_ref_chunk_header(uint16_t bucket, std::string_view bytes, RefChunkHeader* header);

// References of one entity out of several chunks: in order, each once.
void merge_refs(std::vector<TrailRef>* refs);

}  // namespace satindex::store
