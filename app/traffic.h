// Traffic: an endless, seeded stream of SAT events about a Population, in the order of their
// timestamps. The same options give the same bytes on every machine: whole numbers only, and no
// clock. One object per thread. Memory grows with the transactions under way, not with the devices.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/population.h"
#include "schemas/srv_catalogue.h"

namespace satindex::app {

enum class Density : uint8_t {
  kDense,     // some devices much busier than others
  kNational,  // all alike: hardly two transactions of a device close together
};

struct TrafficOptions {
  uint64_t seed = 1;
  Density density = Density::kDense;
  int64_t start_ns = 1'767'225'600 * schemas::kNanosPerSecond;  // 2026-01-01
  uint64_t events_per_second = 650;  // of the timestamps, not of the clock
  uint32_t payload_bytes = 160;
  bool unknown_role = false;  // the newcomer's requests too; the population must have it
  bool long_forms = false;    // critical requests with their pre-commands, and alerts
  uint64_t busy_device =
      0;  // this one (an index) gets busy_percent of all requests besides its share
  uint32_t busy_percent = 0;
};

struct GeneratedEvent {
  int64_t time_ms = 0;
  std::string_view type;
  uint32_t user = 0;
  std::optional<GeneratedDevice> device;
  bool has_request = false;  // an alert answers nothing
  uint64_t counter = 0;
  const schemas::SrvEntry* srv = nullptr;  // nullptr: an alert
  int variant = -1;
  std::string_view response_code;  // empty: none
};

class Traffic {
 public:
  // The population outlives the traffic.
  Traffic(const Population& population, TrafficOptions options);

  // The next event, never earlier than the one before.
  const GeneratedEvent& next();
  const GeneratedEvent& event() const { return event_; }  // what next() gave last
  // The event that next() gave, as the DSP would write it; appended without a newline. Once per
  // event: its id and payload are drawn here.
  void append_json(std::string& out);
  // From now on this user's party is the supplier of the device (an index into the population).
  void change_supplier(uint64_t device_index, uint32_t user) { moved_[device_index] = user; }

  // The rate of the timestamps from here on.
  void set_rate(uint64_t events_per_second) { options_.events_per_second = events_per_second; }

  // A device as often as the traffic picks it: for query targets.
  uint64_t pick_device();

 private:
  // What is still to come of a transaction, waiting for its time.
  struct Pending {
    uint64_t device_index = 0;
    uint64_t counter = 0;
    const schemas::SrvEntry* srv = nullptr;
    uint32_t user = 0;
    uint32_t next = 0;  // in the same millisecond
    uint8_t step = 0;   // of the form
    bool with_device = true;
    bool critical_form = false;
  };
  struct Slot {
    uint32_t first = kNobody;
    uint32_t last = kNobody;
  };
  static constexpr uint32_t kNobody = UINT32_MAX;
  static constexpr uint32_t kSlots = 1 << 16;  // milliseconds ahead: above the slowest response
  static constexpr std::string_view kRoles[] = {"IS", "GS", "ES", "ED", "GT", "RSA", "OU"};

  void fill_menus();
  uint32_t supplier_of(const GeneratedDevice& device, uint64_t device_index) const;
  uint32_t any_user_of(std::string_view role);
  uint32_t pick_user(const GeneratedDevice& device, uint64_t device_index);
  const schemas::SrvEntry* pick_srv(std::string_view role, bool with_device);
  void begin_transaction();
  void emit(Pending pending, const GeneratedDevice& device);
  void emit_alert(const GeneratedDevice& device, uint32_t user);
  void schedule(Pending pending, uint32_t delay_ms);
  bool take_due();
  std::string_view second_text();

  const Population& population_;
  TrafficOptions options_;
  Dice dice_;
  Dice bytes_;
  int64_t now_ms_;
  int64_t next_request_ns_;
  std::vector<Slot> wheel_;
  std::vector<Pending> pool_;
  uint32_t free_ = kNobody;
  std::vector<uint64_t> counters_;  // by user
  std::unordered_map<uint64_t, uint32_t> moved_;
  // What a role may ask, the usual reads many times over; index as kRoles, then device and
  // non-device.
  std::array<std::array<std::vector<const schemas::SrvEntry*>, 2>, std::size(kRoles)> menus_;
  GeneratedEvent event_;
  int64_t second_ = -1;  // that second_text_ writes
  std::string second_text_;
};

}  // namespace satindex::app
