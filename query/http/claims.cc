#include "query/http/claims.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "query/http/strict_json.h"
#include "schemas/limits.h"

namespace satindex::http {
namespace {

namespace json = boost::json;

constexpr size_t kSubBytesMax = 256;
constexpr size_t kUserIdsMax = 4096;
constexpr int64_t kTimeMaxS = 253'402'300'799;  // the end of the year 9999

schemas::Status refuse(const char* why) { return {schemas::StatusCode::kUnauthorized, why}; }

std::optional<std::string> text_claim(const json::object& claims, std::string_view name,
                                      size_t bytes_max) {
  const json::string* text = string_member(claims, name);
  if (text == nullptr || text->empty() || text->size() > bytes_max) return std::nullopt;
  return std::string(text->data(), text->size());
}

// NumericDate (RFC 7519): seconds since 1970, possibly with a fraction.
std::optional<int64_t> numeric_date(const json::value& value) {
  double seconds = 0;
  if (value.is_int64()) {
    seconds = static_cast<double>(value.get_int64());
  } else if (value.is_uint64()) {
    seconds = static_cast<double>(value.get_uint64());
  } else if (value.is_double()) {
    seconds = value.get_double();
  } else {
    return std::nullopt;
  }
  if (!std::isfinite(seconds) || seconds < 0) return std::nullopt;
  return seconds >= static_cast<double>(kTimeMaxS) ? kTimeMaxS : static_cast<int64_t>(seconds);
}

bool names_audience(const json::object& claims, const std::string& audience) {
  const json::value* aud = claims.if_contains("aud");
  if (aud == nullptr) return false;
  if (aud->is_string()) return aud->get_string() == json::string_view(audience);
  if (!aud->is_array()) return false;
  bool found = false;
  for (const json::value& one : aud->get_array()) {
    if (!one.is_string()) return false;
    found = found || one.get_string() == json::string_view(audience);
  }
  return found;
}

std::optional<std::vector<schemas::UserId>> user_ids(const json::object& claims) {
  const json::value* list = claims.if_contains("user_ids");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kUserIdsMax)
    return std::nullopt;
  std::vector<schemas::UserId> out;
  out.reserve(list->get_array().size());
  for (const json::value& one : list->get_array()) {
    if (!one.is_string()) return std::nullopt;
    const auto eui = schemas::Eui64::parse({one.get_string().data(), one.get_string().size()});
    if (!eui) return std::nullopt;
    out.push_back({*eui});
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Scopes are separated by single spaces (RFC 6749); report wins over screen because it shows less.
bool read_scope(std::string_view scope, trail::Channel* channel) {
  bool screen = false;
  bool report = false;
  while (!scope.empty()) {
    const size_t end = std::min(scope.find(' '), scope.size());
    const std::string_view one = scope.substr(0, end);
    screen = screen || one == "sat:screen";
    report = report || one == "sat:report";
    scope.remove_prefix(std::min(end + 1, scope.size()));
  }
  *channel = screen && !report ? trail::Channel::kScreen : trail::Channel::kReport;
  return screen || report;
}

schemas::Result<void> read_times(const json::object& claims, int64_t leeway_s, Claims* out) {
  const json::value* exp = claims.if_contains("exp");
  const auto expires = exp != nullptr ? numeric_date(*exp) : std::nullopt;
  if (!expires) return refuse("the claim exp is missing or malformed");
  out->expires_s = *expires + leeway_s;
  if (const json::value* nbf = claims.if_contains("nbf")) {
    const auto begins = numeric_date(*nbf);
    if (!begins) return refuse("the claim nbf is malformed");
    out->not_before_s = *begins - leeway_s;
  }
  return {};
}

}  // namespace

schemas::Result<Claims> read_claims(std::string_view payload, const ClaimRules& rules) {
  const auto claims = parse_strict_object(payload);
  if (!claims) return refuse("the claims are not one JSON object without repeated members");
  Claims out;
  const json::string* issuer = string_member(*claims, "iss");
  if (issuer == nullptr || *issuer != json::string_view(rules.issuer))
    return refuse("the claim iss is not the issuer");
  if (!names_audience(*claims, rules.audience))
    return refuse("the claim aud does not name this service");
  if (auto times = read_times(*claims, rules.leeway_s, &out); !times) return times.error();
  auto sub = text_claim(*claims, "sub", kSubBytesMax);
  auto party = text_claim(*claims, "party_id", schemas::limits::kStringBytesMax);
  auto role = text_claim(*claims, "user_role", schemas::limits::kStringBytesMax);
  auto users = user_ids(*claims);
  const json::string* scope = string_member(*claims, "scope");
  if (!sub) return refuse("the claim sub is missing or malformed");
  if (!party) return refuse("the claim party_id is missing or malformed");
  if (!role) return refuse("the claim user_role is missing or malformed");
  if (!users) return refuse("the claim user_ids is missing or malformed");
  if (scope == nullptr) return refuse("the claim scope is missing or malformed");
  out.caller.sub = std::move(*sub);
  out.caller.party = std::move(*party);
  out.caller.role = std::move(*role);
  out.caller.user_ids = std::move(*users);
  out.has_scope = read_scope({scope->data(), scope->size()}, &out.caller.channel);
  return out;
}

}  // namespace satindex::http
