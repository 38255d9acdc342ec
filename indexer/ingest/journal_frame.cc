#include "indexer/ingest/journal_frame.h"

#include <xxhash.h>

#include <bit>
#include <cstring>

namespace satindex::ingest {

static_assert(std::endian::native == std::endian::little, "frames are written as they lie");

namespace {

template <class Number>
void put(Number n, std::string& out) {
  out.append(reinterpret_cast<const char*>(&n), sizeof(n));
}
template <class Number>
Number get(std::string_view bytes, size_t at) {
  Number n;
  std::memcpy(&n, bytes.data() + at, sizeof(n));
  return n;
}

void put_text(std::string_view text, std::string& out) {
  put(static_cast<uint32_t>(text.size()), out);
  out += text;
}
void put_optional(const std::optional<std::string>& text, std::string& out) {
  out += text ? '\1' : '\0';
  if (text) put_text(*text, out);
}

size_t optional_bytes(const std::optional<std::string>& text) {
  return 1 + (text ? sizeof(uint32_t) + text->size() : 0);
}

uint64_t checksum(std::string_view frame) {
  return XXH3_64bits_withSeed(frame.data() + 16, frame.size() - 16, get<uint64_t>(frame, 0));
}

// Takes from the front; nothing when there is not enough.
class Body {
 public:
  explicit Body(std::string_view rest) : rest_(rest) {}
  std::optional<uint32_t> number() {
    if (rest_.size() < sizeof(uint32_t)) return std::nullopt;
    const auto n = get<uint32_t>(rest_, 0);
    rest_.remove_prefix(sizeof(uint32_t));
    return n;
  }
  bool text(std::string& out) {
    const auto size = number();
    if (!size || rest_.size() < *size) return false;
    out.assign(rest_.substr(0, *size));
    rest_.remove_prefix(*size);
    return true;
  }
  bool optional(std::optional<std::string>& out) {
    if (rest_.empty()) return false;
    const char there = rest_.front();
    rest_.remove_prefix(1);
    if (there == '\0') return true;
    return there == '\1' && text(out.emplace());
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

size_t frame_bytes(const SinkRecord& record) {
  size_t bytes = kFrameHeadBytes + 2 * sizeof(uint32_t) + record.key.size();
  bytes += optional_bytes(record.value);
  for (const auto& [name, value] : record.headers)
    bytes += sizeof(uint32_t) + name.size() + optional_bytes(value);
  return bytes;
}

std::string open_frame(const SinkRecord& record) {
  const size_t bytes = frame_bytes(record);
  std::string out;
  out.reserve(bytes);
  put(kFrameMagic, out);
  put(static_cast<uint32_t>(bytes - kFrameHeadBytes), out);
  out.append(kFrameHeadBytes - out.size(), '\0');
  put_text(record.key, out);
  put_optional(record.value, out);
  put(static_cast<uint32_t>(record.headers.size()), out);
  for (const auto& [name, value] : record.headers) {
    put_text(name, out);
    put_optional(value, out);
  }
  return out;
}

void seal_frame(std::string& frame, uint64_t sequence, uint64_t group) {
  std::memcpy(frame.data() + 16, &sequence, sizeof(sequence));
  std::memcpy(frame.data() + 24, &group, sizeof(group));
  const uint64_t sum = checksum(frame);
  std::memcpy(frame.data() + 8, &sum, sizeof(sum));
}

FrameLook look_at_frame(std::string_view bytes, Frame& out) {
  out.bytes = kFrameHeadBytes;
  if (bytes.size() < kFrameHeadBytes) return FrameLook::kShort;
  if (get<uint32_t>(bytes, 0) != kFrameMagic) return FrameLook::kDamaged;
  const size_t size = kFrameHeadBytes + get<uint32_t>(bytes, 4);
  if (size > kFrameBytesMax) return FrameLook::kDamaged;
  out.bytes = size;
  if (bytes.size() < size) return FrameLook::kShort;
  const std::string_view frame = bytes.substr(0, size);
  if (checksum(frame) != get<uint64_t>(frame, 8)) return FrameLook::kDamaged;
  out.sequence = get<uint64_t>(frame, 16);
  out.group = get<uint64_t>(frame, 24);
  out.body = frame.substr(kFrameHeadBytes);
  return FrameLook::kWhole;
}

std::optional<SinkRecord> read_frame_body(std::string_view bytes) {
  Body body(bytes);
  SinkRecord record;
  if (!body.text(record.key) || !body.optional(record.value)) return std::nullopt;
  const auto headers = body.number();
  if (!headers) return std::nullopt;
  for (uint32_t i = 0; i < *headers; ++i) {
    auto& [name, value] = record.headers.emplace_back();
    if (!body.text(name) || !body.optional(value)) return std::nullopt;
  }
  if (!body.empty()) return std::nullopt;
  return record;
}

}  // namespace satindex::ingest
