// The head of a request: found in the bytes read so far under the contract's bounds, then parsed by
// Beast. Found first and parsed whole, because the parser's one limit cannot tell a long target
// (414) from large fields (431). Values of one connection.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "query/http/message.h"
#include "query/http/problem.h"

namespace satindex::http {

enum class HeadState : uint8_t { kMore, kWhole, kTargetTooLong, kHeadersTooLarge };

// Looks for the end of one head; call again with the same bytes and more behind them.
class HeadScanner {
 public:
  HeadState scan(std::string_view bytes);
  // After kWhole: the head's length, its empty line included.
  size_t head_bytes() const { return head_bytes_; }

 private:
  size_t line_bytes_ = 0;  // of the request line with its CRLF; 0: not seen yet
  size_t looked_at_ = 0;
  size_t head_bytes_ = 0;
};

// A parsed head. Owns the parser, so that the views of `request` stay valid as long as it.
struct RequestHead {
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser;
  Request request;
  uint64_t body_bytes = 0;  // to be read and thrown away
  bool http11 = true;
  bool keep_alive = false;

  // nullopt, or why the request is refused; the connection is then closed, because what follows is
  // not understood.
  std::optional<Problem> parse(std::string_view head);

 private:
  std::optional<Problem> check_body();
};

}  // namespace satindex::http
