#include "query/trail/cursor.h"

#include <algorithm>
#include <vector>

#include "schemas/time.h"

namespace satindex::trail {
namespace {

// One more for another layout: cursors of the old one are then a 400, and the client starts again.
constexpr char kPositionFormat = 1;
constexpr char kBindingFormat = 1;

// Numbers have one width and strings and lists say their length first: no two values run into the same bytes.
void put_u64(uint64_t v, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift));
}

uint64_t get_u64(std::string_view bytes) {
  uint64_t v = 0;
  for (const char byte : bytes.substr(0, 8)) v = v << 8 | static_cast<uint8_t>(byte);
  return v;
}

void put_string(std::string_view s, std::string& out) {
  put_u64(s.size(), out);
  out += s;
}

template <class T>
std::vector<T> as_set(std::vector<T> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

void put_set(const std::vector<std::string>& list, std::string& out) {
  const std::vector<std::string> set = as_set(list);
  put_u64(set.size(), out);
  for (const std::string& s : set) put_string(s, out);
}

void put_caller(const Caller& caller, std::string& out) {
  put_string(caller.party, out);
  const std::vector<schemas::UserId> users = as_set(caller.user_ids);
  put_u64(users.size(), out);
  for (const schemas::UserId user : users) put_u64(user.eui.value, out);
}

void put_filters(const Filters& filters, std::string& out) {
  put_u64(static_cast<uint64_t>(filters.window.from_ns), out);
  put_u64(static_cast<uint64_t>(filters.window.to_ns), out);
  put_set(filters.srv, out);
  put_set(filters.user_role, out);
  put_set(filters.event_type, out);
  put_set(filters.device_type, out);
  out.push_back(filters.request_id ? 1 : 0);
  if (filters.request_id) {
    put_u64(filters.request_id->originator.value, out);
    put_u64(filters.request_id->target.value, out);
    put_u64(filters.request_id->counter, out);
  }
  out.push_back(filters.others_only ? 1 : 0);
}

}  // namespace

std::string encode_position(const store::TrailPosition& position) {
  std::string out;
  out.reserve(kCursorPositionBytes);
  out.push_back(kPositionFormat);
  put_u64(static_cast<uint64_t>(position.time_ns), out);
  out.push_back(position.has_device ? 1 : 0);
  put_u64(position.has_device ? position.device : 0, out);
  put_u64(position.hash, out);
  return out;
}

schemas::Result<store::TrailPosition> decode_position(std::string_view bytes) {
  if (bytes.size() != kCursorPositionBytes || bytes[0] != kPositionFormat) {
    return schemas::invalid("cursor: not a position");
  }
  store::TrailPosition position;
  position.time_ns = static_cast<int64_t>(get_u64(bytes.substr(1)));
  position.has_device = bytes[9] == 1;
  position.device = get_u64(bytes.substr(10));
  position.hash = get_u64(bytes.substr(18));
  const bool legal_time = position.time_ns >= 0 && position.time_ns <= schemas::kEventTimeMaxNs;
  const bool legal_device = bytes[9] == 1 || (bytes[9] == 0 && position.device == 0);
  if (!legal_time || !legal_device) return schemas::invalid("cursor: not a position");
  return position;
}

std::string cursor_binding(const Caller& caller, const AuditTrailQuery& query) {
  std::string out;
  out.push_back(kBindingFormat);
  put_caller(caller, out);
  out.push_back(static_cast<char>(query.route));
  // Only the device route has one; what the others carry there by chance must not count.
  put_u64(query.route == Route::kDevice ? query.device.eui.value : 0, out);
  put_filters(query.filters, out);
  return out;
}

}  // namespace satindex::trail
