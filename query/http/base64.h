// Base64 in the two alphabets that credentials and cursors use. Pure functions; nothing is
// repaired: whatever is not the one canonical writing of some bytes is refused, so that two texts
// never stand for one token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace satindex::http {

// URL alphabet without padding (RFC 7515).
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);
// Either alphabet, padding optional: for key files that people make with whatever tool they have.
std::optional<std::string> base64_decode_lenient(std::string_view text);
// Hex digits in either case, an even number of them.
std::optional<std::string> hex_decode(std::string_view text);

}  // namespace satindex::http
