#include "query/http/request_head.h"

#include <algorithm>

#include "schemas/limits.h"

namespace satindex::http {
namespace {

namespace beast_http = boost::beast::http;
namespace limits = schemas::limits;

// Of a request line beside its target: method, two spaces, version, CRLF.
constexpr size_t kLineRestBytesMax = 64;
// A body on a GET means nothing, yet some clients send a small one: it is read and thrown away up
// to here.
constexpr uint64_t kBodyBytesMax = 64 * 1024;

template <class S>
std::string_view view(const S& s) {
  return {s.data(), s.size()};
}

}  // namespace

HeadState HeadScanner::scan(std::string_view bytes) {
  if (line_bytes_ == 0) {
    const size_t end = bytes.find("\r\n", looked_at_);
    if (end == std::string_view::npos) {
      if (bytes.size() > limits::kTargetBytesMax + kLineRestBytesMax)
        return HeadState::kTargetTooLong;
      looked_at_ = bytes.empty() ? 0 : bytes.size() - 1;
      return HeadState::kMore;
    }
    const std::string_view line = bytes.substr(0, end);
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    const size_t target_bytes = last > first ? last - first - 1 : line.size();
    if (target_bytes > limits::kTargetBytesMax) return HeadState::kTargetTooLong;
    line_bytes_ = end + 2;
    looked_at_ = end;
  }
  const size_t end = bytes.find("\r\n\r\n", looked_at_);
  const size_t fields_end = end == std::string_view::npos ? bytes.size() : end + 4;
  if (fields_end - std::min(fields_end, line_bytes_) > limits::kHeaderBytesMax)
    return HeadState::kHeadersTooLarge;
  if (end == std::string_view::npos) {
    looked_at_ = std::max(looked_at_, bytes.size() - std::min<size_t>(bytes.size(), 3));
    return HeadState::kMore;
  }
  head_bytes_ = end + 4;
  return HeadState::kWhole;
}

std::optional<Problem> RequestHead::parse(std::string_view head) {
  parser.header_limit(
      static_cast<uint32_t>(limits::kTargetBytesMax + limits::kHeaderBytesMax + 4096));
  parser.body_limit(boost::none);
  boost::system::error_code ec;
  parser.put(boost::asio::buffer(head.data(), head.size()), ec);
  if (ec == beast_http::error::bad_version) return Problem::kVersionNotSupported;
  if (ec || !parser.is_header_done()) return Problem::kBadRequest;
  const auto& message = parser.get();
  http11 = message.version() == 11;
  keep_alive = message.keep_alive();
  const size_t hosts = message.count(beast_http::field::host);
  if (hosts > 1 || (http11 && hosts == 0)) return Problem::kBadRequest;
  if (const auto refused = check_body()) return refused;
  request.method = view(message.method_string());
  request.target = view(message.target());
  request.authorization = view(message[beast_http::field::authorization]);
  request.authorization_repeated = message.count(beast_http::field::authorization) > 1;
  request.accept = view(message[beast_http::field::accept]);
  return std::nullopt;
}

std::optional<Problem> RequestHead::check_body() {
  const auto& message = parser.get();
  const bool chunked = message.count(beast_http::field::transfer_encoding) > 0;
  const size_t lengths = message.count(beast_http::field::content_length);
  // Two ways to say where a body ends are how requests are smuggled (RFC 9112, 6.3).
  if (lengths > 1 || (chunked && lengths > 0)) return Problem::kBadRequest;
  body_bytes = parser.content_length().value_or(0);
  const bool waits = message.count(beast_http::field::expect) > 0;
  if (chunked || body_bytes > kBodyBytesMax || (waits && body_bytes > 0))
    return Problem::kBodyNotAccepted;
  return std::nullopt;
}

}  // namespace satindex::http
