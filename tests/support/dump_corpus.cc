// Prints a corpus for tests in other languages, a record a line: topic, tab, value in base64
// (empty: a null record). dump_corpus malformed|legal [--reasons]: with --reasons, a tab and the
// reason follow, "-" for a legal record.
#include <iostream>
#include <string>
#include <string_view>

#include "tests/support/malformed_corpus.h"

namespace {

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace satindex;
  const std::string_view which = argc > 1 ? argv[1] : "malformed";
  const bool reasons = argc > 2 && std::string_view(argv[2]) == "--reasons";
  if (which != "malformed" && which != "legal") {
    std::cerr << "usage: dump_corpus malformed|legal [--reasons]\n";
    return 1;
  }
  const auto& corpus = which == "legal" ? testing::legal_corpus() : testing::malformed_corpus();
  for (const testing::CorpusRecord& record : corpus) {
    std::cout << testing::topic_name(record.topic) << '\t' << base64(record.value);
    if (reasons) std::cout << '\t' << (record.reason ? schemas::reason_name(*record.reason) : "-");
    std::cout << '\n';
  }
}
