// raw_consume BROKERS TOPIC raw|decode [CLIENTS [RECORDS]]: what the log can deliver, and that with
// every event decoded. Prints one JSON line.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "bench/macro/tools/topic_reader.h"
#include "schemas/decoder.h"

namespace satindex::bench {
namespace {

struct Decoding {
  schemas::EventDecoder decoder;
  uint64_t readable = 0;
  uint64_t sum = 0;  // of the times, so that the work cannot be left out
};

int run(const std::string& brokers, const std::string& topic, bool decode, int clients,
        uint64_t records) {
  std::vector<std::unique_ptr<Decoding>> decodings;
  for (int i = 0; i < clients; ++i) decodings.push_back(std::make_unique<Decoding>());
  const ReadTotals totals = read_topic(
      brokers, topic, clients, records, [&](int worker, rd_kafka_message_t** messages, size_t n) {
        if (!decode) return;
        Decoding& d = *decodings[static_cast<size_t>(worker)];
        schemas::SatEvent event;
        schemas::Unreadable reason{};
        for (size_t i = 0; i < n; ++i) {
          if (!d.decoder.decode({static_cast<const char*>(messages[i]->payload), messages[i]->len},
                                &event, &reason))
            continue;
          ++d.readable;
          d.sum += static_cast<uint64_t>(event.time_ns);
        }
      });
  uint64_t readable = 0;
  uint64_t sum = 0;
  for (const auto& d : decodings) {
    readable += d->readable;
    sum += d->sum;
  }
  std::printf("{\"records\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"readable\":%llu,\"sum\":%llu}\n",
              static_cast<unsigned long long>(totals.records),
              static_cast<unsigned long long>(totals.bytes), totals.seconds,
              static_cast<unsigned long long>(readable), static_cast<unsigned long long>(sum));
  return 0;
}

}  // namespace
}  // namespace satindex::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: raw_consume BROKERS TOPIC raw|decode [CLIENTS [RECORDS]]\n", stderr);
    return 78;
  }
  try {
    return satindex::bench::run(argv[1], argv[2], std::string(argv[3]) == "decode",
                                argc > 4 ? std::atoi(argv[4]) : 1,
                                argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 0);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "raw_consume: %s\n", e.what());
    return 1;
  }
}
