// One record of the journal as bytes: length, checksum, sequence, group, then key, value and
// headers. Pure functions. A frame is told from anything else by its checksum alone; its magic
// holds a byte that no UTF-8 text has, so that a record's content cannot pass for a frame when a
// damaged file is searched for the next one.
//
// On disk, little endian; never renumber:
//   0 u32 magic | 4 u32 bytes of the body | 8 u64 XXH3 of 16.., seeded by 0..7
//   16 u64 sequence | 24 u64 group: the sequence of the first record written with it | 32 body
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "indexer/ingest/record_sink.h"

namespace satindex::ingest {

inline constexpr size_t kFrameHeadBytes = 32;
// What a reader believes at most; a writer stays well below.
inline constexpr size_t kFrameBytesMax = size_t{16} << 20;
inline constexpr uint32_t kFrameMagic = 0x31FF4A53;  // "SJ", 0xFF, "1"

size_t frame_bytes(const SinkRecord& record);
// A frame that lacks sequence, group and checksum: seal_frame sets them once they are known.
std::string open_frame(const SinkRecord& record);
void seal_frame(std::string& frame, uint64_t sequence, uint64_t group);

struct Frame {
  uint64_t sequence = 0;
  uint64_t group = 0;
  size_t bytes = 0;  // of the whole frame; when kShort, how many are needed to say more
  std::string_view body;
};
enum class FrameLook : uint8_t {
  kWhole,
  kShort,    // what is there may be the beginning of a frame
  kDamaged,  // it is not
};
FrameLook look_at_frame(std::string_view bytes, Frame& out);
// Nothing: not a body that open_frame makes.
std::optional<SinkRecord> read_frame_body(std::string_view body);

}  // namespace satindex::ingest
