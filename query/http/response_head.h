// Writes the head of an answer, and the frames of a chunked body, into a buffer. Pure but for the
// Date, which comes from the wall clock once a second and thread.
#pragma once

#include <string>
#include <string_view>

#include "query/http/message.h"

namespace satindex::http {

struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  bool streamed = false;  // chunked for HTTP/1.1, up to the close of the connection before it
  size_t body_bytes = 0;  // when not streamed
};

void append_head(const Response& response, const Framing& framing, std::string& out);
// The hexadecimal length line of one chunk; the chunk and CRLF follow. Never for an empty one,
// which would be the end.
void append_chunk_head(size_t bytes, std::string& out);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace satindex::http
