// A request target taken apart (RFC 3986, 9112): path segments and query parameters,
// percent-decoded and checked to be UTF-8.
// '+' is a plus sign: times carry one, and this is no HTML form. Pure; kInvalid says what is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/status.h"

namespace satindex::http {

struct Parameter {
  std::string name;
  std::string value;
};

struct Target {
  std::vector<std::string> segments;  // of "/a/b": a, b; of "/": one empty
  std::vector<Parameter> parameters;  // as they came, names unique
};

// Origin form, or absolute form (whose authority is not looked at). A parameter given twice is
// kInvalid by its name.
schemas::Result<Target> parse_target(std::string_view target);

bool is_utf8(std::string_view text);
// At most `bytes_max` bytes of text that is safe to say back in a detail: printable ASCII, the rest
// as '?'.
std::string quotable(std::string_view text, size_t bytes_max = 64);

}  // namespace satindex::http
