#include "query/http/strict_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace satindex::http {
namespace {

namespace json = boost::json;
using error_code = boost::system::error_code;

constexpr size_t kDepthMax = 16;

// Listens to the parse only to see whether a member's name comes twice in one object (names are
// compared unescaped).
struct TwiceFinder {
  static constexpr size_t max_object_size = 1'000'000;
  static constexpr size_t max_array_size = 1'000'000;
  static constexpr size_t max_key_size = 1'000'000;
  static constexpr size_t max_string_size = 1'000'000;

  std::vector<std::set<std::string>> open;
  std::string key;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    open.emplace_back();
    return true;
  }
  bool on_object_end(size_t, error_code&) {
    open.pop_back();
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(size_t, error_code&) { return true; }
  bool on_key_part(json::string_view part, size_t, error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, error_code& ec) {
    key.append(part.data(), part.size());
    const bool first = open.back().insert(std::move(key)).second;
    key.clear();
    if (!first) ec = json::make_error_code(json::error::syntax);
    return first;
  }
  bool on_string_part(json::string_view, size_t, error_code&) { return true; }
  bool on_string(json::string_view, size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

json::parse_options strict_options() {
  json::parse_options options;  // no comments, no trailing commas, no invalid UTF-8
  options.max_depth = kDepthMax;
  return options;
}

}  // namespace

std::optional<json::object> parse_strict_object(std::string_view text) {
  try {
    error_code ec;
    json::basic_parser<TwiceFinder> finder(strict_options());
    const size_t read = finder.write_some(false, text.data(), text.size(), ec);
    if (ec || read != text.size()) return std::nullopt;
    json::value value =
        json::parse(json::string_view(text.data(), text.size()), ec, {}, strict_options());
    if (ec || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
  } catch (const std::exception&) {
    return std::nullopt;  // a text too large for the library's own bounds
  }
}

const json::string* string_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr ? value->if_string() : nullptr;
}

}  // namespace satindex::http
