// Which representation of a trail is wanted: the `format` parameter, else the Accept header (RFC
// 9110). Pure.
#pragma once

#include <optional>
#include <string_view>

namespace satindex::http {

enum class Format : unsigned char { kJson, kNdjson, kCsv };

std::optional<Format> parse_format(std::string_view text);

// JSON unless a download's type is named and weighs more than JSON, or as much while JSON comes
// only by a wildcard: a wildcard never turns an answer into a download, because a download shows
// less (CONTRACT 2).
Format negotiate(std::string_view accept);

}  // namespace satindex::http
