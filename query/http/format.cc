#include "query/http/format.h"

#include <algorithm>
#include <string>

namespace satindex::http {
namespace {

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view take(std::string_view* s, char separator) {
  const size_t end = std::min(s->find(separator), s->size());
  const std::string_view out = trim(s->substr(0, end));
  s->remove_prefix(std::min(end + 1, s->size()));
  return out;
}

// Thousandths; a weight that is none counts as 1000, as a missing one does.
int weight(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string one = lower(take(&parameters, ';'));
    if (one.size() < 3 || one.compare(0, 2, "q=") != 0) continue;
    if (one[2] == '1') return 1000;
    if (one[2] != '0') return 1000;
    int out = 0;
    int unit = 100;
    for (size_t i = 4; i < one.size() && i < 7 && one[i] >= '0' && one[i] <= '9'; ++i, unit /= 10) {
      out += (one[i] - '0') * unit;
    }
    return out;
  }
  return 1000;
}

}  // namespace

std::optional<Format> parse_format(std::string_view text) {
  if (text == "json") return Format::kJson;
  if (text == "ndjson") return Format::kNdjson;
  if (text == "csv") return Format::kCsv;
  return std::nullopt;
}

Format negotiate(std::string_view accept) {
  int json = -1;  // not named
  int wildcard = 0;
  int ndjson = 0;
  int csv = 0;
  while (!accept.empty()) {
    std::string_view one = take(&accept, ',');
    const std::string type = lower(take(&one, ';'));
    const int q = weight(one);
    if (type == "application/json") json = std::max(json, q);
    if (type == "application/*" || type == "*/*") wildcard = std::max(wildcard, q);
    if (type == "application/x-ndjson" || type == "application/ndjson")
      ndjson = std::max(ndjson, q);
    if (type == "text/csv") csv = std::max(csv, q);
  }
  const int download = std::max(ndjson, csv);
  const bool json_wins = json >= 0 ? json >= download : wildcard > download;
  if (download == 0 || json_wins) return Format::kJson;
  return ndjson >= csv ? Format::kNdjson : Format::kCsv;
}

}  // namespace satindex::http
