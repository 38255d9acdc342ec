// The two records as they are after decoding: zero-copy views into the record's bytes (or the
// decoder's scratch), valid until the decoder's next call. An empty string_view is an absent
// optional field: a present one has 1 to 64 bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/ids.h"
#include "schemas/time.h"

namespace satindex::schemas {

struct SatEvent {
  std::string_view event_id;  // optional
  int64_t time_ns = 0;        // 0..kEventTimeMaxNs
  uint8_t decimals = 0;       // precision of the writing, 0..9
  std::string_view event_type;
  UserId user;
  std::string_view user_role;
  std::optional<DeviceId> device;
  std::optional<RequestId> request;
  std::string_view srv;            // optional
  std::string_view device_type;    // optional
  std::string_view smets_version;  // optional
  std::string_view response_code;  // optional
  std::optional<uint8_t> command_variant;
};

enum class Relation : uint8_t {
  kResponsibleSupplier = 0,
  kNetworkOperator = 1
};  // on disk: never renumber

struct OwnershipRecord {
  DeviceId device;
  Relation relation = Relation::kResponsibleSupplier;
  std::string_view party;
  WrittenTime valid_from;
  std::optional<WrittenTime> valid_to;  // nullopt: open
  uint64_t version = 0;
  bool withdrawn = false;
};

// Why a record is unreadable. The names (reason_name) are the fixed list of CONTRACT 1.4; none
// quotes the record.
enum class Unreadable : uint8_t {
  kNull,  // no value
  kNotUtf8,
  kByteOrderMark,
  kNotJson,  // syntax, control characters, unclosed or wrongly closed brackets
  kTooDeep,
  kNotAnObject,
  kTrailingBytes,
  kFieldTwice,
  kFieldMissing,
  kFieldType,
  kFieldLength,
  kFieldSyntax,
  kTimeRange,
  kIntervalOrder,  // validTo before validFrom, not withdrawn
  kUnknownRelation,
};
inline constexpr int kUnreadableCount = 15;
std::string_view reason_name(Unreadable reason);

}  // namespace satindex::schemas
