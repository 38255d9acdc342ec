// The value of a trail key: one or more chunks one after the other, and how several values of one key become one (the
// compaction's merge). Small chunks are joined and packed anew, large ones are left alone. Pure functions.
//
// Framing: a chunk begins with two zero bits (its version). A byte 0x01 instead announces a length (LEB128) and a chunk of
// that length with more behind it; the last chunk of a value runs to its end.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/keys.h"
#include "indexer/store/row_chunk.h"

namespace satindex::store {

// What a table's chunks are made of.
enum class ChunkKind : uint8_t { kDeviceRows, kLooseRows, kRefs };

inline ChunkContext context_of(ChunkKind kind, const TrailKey& key) {
  return {key.bucket, kind == ChunkKind::kDeviceRows,
          kind == ChunkKind::kDeviceRows ? key.entity : 0};
}

// Splits a value into its chunks. False when the framing is broken.
bool split_value(std::string_view value, std::vector<std::string_view>* chunks);
// Joins chunks (each without framing) into one value.
void join_value(std::span<const std::string_view> chunks, std::string* out);
// One value out of several of the same key, oldest first, without looking inside the chunks: quick, for readers.
bool concat_values(std::span<const std::string_view> values, std::string* out);
// The same rows and references in fewer, larger chunks, redeliveries dropped: for compaction. False: broken bytes.
bool pack_values(ChunkKind kind, const TrailKey& key, std::span<const std::string_view> values,
                 std::string* out);

}  // namespace satindex::store
