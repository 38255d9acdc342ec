#include "indexer/store/ref_chunk.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "indexer/store/bits.h"
#include "indexer/store/chunk_time.h"
#include "schemas/limits.h"
#include "schemas/status.h"

// On disk, version 0: never renumber. In stream order:
//   version:2=0  gamma(refs)  unit:2  first time  [refs>1: rice parameter:6, sized(span in units)]
//   devices:2 (none, all, mixed)
//   [any device: gamma(distinct devices), first:64, [more than one: rice parameter:6, rice(step - 1) each]]
//   refs: time delta; [mixed: present:1]; index of the device
// The devices of a chunk are written once, ascending, as steps: a transaction names its device three times, and the order
// of the references costs no more than an index into the table. No numbering of devices is kept anywhere for it.
namespace satindex::store {
namespace {

using schemas::limits::kRefChunkRowsMax;

enum DeviceMode : uint32_t { kNone = 0, kAll = 1, kMixed = 2 };

struct CodedDevices {
  std::vector<uint64_t> distinct;  // ascending
  std::array<uint16_t, kRefChunkRowsMax>
      code;  // by reference: the place of its device in `distinct`
};

constexpr uint32_t kPlaceBits = 10;  // of a reference in its chunk
static_assert(kRefChunkRowsMax <= 1u << kPlaceBits);
// From here on counting digits beats comparing (BM_RefChunkEncode).
constexpr size_t kRadixFrom = 200;

void sort_packed(uint64_t* keys, size_t n, uint32_t bits) {
  if (n < kRadixFrom) return std::sort(keys, keys + n);
  constexpr uint32_t kDigitBits = 8;
  std::array<uint64_t, kRefChunkRowsMax> swap;
  uint64_t* from = keys;
  uint64_t* to = swap.data();
  // The places ascend already, and the sort is stable: they need no pass.
  for (uint32_t shift = kPlaceBits; shift < kPlaceBits + bits; shift += kDigitBits) {
    std::array<uint16_t, 1u << kDigitBits> at{};
    for (size_t i = 0; i < n; ++i) ++at[(from[i] >> shift) & (at.size() - 1)];
    uint16_t sum = 0;
    for (uint16_t& a : at) sum = static_cast<uint16_t>(sum + std::exchange(a, sum));
    for (size_t i = 0; i < n; ++i) to[at[(from[i] >> shift) & (at.size() - 1)]++] = from[i];
    std::swap(from, to);
  }
  if (from != keys) std::copy(from, from + n, keys);
}

// Sorted once, each with its place: a search for every reference's device costs more than the rest
// of the chunk. Ids of one chunk differ in few of their bits, and those, drawn together, leave room
// for the place.
void code_devices(std::span<const TrailRef> refs, CodedDevices* out) {
  uint64_t all_or = 0;
  uint64_t all_and = ~uint64_t{0};
  for (const TrailRef& r : refs) {
    if (!r.has_device) continue;
    all_or |= r.device;
    all_and &= r.device;
  }
  const uint64_t differing = all_or & ~all_and;
  const auto bits = static_cast<uint32_t>(std::popcount(differing));
  std::array<uint64_t, kRefChunkRowsMax> keys;
  size_t n = 0;
  if (bits + kPlaceBits <= 64) {
    for (size_t i = 0; i < refs.size(); ++i) {
      if (refs[i].has_device) keys[n++] = _pext_u64(refs[i].device, differing) << kPlaceBits | i;
    }
    sort_packed(keys.data(), n, bits);
  } else {
    std::array<std::pair<uint64_t, uint16_t>, kRefChunkRowsMax> wide;
    for (size_t i = 0; i < refs.size(); ++i) {
      if (refs[i].has_device) wide[n++] = {refs[i].device, static_cast<uint16_t>(i)};
    }
    std::sort(wide.begin(), wide.begin() + static_cast<ptrdiff_t>(n));
    for (size_t i = 0; i < n; ++i) keys[i] = wide[i].second;
  }
  out->distinct.clear();
  out->distinct.reserve(n);
  for (size_t i = 0; i < n; ++i) {
    const size_t place = keys[i] & ((1u << kPlaceBits) - 1);
    const uint64_t device = refs[place].device;
    if (out->distinct.empty() || out->distinct.back() != device) out->distinct.push_back(device);
    out->code[place] = static_cast<uint16_t>(out->distinct.size() - 1);
  }
}

// The parameter with the least bits: a few large steps between makers must not decide it, as they would the mean.
uint32_t step_parameter(const std::vector<uint64_t>& devices) {
  std::vector<uint64_t> steps;
  for (size_t i = 1; i < devices.size(); ++i) steps.push_back(devices[i] - devices[i - 1] - 1);
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return rice_parameter(*middle, 1);
}

}  // namespace

void encode_ref_chunk(uint16_t bucket, std::span<const TrailRef> refs, std::string* out) {
  SATINDEX_INVARIANT(!refs.empty() && refs.size() <= kRefChunkRowsMax,
                     "a reference chunk has 1 to kRefChunkRowsMax refs");
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
  const auto with_device = static_cast<uint32_t>(
      std::count_if(refs.begin(), refs.end(), [](const TrailRef& r) { return r.has_device; }));
  const DeviceMode mode = with_device == 0 ? kNone : with_device == n ? kAll : kMixed;
  w.put(mode, 2);
  CodedDevices coded;
  code_devices(refs, &coded);
  const std::vector<uint64_t>& devices = coded.distinct;
  if (mode != kNone) {
    w.gamma(devices.size());
    w.put(devices[0], 64);
    const uint32_t step_k = step_parameter(devices);
    if (devices.size() > 1) w.put(step_k, 6);
    for (size_t i = 1; i < devices.size(); ++i) w.rice(devices[i] - devices[i - 1] - 1, step_k);
  }
  const uint32_t bits = index_bits(static_cast<uint32_t>(devices.size()));
  for (uint32_t i = 0; i < n; ++i) {
    if (i > 0) w.rice(static_cast<uint64_t>(refs[i - 1].time_ns / u - refs[i].time_ns / u), k);
    if (mode == kMixed) w.put(refs[i].has_device ? 1 : 0, 1);
    if (!refs[i].has_device) continue;
    w.put(coded.code[i], bits);
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
      oldest = static_cast<int64_t>(static_cast<uint64_t>(newest) -
                                    r->sized() * static_cast<uint64_t>(kTimeUnits[unit].ns));
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
  std::array<uint64_t, kRefChunkRowsMax> devices;
  uint32_t devices_n = 0;
  if (mode != kNone) {
    const uint64_t count = r.gamma();
    if (!r.ok() || count > h.n) return false;
    devices_n = static_cast<uint32_t>(count);
    devices[0] = r.get(64);
    const uint32_t step_k = devices_n > 1 ? static_cast<uint32_t>(r.get(6)) : 0;
    if (step_k > 50) return false;
    for (uint32_t i = 1; i < devices_n; ++i) devices[i] = devices[i - 1] + r.rice(step_k) + 1;
  }
  const uint32_t bits = index_bits(devices_n);
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
      const uint64_t d = r.get(bits);
      good = d < devices_n;
      ref.device = good ? devices[d] : 0;
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

void merge_refs(std::vector<TrailRef>* refs) {
  std::sort(refs->begin(), refs->end());
  refs->erase(std::unique(refs->begin(), refs->end()), refs->end());
}

}  // namespace satindex::store
