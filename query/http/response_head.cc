#include "query/http/response_head.h"

#include <charconv>
#include <ctime>

namespace satindex::http {
namespace {

// IMF-fixdate, in English whatever the locale.
std::string format_date(time_t now) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm tm{};
  gmtime_r(&now, &tm);
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[tm.tm_wday], tm.tm_mday, kMonths[tm.tm_mon],
                                   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return {text, static_cast<size_t>(length)};
}

const std::string& date_now() {
  thread_local time_t at = 0;
  thread_local std::string text;
  const time_t now = std::time(nullptr);
  if (now != at) {
    at = now;
    text = format_date(now);
  }
  return text;
}

void append_number(size_t value, int base, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  out.append(digits, end);
}

}  // namespace

void append_head(const Response& response, const Framing& framing, std::string& out) {
  out.append("HTTP/1.1 ");
  append_number(static_cast<size_t>(response.status), 10, out);
  out.append(" ").append(reason_phrase(response.status));
  out.append("\r\nDate: ").append(date_now());
  if (!response.content_type.empty())
    out.append("\r\nContent-Type: ").append(response.content_type);
  if (!framing.streamed) {
    out.append("\r\nContent-Length: ");
    append_number(framing.body_bytes, 10, out);
  } else if (framing.http11) {
    out.append("\r\nTransfer-Encoding: chunked");
  }
  out.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
  out.append(response.headers);
  if (!framing.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (!framing.http11) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
}

void append_chunk_head(size_t bytes, std::string& out) {
  append_number(bytes, 16, out);
  out.append("\r\n");
}

}  // namespace satindex::http
