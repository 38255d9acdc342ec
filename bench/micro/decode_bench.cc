// What one record costs to decode: the usual shape (about 530 bytes, 160 of them payload), the same
// through the slow path, records the scanner gives up on, and a payload of 1 MB.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "schemas/decoder.h"

namespace satindex::schemas {
namespace {

constexpr size_t kRecords = 1024;  // more than a branch predictor learns by heart

std::string two_digits(size_t n) {
  return std::string{static_cast<char>('0' + n / 10 % 10), static_cast<char>('0' + n % 10)};
}

std::string event(size_t i, std::string_view payload, std::string_view space) {
  const std::string user = "90-B3-D5-1F-30-01-" + two_digits(i) + "-" + two_digits(i / 7);
  const std::string device = "00-DB-12-34-56-78-" + two_digits(i * 3) + "-" + two_digits(i * 5);
  const std::string colon = "\":" + std::string(space);
  const std::string comma = "," + std::string(space) + "\"";
  std::string text =
      "{\"eventId" + colon + "\"0f8fad5b-d9cb-469f-a165-7086772895" + two_digits(i) + "\"";
  text += comma + "timestamp" + colon + "\"2026-11-20T10:15:" + two_digits(i % 60) + ".123456Z\"";
  const bool response = i % 3 == 2;
  text += comma + "eventType" + colon + (response ? "\"SERVICE_RESPONSE\"" : "\"SERVICE_REQUEST\"");
  text += comma + "userId" + colon + "\"" + user + "\"";
  text += comma + "userRole" + colon + (i % 2 ? "\"IS\"" : "\"OU\"");
  text += comma + "deviceId" + colon + "\"" + device + "\"";
  text += comma + "requestId" + colon + "\"" + user + ":" + device + ":" +
          std::to_string(100000 + i * 7919) + "\"";
  text += comma + "serviceReferenceVariant" + colon + "\"4.8." + std::to_string(i % 3 + 1) + "\"";
  text += comma + "deviceType" + colon + "\"ESME\"" + comma + "smetsVersion" + colon + "\"SMETS2\"";
  if (response) text += comma + "responseCode" + colon + "\"I0\"";
  text += comma + "commandVariant" + colon + std::to_string(1 + i % 9);
  text += comma + "payload" + colon + std::string(payload) + "}";
  return text;
}

std::string object_payload(size_t bytes) {
  std::string text = "{\"body\":\"";
  text.append(bytes - 40, 'A');
  return text + "\",\"sequence\":[1,2,3],\"ok\":true}";
}

std::vector<std::string> events(std::string_view payload, std::string_view space) {
  std::vector<std::string> records;
  for (size_t i = 0; i < kRecords; ++i) records.push_back(event(i, payload, space));
  return records;
}

template <bool kSlow>
void decode_all(benchmark::State& state, const std::vector<std::string>& records) {
  EventDecoder decoder;
  SatEvent out;
  Unreadable reason{};
  size_t i = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    const std::string& record = records[i++ % records.size()];
    const bool good =
        kSlow ? decoder.decode_slow(record, &out, &reason) : decoder.decode(record, &out, &reason);
    if (!good) state.SkipWithError("unreadable");
    benchmark::DoNotOptimize(out);
    bytes += record.size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["record_bytes"] = static_cast<double>(bytes) / static_cast<double>(i);
}

void BM_DecodeUsual(benchmark::State& state) {
  decode_all<false>(state, events(object_payload(160), ""));
}
void BM_DecodeUsualSpaced(benchmark::State& state) {
  decode_all<false>(state, events(object_payload(160), " "));
}
void BM_DecodeStringPayload(benchmark::State& state) {
  decode_all<false>(state, events("\"" + std::string(158, 'A') + "\"", ""));
}
void BM_DecodeUsualSlow(benchmark::State& state) {
  decode_all<true>(state, events(object_payload(160), ""));
}
void BM_DecodeNotAscii(benchmark::State& state) {
  decode_all<false>(state,
                    events("{\"name\":\"\xC3\xA9t\xC3\xA9" + std::string(140, 'A') + "\"}", ""));
}
void BM_DecodeMegabyte(benchmark::State& state) {
  decode_all<false>(state, {event(0, object_payload(1 << 20), "")});
}
void BM_DecodeMegabyteSlow(benchmark::State& state) {
  decode_all<true>(state, {event(0, object_payload(1 << 20), "")});
}
BENCHMARK(BM_DecodeUsual);
BENCHMARK(BM_DecodeUsualSpaced);
BENCHMARK(BM_DecodeStringPayload);
BENCHMARK(BM_DecodeUsualSlow);
BENCHMARK(BM_DecodeNotAscii);
BENCHMARK(BM_DecodeMegabyte);
BENCHMARK(BM_DecodeMegabyteSlow);

void BM_DecodeOwnership(benchmark::State& state) {
  const std::string record =
      R"({"deviceId":"00-DB-12-34-56-78-90-A0","relation":"RESPONSIBLE_SUPPLIER","partyId":"PARTY-0042",)"
      R"("validFrom":"2024-02-29T00:00:00Z","validTo":null,"version":17,"withdrawn":false})";
  OwnershipDecoder decoder;
  OwnershipRecord out;
  Unreadable reason{};
  for (auto _ : state) {
    if (!decoder.decode(record, &out, &reason)) state.SkipWithError("unreadable");
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(BM_DecodeOwnership);

}  // namespace
}  // namespace satindex::schemas
