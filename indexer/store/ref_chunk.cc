#include "indexer/store/ref_chunk.h"

#include <algorithm>
#include <array>
#include <bit>

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

// Each device once, found by its hash, and only those are sorted: a search for every reference's
// device, or a sort of all references, costs more than the rest of the chunk.
void code_devices(std::span<const TrailRef> refs, CodedDevices* out) {
  constexpr uint32_t kSlots = 2 * kRefChunkRowsMax;
  static_assert(std::has_single_bit(kSlots));
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  struct Found {
    uint64_t device;
    uint16_t number;  // in the order of the references
  };
  std::array<Found, kRefChunkRowsMax> found;
  std::array<uint16_t, kSlots> slots{};  // number + 1; 0: free
  uint16_t count = 0;
  for (size_t i = 0; i < refs.size(); ++i) {
    if (!refs[i].has_device) continue;
    const uint64_t device = refs[i].device;
    auto slot = static_cast<uint32_t>(device * kMultiplier >> (64 - std::bit_width(kSlots - 1)));
    while (slots[slot] != 0 && found[slots[slot] - 1u].device != device)
      slot = (slot + 1) & (kSlots - 1);
    if (slots[slot] == 0) {
      found[count] = {device, count};
      slots[slot] = ++count;
    }
    out->code[i] = static_cast<uint16_t>(slots[slot] - 1);
  }
  std::sort(found.begin(), found.begin() + count,
            [](const Found& a, const Found& b) { return a.device < b.device; });
  std::array<uint16_t, kRefChunkRowsMax> rank;  // by number
  out->distinct.resize(count);
  for (uint16_t i = 0; i < count; ++i) {
    out->distinct[i] = found[i].device;
    rank[found[i].number] = i;
  }
  for (size_t i = 0; i < refs.size(); ++i) {
    if (refs[i].has_device) out->code[i] = rank[out->code[i]];
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

bool has_device(const TrailRef& r) { return r.has_device; }
bool has_device(const RankedRef& r) { return r.rank != RankedRef::kNoDevice; }

// code(&coded): fills it for these refs.
template <class Ref, class Code>
void encode(uint16_t bucket, std::span<const Ref> refs, const Code& code, std::string* out) {
  SATINDEX_INVARIANT(!refs.empty() && refs.size() <= kRefChunkRowsMax,
                     "a reference chunk has 1 to kRefChunkRowsMax refs");
  BitWriter w(out);
  const uint32_t n = static_cast<uint32_t>(refs.size());
  const uint32_t unit = common_unit(refs);
  const auto span = static_cast<uint64_t>(in_units(refs[0].time_ns - refs[n - 1].time_ns, unit));
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
      std::count_if(refs.begin(), refs.end(), [](const Ref& r) { return has_device(r); }));
  const DeviceMode mode = with_device == 0 ? kNone : with_device == n ? kAll : kMixed;
  w.put(mode, 2);
  CodedDevices coded;
  code(&coded);
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
    if (i > 0)
      w.rice(static_cast<uint64_t>(in_units(refs[i - 1].time_ns - refs[i].time_ns, unit)), k);
    if (mode == kMixed) w.put(has_device(refs[i]) ? 1 : 0, 1);
    if (!has_device(refs[i])) continue;
    w.put(coded.code[i], bits);
  }
  w.finish();
}

}  // namespace

void encode_ref_chunk(uint16_t bucket, std::span<const TrailRef> refs, std::string* out) {
  encode(
      bucket, refs, [refs](CodedDevices* coded) { code_devices(refs, coded); }, out);
}

RankSet::RankSet(std::span<const uint64_t> devices)
    : devices_(devices), bits_(devices.size() / 64 + 1), before_(bits_.size()) {}

void encode_ref_chunk(uint16_t bucket, std::span<const RankedRef> refs, RankSet* ranks,
                      std::string* out) {
  const auto code = [refs, ranks](CodedDevices* coded) {
    std::vector<uint64_t>& bits = ranks->bits_;
    size_t low = bits.size();
    size_t high = 0;
    coded->distinct.reserve(refs.size());
    for (const RankedRef& r : refs) {
      if (!has_device(r)) continue;
      const size_t word = r.rank / 64;
      bits[word] |= uint64_t{1} << r.rank % 64;
      low = std::min(low, word);
      high = std::max(high, word);
    }
    for (size_t word = low; word <= high; ++word) {
      ranks->before_[word] = static_cast<uint16_t>(coded->distinct.size());
      for (uint64_t left = bits[word]; left != 0; left &= left - 1)
        coded->distinct.push_back(
            ranks->devices_[word * 64 + static_cast<size_t>(std::countr_zero(left))]);
    }
    for (size_t i = 0; i < refs.size(); ++i) {
      if (!has_device(refs[i])) continue;
      const size_t word = refs[i].rank / 64;
      const uint64_t below = (uint64_t{1} << refs[i].rank % 64) - 1;
      coded->code[i] =
          static_cast<uint16_t>(ranks->before_[word] + std::popcount(bits[word] & below));
    }
    if (low <= high)
      std::fill(bits.begin() + static_cast<ptrdiff_t>(low),
                bits.begin() + static_cast<ptrdiff_t>(high) + 1, 0);
  };
  encode(bucket, refs, code, out);
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
