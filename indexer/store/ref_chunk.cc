#include "indexer/store/ref_chunk.h"

#include <algorithm>
#include <array>

#include "indexer/store/bits.h"
#include "indexer/store/chunk_time.h"
#include "schemas/limits.h"
#include "schemas/status.h"

// On disk, version 0: never renumber. In stream order:
//   version:2=0  gamma(refs)  unit:2  first time  [refs>1: rice parameter:6, sized(span in units)]
//   devices:2 (none, all, mixed)
//   [any device: low bits:6, gamma(prefixes), first prefix:64-low, sized(largest step) and steps at its width]
//   refs: time delta; [mixed: present:1]; prefix index, low bits
// A device id is a prefix out of a table and low bits: makers number their devices in runs, so a few prefixes cover all.
namespace satindex::store {
namespace {

using schemas::limits::kRefChunkRowsMax;

enum DeviceMode : uint32_t { kNone = 0, kAll = 1, kMixed = 2 };
constexpr std::array<uint32_t, 11> kLowBits = {8, 12, 16, 18, 20, 22, 24, 28, 32, 40, 56};

uint32_t width_of(uint64_t v) { return v == 0 ? 0 : 64 - std::countl_zero(v); }

struct Prefixes {
  uint32_t low = 0;
  uint32_t n = 0;
  std::array<uint64_t, kRefChunkRowsMax> values;  // ascending
  uint32_t step_bits = 0;
  uint64_t cost = ~uint64_t{0};  // bits, refs included

  // `devices` sorted, distinct or not.
  void survey(const std::array<uint64_t, kRefChunkRowsMax>& devices, uint32_t count, uint32_t low_bits) {
    low = low_bits;
    n = 0;
    uint64_t step = 0;
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t p = devices[i] >> low;
      if (n > 0 && values[n - 1] == p) continue;
      if (n > 0) step = std::max(step, p - values[n - 1]);
      values[n++] = p;
    }
    step_bits = width_of(step);
    cost = (64 - low) + uint64_t{n} * step_bits + uint64_t{count} * (index_bits(n) + low);
  }
  uint32_t index(uint64_t device) const {
    return static_cast<uint32_t>(std::lower_bound(values.begin(), values.begin() + n, device >> low) - values.begin());
  }
};

Prefixes choose_prefixes(std::span<const TrailRef> refs, uint32_t with_device) {
  std::array<uint64_t, kRefChunkRowsMax> devices;
  uint32_t n = 0;
  for (const TrailRef& r : refs) {
    if (r.has_device) devices[n++] = r.device;
  }
  std::sort(devices.begin(), devices.begin() + n);
  Prefixes best;
  Prefixes candidate;
  for (const uint32_t low : kLowBits) {
    candidate.survey(devices, with_device, low);
    if (candidate.cost < best.cost) best = candidate;
  }
  return best;
}

}  // namespace

void encode_ref_chunk(uint16_t bucket, std::span<const TrailRef> refs, std::string* out) {
  SATINDEX_INVARIANT(!refs.empty() && refs.size() <= kRefChunkRowsMax, "a reference chunk has 1 to kRefChunkRowsMax refs");
  BitWriter w(out);
  const uint32_t n = static_cast<uint32_t>(refs.size());
  const uint32_t unit = common_unit(refs);
  const int64_t u = kTimeUnits[unit].ns;
  const uint64_t span = static_cast<uint64_t>(refs[0].time_ns / u - refs[n - 1].time_ns / u);
  const uint32_t k = rice_parameter(span, n - 1);
  w.put(0, 2);
  w.gamma(n);
  w.put(unit, 2);
  put_first_time(refs[0].time_ns, bucket, unit, &w);
  if (n > 1) {
    w.put(k, 6);
    w.sized(span);
  }
  const auto with_device =
      static_cast<uint32_t>(std::count_if(refs.begin(), refs.end(), [](const TrailRef& r) { return r.has_device; }));
  const DeviceMode mode = with_device == 0 ? kNone : with_device == n ? kAll : kMixed;
  w.put(mode, 2);
  Prefixes p;
  if (mode != kNone) {
    p = choose_prefixes(refs, with_device);
    w.put(p.low, 6);
    w.gamma(p.n);
    w.put(p.values[0], 64 - p.low);
    if (p.n > 1) w.put(p.step_bits, 6);
    for (uint32_t i = 1; i < p.n; ++i) w.put(p.values[i] - p.values[i - 1], p.step_bits);
  }
  for (uint32_t i = 0; i < n; ++i) {
    if (i > 0) w.rice(static_cast<uint64_t>(refs[i - 1].time_ns / u - refs[i].time_ns / u), k);
    if (mode == kMixed) w.put(refs[i].has_device ? 1 : 0, 1);
    if (!refs[i].has_device) continue;
    w.put(p.index(refs[i].device), index_bits(p.n));
    w.put(refs[i].device & ((uint64_t{1} << p.low) - 1), p.low);
  }
  w.finish();
}

