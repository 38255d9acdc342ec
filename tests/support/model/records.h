// The records of CONTRACT 1.1 and 1.2 as their fields are written, and their JSON. Values. Strings
// keep the writer's case and precision: making them equal is the model's business.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace satindex::model {

struct EventFields {
  std::optional<std::string> event_id;
  std::string timestamp;
  std::string event_type;
  std::string user_id;
  std::string user_role;
  std::optional<std::string> device_id;
  std::optional<std::string> request_id;
  std::optional<std::string> srv;
  std::optional<std::string> device_type;
  std::optional<std::string> smets_version;
  std::optional<std::string> response_code;
  std::optional<int> command_variant;
};

struct OwnershipFields {
  std::string device_id;
  std::string relation;
  std::string party_id;
  std::string valid_from;
  std::optional<std::string> valid_to;  // nullopt: null, open
  uint64_t version = 0;
  bool withdrawn = false;
};

struct UnreadableRecord {};

enum class Topic { kEvents, kOwnership };

// One record where it lies in the log.
struct LogRecord {
  Topic topic = Topic::kEvents;
  int partition = 0;
  int64_t offset = 0;
  std::string key;
  std::string value;  // the JSON text
  std::variant<UnreadableRecord, EventFields, OwnershipFields> body;
  // What a later release reads in an unreadable ownership record, when the test replays it.
  std::optional<OwnershipFields> replayed;
};

// In one partition's one topic, offsets ascend.
using Log = std::vector<LogRecord>;

// Draws 0..n-1; decides order, white space, nulls for absent fields, escapes, payloads and fields
// we do not read.
using Draw = std::function<uint32_t(uint32_t n)>;
std::string to_json(const EventFields& event, const Draw& draw);
std::string to_json(const OwnershipFields& ownership, const Draw& draw);
// For messages: topic, partition, offset, key, value.
std::string describe(const LogRecord& record);

}  // namespace satindex::model
