#include "query/http/message.h"

namespace satindex::http {
namespace {

constexpr size_t kKeptBytesMax = 64 * 1024;  // three pages of 50 rows; times every open connection

}  // namespace

std::string_view route_label(RouteName route) {
  switch (route) {
    case RouteName::kDevice:
      return "device";
    case RouteName::kOwned:
      return "owned";
    case RouteName::kOwn:
      return "own";
    case RouteName::kVariants:
      return "variants";
    case RouteName::kOpenapi:
      return "openapi";
    case RouteName::kScreen:
      return "screen";
    case RouteName::kOps:
      return "ops";
    case RouteName::kNone:
      break;
  }
  return "none";
}

void Response::reset() {
  status = 200;
  route = RouteName::kNone;
  content_type = {};
  headers.clear();
  body.clear();
  if (body.capacity() > kKeptBytesMax) body.shrink_to_fit();
  fixed_body = {};
  more = nullptr;
  gate.reset();
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace satindex::http
