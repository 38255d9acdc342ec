// Random rows and symbols for the codec tests. The seed is printed by the tests and replayed with SATINDEX_SEED.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "indexer/store/coded_row.h"
#include "indexer/store/keys.h"
#include "tests/support/seed.h"

namespace satindex::store::testing {

inline uint64_t test_seed() { return satindex::testing::seed(); }

struct RowMaker {
  explicit RowMaker(uint64_t seed) : rng(seed) {}
  std::mt19937_64 rng;
  LiteralTable literals;

  uint64_t below(uint64_t n) { return rng() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }

  uint32_t symbol(SymbolClass c, uint64_t distinct) {
    if (!one_in(40)) return static_cast<uint32_t>(1 + below(distinct));
    std::string bytes;
    switch (c) {
      case SymbolClass::kUser:
        serialise_user({{rng()}}, "ROLE" + std::to_string(below(9)), &bytes);
        break;
      case SymbolClass::kService:
        serialise_service(std::to_string(below(20)), one_in(2) ? -1 : 4, &bytes);
        break;
      default:
        serialise_pair(one_in(3) ? "" : "A" + std::to_string(below(9)), one_in(3) ? "" : "B",
                       &bytes);
    }
    return literals.add(c, bytes);
  }

  CodedRow row(const uint64_t device, bool device_rows, uint16_t bucket, int64_t unit) {
    CodedRow r;
    const int64_t span = int64_t{1} << (one_in(2) ? kBucketBits : 36);
    const int64_t start = (bucket_start(bucket) + unit - 1) / unit * unit;
    r.time_ns = start + static_cast<int64_t>(below(static_cast<uint64_t>(span))) / unit * unit;
    if (bucket_of(r.time_ns) != bucket) r.time_ns = start;
    if (one_in(3)) r.time_ns = start + static_cast<int64_t>(below(4)) * unit;  // equal times
    r.decimals = static_cast<uint8_t>(one_in(5) ? below(10) : 3);
    r.flags = device_rows ? kRowHasDevice : 0;
    r.device = device_rows ? device : 0;
    r.symbol[0] = symbol(SymbolClass::kUser, 4);
    r.symbol[1] = symbol(SymbolClass::kService, 30);
    r.symbol[2] = symbol(SymbolClass::kDevice, 2);
    r.symbol[3] = symbol(SymbolClass::kOutcome, 5);
    if (!one_in(6)) {
      r.flags |= kRowHasRequest;
      r.counter = one_in(8) ? rng() : one_in(4) ? below(3) : 1'000'000 + below(5000);
      if (one_in(8)) {
        r.originator = rng();
      } else {
        r.flags |= kRowOriginatorIsUser;
      }
      if (!device_rows || one_in(8)) {
        r.target = one_in(2) ? rng() : 0x90B3D51F30000002;
      } else {
        r.flags |= kRowTargetIsDevice;
      }
    }
    if (!one_in(5)) {
      r.flags |= kRowHasFingerprint;
      r.fingerprint = static_cast<uint16_t>(rng());
    }
    return r;
  }

  std::vector<CodedRow> rows(size_t n, uint64_t device, bool device_rows, uint16_t bucket) {
    const int64_t units[] = {1, 1000, 1'000'000, 1'000'000'000};
    const int64_t unit = units[below(4)];
    std::vector<CodedRow> out;
    for (size_t i = 0; i < n; ++i) {
      if (!out.empty() && one_in(2)) {  // another event of the same transaction
        CodedRow r = out[below(out.size())];
        r.time_ns -=
            std::min(r.time_ns - bucket_start(bucket), static_cast<int64_t>(below(50)) * unit);
        r.symbol[3] = symbol(SymbolClass::kOutcome, 5);
        out.push_back(r);
      } else {
        out.push_back(row(device, device_rows, bucket, unit));
      }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.time_ns > b.time_ns; });
    return out;
  }
};

// The row as text, symbols by their bytes, so that rows with different literal tables compare.
inline std::string describe(const CodedRow& r, const LiteralTable& literals) {
  std::string s = std::to_string(r.time_ns) + "|" + std::to_string(r.decimals) + "|" +
                  std::to_string(r.device) + "|" + std::to_string(r.originator) + "|" +
                  std::to_string(r.target) + "|" + std::to_string(r.counter) + "|" +
                  std::to_string(r.fingerprint) + "|" + std::to_string(r.flags);
  for (const uint32_t c : r.symbol)
    s += "|" + ((c & kLiteralBit) ? literals.at(c).bytes : std::to_string(c));
  return s;
}

}  // namespace satindex::store::testing
