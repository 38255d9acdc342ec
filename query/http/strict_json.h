// Reads a JSON object that decides about trust (token header, claims, key set): one object in
// UTF-8, no member twice at any depth, nothing behind it, nesting bounded. Two readers of such a
// text can never disagree about what it says. Pure; never throws.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

namespace satindex::http {

std::optional<boost::json::object> parse_strict_object(std::string_view text);

// The string member `name`, or nullptr when it is absent or not a string.
const boost::json::string* string_member(const boost::json::object& object, std::string_view name);

}  // namespace satindex::http
