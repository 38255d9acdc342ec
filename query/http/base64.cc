#include "query/http/base64.h"

#include <array>
#include <cstdint>

namespace satindex::http {
namespace {

constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr int8_t kBad = -1;

constexpr std::array<int8_t, 256> make_values(bool both) {
  std::array<int8_t, 256> values{};
  for (auto& v : values) v = kBad;
  for (size_t i = 0; i < kUrlAlphabet.size(); ++i) {
    values[static_cast<uint8_t>(kUrlAlphabet[i])] = static_cast<int8_t>(i);
  }
  if (both) {
    values['+'] = 62;
    values['/'] = 63;
  }
  return values;
}

constexpr auto kUrlValues = make_values(false);
constexpr auto kBothValues = make_values(true);

std::optional<std::string> decode(std::string_view text, const std::array<int8_t, 256>& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int8_t v = values[static_cast<uint8_t>(c)];
    if (v == kBad) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(v);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>(bits >> have));
      bits &= (1u << have) - 1;
    }
  }
  if (bits != 0) return std::nullopt;  // left-over bits: another writing of the same bytes
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string base64url_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int have = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(c);
    have += 8;
    while (have >= 6) {
      have -= 6;
      out.push_back(kUrlAlphabet[(bits >> have) & 63]);
    }
    bits &= (1u << have) - 1;
  }
  if (have > 0) out.push_back(kUrlAlphabet[(bits << (6 - have)) & 63]);
  return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  return decode(text, kUrlValues);
}

std::optional<std::string> base64_decode_lenient(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  return decode(text, kBothValues);
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

}  // namespace satindex::http
