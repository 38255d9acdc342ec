#include "query/http/target.h"

#include <algorithm>

namespace satindex::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return is_utf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

// "http://host:port/path?query" to "/path?query".
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.substr(0, scheme.size()) != scheme) continue;
    const size_t end = target.find_first_of("/?", scheme.size());
    return end == std::string_view::npos ? std::string_view("/") : target.substr(end);
  }
  return target;
}

schemas::Result<std::vector<Parameter>> parse_query(std::string_view query) {
  std::vector<Parameter> out;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(piece.find('='), piece.size());
    auto name = percent_decode(piece.substr(0, equals));
    if (!name) return schemas::invalid("a parameter's name is not percent-encoded UTF-8");
    auto value = percent_decode(piece.substr(std::min(equals + 1, piece.size())));
    if (!value) return schemas::invalid(quotable(*name) + ": not percent-encoded UTF-8");
    const bool repeated =
        std::any_of(out.begin(), out.end(), [&](const Parameter& p) { return p.name == *name; });
    if (repeated) return schemas::invalid(quotable(*name) + ": given more than once");
    // No route takes as many; the search above must not become the work.
    if (out.size() >= 32) return schemas::invalid(quotable(*name) + ": too many parameters");
    out.push_back({std::move(*name), std::move(*value)});
  }
  return out;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    const unsigned char c = *p++;
    if (c < 0x80) continue;
    int more = 0;
    uint32_t point = 0;
    uint32_t least = 0;
    if ((c & 0xE0) == 0xC0) {
      more = 1, point = c & 0x1F, least = 0x80;
    } else if ((c & 0xF0) == 0xE0) {
      more = 2, point = c & 0x0F, least = 0x800;
    } else if ((c & 0xF8) == 0xF0) {
      more = 3, point = c & 0x07, least = 0x10000;
    } else {
      return false;
    }
    for (; more > 0; --more) {
      if (p == end || (*p & 0xC0) != 0x80) return false;
      point = (point << 6) | (*p++ & 0x3F);
    }
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
  }
  return true;
}

std::string quotable(std::string_view text, size_t bytes_max) {
  std::string out(text.substr(0, bytes_max));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return out;
}

schemas::Result<Target> parse_target(std::string_view target) {
  target = origin_form(target);
  const size_t question = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, question);
  if (path.empty() && question < target.size()) path = "/";  // "http://host?query"
  if (path.empty() || path.front() != '/' || target.find('#') != std::string_view::npos) {
    return schemas::invalid("the target is not a path");
  }
  Target out;
  for (path.remove_prefix(1);;) {
    const size_t end = path.find('/');
    auto segment = percent_decode(path.substr(0, end));
    if (!segment) return schemas::invalid("the path is not percent-encoded UTF-8");
    out.segments.push_back(std::move(*segment));
    if (end == std::string_view::npos) break;
    if (out.segments.size() > 16) break;  // deeper than any route
    path.remove_prefix(end + 1);
  }
  auto parameters = parse_query(target.substr(std::min(question + 1, target.size())));
  if (!parameters) return parameters.error();
  out.parameters = std::move(*parameters);
  return out;
}

}  // namespace satindex::http