namespace {

struct Head {
  uint32_t n = 0, unit = 0, k = 0;
  int64_t newest = 0, oldest = 0;

  bool read(uint16_t bucket, BitReader* r) {
    if (r->get(2) != 0) return false;
    const uint64_t count = r->gamma();
    if (!r->ok() || count > kRefChunkRowsMax) return false;
    n = static_cast<uint32_t>(count);
    unit = static_cast<uint32_t>(r->get(2));
    newest = oldest = get_first_time(bucket, unit, r);
    if (n > 1) {
      k = static_cast<uint32_t>(r->get(6));
      oldest = static_cast<int64_t>(static_cast<uint64_t>(newest) - r->sized() * static_cast<uint64_t>(kTimeUnits[unit].ns));
    }
    return r->ok() && k <= 50;
  }
};

}  // namespace

bool decode_ref_chunk(uint16_t bucket, std::string_view bytes, std::vector<TrailRef>* refs) {
  BitReader r(bytes);
  Head h;
  if (!h.read(bucket, &r)) return false;
  const uint32_t mode = static_cast<uint32_t>(r.get(2));
  if (mode > kMixed) return false;
  std::array<uint64_t, kRefChunkRowsMax> prefixes;
  uint32_t prefixes_n = 0;
  uint32_t low = 0;
  if (mode != kNone) {
    low = static_cast<uint32_t>(r.get(6));
    const uint64_t count = r.gamma();
    if (!r.ok() || low == 0 || count > h.n) return false;
    prefixes_n = static_cast<uint32_t>(count);
    prefixes[0] = r.get(64 - low);
    const uint32_t step_bits = prefixes_n > 1 ? static_cast<uint32_t>(r.get(6)) : 0;
    for (uint32_t i = 1; i < prefixes_n; ++i) prefixes[i] = prefixes[i - 1] + r.get(step_bits);
  }
  const size_t first = refs->size();
  refs->resize(first + h.n);
  uint64_t time = static_cast<uint64_t>(h.newest);
  bool good = true;
  for (uint32_t i = 0; i < h.n && good; ++i) {
    TrailRef& ref = (*refs)[first + i];
    if (i > 0) time -= r.rice(h.k) * static_cast<uint64_t>(kTimeUnits[h.unit].ns);
    ref.time_ns = static_cast<int64_t>(time);
    ref.has_device = mode == kAll || (mode == kMixed && r.get(1) != 0);
    if (ref.has_device) {
      const uint64_t p = r.get(index_bits(prefixes_n));
      good = p < prefixes_n;
      ref.device = good ? (prefixes[p] << low) | r.get(low) : 0;
    }
    good = good && r.ok();
  }
  if (!good) refs->resize(first);
  return good;
}

bool read_ref_chunk_header(uint16_t bucket, std::string_view bytes, RefChunkHeader* header) {
  BitReader r(bytes);
  Head h;
  if (!h.read(bucket, &r)) return false;
  *header = {h.n, h.newest, h.oldest};
  return true;
}

}  // namespace satindex::store
