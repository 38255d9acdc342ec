// The row chunk: up to kChunkRowsMax events of one entity and bucket, column-coded into a bit stream (docs/decisions/0003).
// Rows go newest first; the order of equal times is not kept. Pure functions, no RocksDB; decode survives any bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/store/coded_row.h"
#include "schemas/status.h"

namespace satindex::store {

// Which trail a chunk belongs to: what its key says and its bytes need not repeat.
struct ChunkContext {
  uint16_t bucket = 0;
  bool device_rows = true;  // false: rows without a device, of one User
  uint64_t device = 0;
};

// What a reader learns without decoding rows.
struct RowChunkHeader {
  uint32_t rows = 0;
  int64_t newest_ns = 0;
  int64_t oldest_ns = 0;
  // Symbol codes present; kNoCode stands for a symbol written out.
  std::vector<uint32_t> users;
  std::vector<uint32_t> outcomes;
};

// Appends one chunk. rows: 1..kChunkRowsMax, newest first, all in the context's bucket.
void encode_row_chunk(const ChunkContext& context, std::span<const CodedRow> rows,
                      const LiteralTable& literals, std::string* out);
// Appends the rows, newest first; symbols written out go to `literals`. Rows older than `not_before` may be left out: a
// look-up of one moment need not decode what lies behind it. False: the bytes are no chunk.
bool decode_row_chunk(const ChunkContext& context, std::string_view bytes,
                      std::vector<CodedRow>* rows, LiteralTable* literals,
                      int64_t not_before = INT64_MIN);
bool read_row_chunk_header(const ChunkContext& context, std::string_view bytes,
                           RowChunkHeader* header);

}  // namespace satindex::store
