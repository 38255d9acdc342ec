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
//   [any device: gamma(distinct devices), first:64, [more than one: rice parameter:6, rice(step - 1) each]]
//   refs: time delta; [mixed: present:1]; index of the device
// The devices of a chunk are written once, ascending, as steps: a transaction names its device three times, and the order
// of the references costs no more than an index into the table. No numbering of devices is kept anywhere for it.
namespace satindex::store {
namespace {

using schemas::limits::kRefChunkRowsMax;

enum DeviceMode : uint32_t { kNone = 0, kAll = 1, kMixed = 2 };

std::vector<uint64_t> distinct_devices(std::span<const TrailRef> refs) {
  std::vector<uint64_t> devices;
  devices.reserve(refs.size());
  for (const TrailRef& r : refs) {
    if (r.has_device) devices.push_back(r.device);
  }
  std::sort(devices.begin(), devices.end());
  devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
  return devices;
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
  const std::vector<uint64_t> devices = distinct_devices(refs);
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
    w.put(static_cast<uint64_t>(std::lower_bound(devices.begin(), devices.end(), refs[i].device) -
                                devices.begin()),
          bits);
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
