// SHA-256 of a text. Thread-safe: a thread keeps its context, and the algorithm is looked up once a process, which costs
// more than the hash of a token.
#pragma once

#include <array>
#include <string_view>

namespace satindex::http {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view text);

}  // namespace satindex::http
