// AuditTrailQuery and Page: what is asked of the trail service and what it answers. Values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "indexer/store/trail_row.h"
#include "schemas/ids.h"
#include "schemas/limits.h"

namespace satindex::trail {

enum class Route : uint8_t { kDevice, kOwned, kOwn };
enum class CrossUser : uint8_t { kNone, kIncluded, kWithheld };

// Empty list: no filter. Lists match exactly, any of.
struct Filters {
  store::TimeWindow window;
  std::vector<std::string> srv;
  std::vector<std::string> user_role;
  std::vector<std::string> event_type;
  std::vector<std::string> device_type;
  std::optional<schemas::RequestId> request_id;
  bool others_only = false;
};

struct AuditTrailQuery {
  Route route = Route::kDevice;
  schemas::DeviceId device;  // kDevice only
  Filters filters;
  uint32_t limit = schemas::limits::kPageRowsDefault;  // 1..kPageRowsMax
  std::optional<store::TrailPosition> after;           // from an opened cursor
  std::optional<int64_t> min_ownership_ns;             // 503 while asOf.ownership is older
  bool withhold_others =
      false;  // own rows only: this answer's access record cannot be made (CONTRACT 1.4)
};

struct Entry {
  store::TrailRow row;
  bool own = false;
  // Hidden by --others-hide when !own.
  bool show_request_id = true;
  bool show_command_variant = true;
  bool show_response_code = true;
};

struct Page {
  std::vector<Entry> entries;
  std::optional<store::TrailPosition> next;  // present: more may follow
  CrossUser cross_user = CrossUser::kNone;
  bool partial = false;
  bool pending = false;
  std::optional<int64_t> events_as_of_ns;     // whole seconds
  std::optional<int64_t> ownership_as_of_ns;  // whole seconds
  std::vector<std::shared_ptr<const void>>
      keep_alive;  // owners of symbols that no dictionary holds
};

}  // namespace satindex::trail
