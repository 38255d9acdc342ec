#include "query/http/problem.h"

#include "query/http/json_text.h"

namespace satindex::http {
namespace {

struct Row {
  int status;
  std::string_view type;
  std::string_view title;
  std::string_view detail;
  std::string_view headers;
};

constexpr std::string_view kRetry = "Retry-After: 1\r\n";

// In the order of Problem.
constexpr Row kRows[] = {
    {400, "invalid-parameter", "Invalid parameter", "A parameter is not valid.", ""},
    {400, "bad-request", "Bad request", "The request is malformed.", ""},
    {401, "unauthorized", "Unauthorized", "A valid bearer token is required.", ""},
    {403, "forbidden", "Forbidden", "The credential does not allow this.", ""},
    {404, "not-found", "Not found", "There is no such route.", ""},
    {405, "method-not-allowed", "Method not allowed", "Only GET is answered here.",
     "Allow: GET\r\n"},
    {413, "body-not-accepted", "Content too large", "Requests carry no body here.", ""},
    {414, "target-too-long", "Target too long", "The request target is longer than 16 KiB.", ""},
    {431, "headers-too-large", "Header fields too large",
     "The header fields are larger than 32 KiB in all.", ""},
    {429, "too-many-requests", "Too many requests", "Too much of this is under way for this party.",
     "Retry-After: 5\r\n"},
    {503, "unavailable", "Unavailable", "Not available at the moment; try again later.", kRetry},
    {503, "overloaded", "Overloaded", "Too many requests are under way; try again later.", kRetry},
    {500, "internal", "Internal error", "The request could not be answered.", ""},
    {505, "version-not-supported", "HTTP version not supported",
     "Only HTTP/1.0 and HTTP/1.1 are spoken here.", ""},
};

}  // namespace

void write_problem(Problem problem, std::string_view detail, Response* response) {
  const Row& row = kRows[static_cast<size_t>(problem)];
  response->status = row.status;
  response->content_type = "application/problem+json";
  response->headers += row.headers;
  response->fixed_body = {};
  response->more = nullptr;
  std::string& body = response->body;
  body.assign(R"({"type":"urn:satindex:problem:)").append(row.type).append(R"(","title":)");
  append_json_string(row.title, body);
  body.append(R"(,"status":)").append(std::to_string(row.status)).append(R"(,"detail":)");
  append_json_string(detail.empty() ? row.detail : detail, body);
  body.append("}\n");
}

void write_status(const schemas::Status& status, Response* response) {
  using schemas::StatusCode;
  switch (status.code) {
    case StatusCode::kInvalid:
      return write_problem(Problem::kInvalidParameter, status.message, response);
    case StatusCode::kUnauthorized:
      return write_problem(Problem::kUnauthorized, status.message, response);
    case StatusCode::kForbidden:
      return write_problem(Problem::kForbidden, status.message, response);
    case StatusCode::kNotFound:
      return write_problem(Problem::kNotFound, {}, response);
    case StatusCode::kUnavailable:
      return write_problem(Problem::kUnavailable, {}, response);
    case StatusCode::kOverloaded:
      return write_problem(Problem::kOverloaded, {}, response);
    case StatusCode::kCorrupt:
    case StatusCode::kConfig:
    case StatusCode::kInternal:
      break;
  }
  write_problem(Problem::kInternal, {}, response);
}

}  // namespace satindex::http
