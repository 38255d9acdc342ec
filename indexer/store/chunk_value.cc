#include "indexer/store/chunk_value.h"

#include <algorithm>

#include "indexer/store/bits.h"
#include "indexer/store/ref_chunk.h"
#include "schemas/limits.h"

namespace satindex::store {
namespace {

constexpr char kFramed = 1;

// The packed rows of one value: sorts, drops copies, cuts into chunks.
void pack_rows(const ChunkContext& context, std::vector<CodedRow>* rows,
               const LiteralTable& literals, std::vector<std::string>* packed) {
  merge_rows(rows, literals);
  for (size_t i = 0; i < rows->size(); i += schemas::limits::kChunkRowsMax) {
    const size_t n = std::min<size_t>(schemas::limits::kChunkRowsMax, rows->size() - i);
    encode_row_chunk(context, {rows->data() + i, n}, literals, &packed->emplace_back());
  }
}

void pack_refs(uint16_t bucket, std::vector<TrailRef>* refs, std::vector<std::string>* packed) {
  merge_refs(refs);
  for (size_t i = 0; i < refs->size(); i += schemas::limits::kRefChunkRowsMax) {
    const size_t n = std::min<size_t>(schemas::limits::kRefChunkRowsMax, refs->size() - i);
    encode_ref_chunk(bucket, {refs->data() + i, n}, &packed->emplace_back());
  }
}

bool split_all(std::span<const std::string_view> values, std::vector<std::string_view>* chunks) {
  return std::all_of(values.begin(), values.end(),
                     [&](std::string_view v) { return split_value(v, chunks); });
}

}  // namespace

bool split_value(std::string_view value, std::vector<std::string_view>* chunks) {
  while (!value.empty() && value.front() == kFramed) {
    value.remove_prefix(1);
    uint64_t n = 0;
    if (!get_varint(&value, &n) || n == 0 || n >= value.size()) return false;
    chunks->push_back(value.substr(0, n));
    value.remove_prefix(n);
  }
  if (value.empty()) return false;
  chunks->push_back(value);
  return true;
}

void join_value(std::span<const std::string_view> chunks, std::string* out) {
  for (size_t i = 0; i + 1 < chunks.size(); ++i) {
    out->push_back(kFramed);
    put_varint(chunks[i].size(), out);
    out->append(chunks[i]);
  }
  if (!chunks.empty()) out->append(chunks.back());
}

bool concat_values(std::span<const std::string_view> values, std::string* out) {
  std::vector<std::string_view> chunks;
  if (!split_all(values, &chunks)) return false;
  join_value(chunks, out);
  return true;
}

bool pack_values(ChunkKind kind, const TrailKey& key, std::span<const std::string_view> values,
                 std::string* out) {
  std::vector<std::string_view> chunks;
  if (!split_all(values, &chunks)) return false;
  const ChunkContext context = context_of(kind, key);
  std::vector<std::string_view> kept;  // large already
  std::vector<std::string> packed;
  std::vector<CodedRow> rows;
  std::vector<TrailRef> refs;
  LiteralTable literals;
  for (const std::string_view c : chunks) {
    bool good = true;
    if (kind == ChunkKind::kRefs) {
      RefChunkHeader h;
      good = read_ref_chunk_header(key.bucket, c, &h);
      if (good && h.rows > schemas::limits::kRefChunkRowsMax / 2) {
        kept.push_back(c);
      } else {
        good = good && decode_ref_chunk(key.bucket, c, &refs);
      }
    } else {
      BitReader peek(c);
      peek.get(2);
      if (peek.gamma() > schemas::limits::kChunkRowsMax / 2) {
        kept.push_back(c);
      } else {
        good = decode_row_chunk(context, c, &rows, &literals);
      }
    }
    if (!good) return false;
  }
  if (!rows.empty()) pack_rows(context, &rows, literals, &packed);
  if (!refs.empty()) pack_refs(key.bucket, &refs, &packed);
  for (const std::string& p : packed) kept.push_back(p);
  join_value(kept, out);
  return true;
}

}  // namespace satindex::store
