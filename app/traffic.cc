#include "app/traffic.h"

#include <algorithm>

#include "schemas/status.h"

namespace satindex::app {
namespace {

using schemas::SrvEntry;

constexpr int64_t kNanosPerMs = 1'000'000;
constexpr uint32_t kEventsPerTransaction = 3;
constexpr std::string_view kResponseCodes[] = {"W110101", "W110102", "E4", "E19", "E21", "E48"};

bool lists_role(std::string_view roles, std::string_view role) {
  if (roles == "-") return role == "IS" || role == "GS";  // not known does not mean nobody
  for (size_t at = 0; at <= roles.size();) {
    const size_t comma = std::min(roles.find(',', at), roles.size());
    if (roles.substr(at, comma - at) == role) return true;
    at = comma + 1;
  }
  return false;
}

// Reads are the daily bread, everything else is rare.
size_t weight(const SrvEntry& srv) {
  return srv.title.starts_with("Read") || srv.title.starts_with("Retrieve") ? 8 : 1;
}

}  // namespace

Traffic::Traffic(const Population& population, TrafficOptions options)
    : population_(population),
      options_(options),
      dice_(options.seed),
      bytes_(options.seed ^ 0xA5A5A5A5A5A5A5A5ull),
      now_ms_(options.start_ns / kNanosPerMs),
      next_request_ns_(options.start_ns),
      wheel_(kSlots),
      counters_(population.users().size()) {
  SATINDEX_INVARIANT(options.events_per_second > 0, "traffic has a rate");
  for (uint64_t& counter : counters_) counter = 1'000'000 + dice_.below(1'000'000'000);
  fill_menus();
}

void Traffic::fill_menus() {
  for (size_t role = 0; role < std::size(kRoles); ++role) {
    for (const SrvEntry& srv : schemas::srv_catalogue()) {
      if (!lists_role(srv.eligible_roles, kRoles[role])) continue;
      auto& menu = menus_[role][srv.non_device ? 1 : 0];
      menu.insert(menu.end(), srv.non_device ? 1 : weight(srv), &srv);
    }
  }
}

uint64_t Traffic::pick_device() {
  if (options_.busy_percent > 0 && dice_.below(100) < options_.busy_percent)
    return options_.busy_device;
  const uint64_t devices = population_.devices();
  const uint64_t first = dice_.next() % devices;
  if (options_.density == Density::kNational) return first;
  return std::min(first, dice_.next() % devices);  // falls linearly: twice the mean at the busy end
}

uint32_t Traffic::supplier_of(const GeneratedDevice& device, uint64_t device_index) const {
  const auto moved = moved_.find(device_index);
  return moved == moved_.end() ? device.supplier_user : moved->second;
}

uint32_t Traffic::any_user_of(std::string_view role) {
  const auto& users = population_.users_of(role);
  return users[dice_.below(static_cast<uint32_t>(users.size()))];
}

uint32_t Traffic::pick_user(const GeneratedDevice& device, uint64_t device_index) {
  const uint32_t percent = dice_.below(100);
  if (percent < 52) return supplier_of(device, device_index);
  if (percent < 66) return device.network_user;
  if (percent < 87) return any_user_of("OU");
  if (percent < 93) return any_user_of("RSA");
  if (percent < 96) return any_user_of(device.gas ? "GS" : "IS");
  if (percent < 98) return device.gas ? any_user_of("GS") : any_user_of("ES");
  return options_.unknown_role ? any_user_of("LC") : any_user_of("OU");
}

const SrvEntry* Traffic::pick_srv(std::string_view role, bool with_device) {
  const auto found = std::ranges::find(kRoles, role);
  // Nobody knows what the newcomer may ask: it asks what an Other User does.
  const size_t index = found == std::end(kRoles) ? std::size(kRoles) - 1
                                                 : static_cast<size_t>(found - std::begin(kRoles));
  const auto& menu = menus_[index][with_device ? 0 : 1];
  return menu[dice_.below(static_cast<uint32_t>(menu.size()))];
}

const GeneratedEvent& Traffic::next() {
  for (;;) {
    const int64_t next_request_ms = next_request_ns_ / kNanosPerMs;
    while (now_ms_ < next_request_ms) {
      if (take_due()) return event_;
      ++now_ms_;
    }
    const uint64_t mean_ns = kEventsPerTransaction * 1'000'000'000ull / options_.events_per_second;
    next_request_ns_ += static_cast<int64_t>(dice_.next() % (2 * mean_ns + 1));
    begin_transaction();
    return event_;
  }
}

void Traffic::begin_transaction() {
  Pending pending;
  pending.with_device = dice_.below(200) != 0;
  pending.device_index = pick_device();
  const GeneratedDevice device = population_.device(pending.device_index);
  if (options_.long_forms && dice_.one_in(40)) {
    emit_alert(device, supplier_of(device, pending.device_index));
    return;
  }
  pending.user = pending.with_device
                     ? pick_user(device, pending.device_index)
                     : dice_.below(static_cast<uint32_t>(population_.users().size()));
  pending.srv = pick_srv(population_.users()[pending.user].role, pending.with_device);
  pending.counter = ++counters_[pending.user];
  pending.critical_form = options_.long_forms && pending.srv->critical;
  emit(pending, device);
}

void Traffic::emit_alert(const GeneratedDevice& device, uint32_t user) {
  event_ = GeneratedEvent{};
  event_.time_ms = now_ms_;
  event_.type = dice_.one_in(4) ? "DCC_ALERT" : "DEVICE_ALERT";
  event_.response_code = event_.type == "DCC_ALERT" ? "AD1" : "8F35";
  event_.user = user;
  event_.device = device;
}

bool Traffic::take_due() {
  Slot& slot = wheel_[static_cast<uint64_t>(now_ms_) % kSlots];
  if (slot.first == kNobody) return false;
  const uint32_t index = slot.first;
  const Pending pending = pool_[index];
  slot.first = pending.next;
  if (slot.first == kNobody) slot.last = kNobody;
  pool_[index].next = free_;
  free_ = index;
  emit(pending, population_.device(pending.device_index));
  return true;
}

void Traffic::schedule(Pending pending, uint32_t delay_ms) {
  pending.next = kNobody;
  uint32_t index = free_;
  if (index == kNobody) {
    index = static_cast<uint32_t>(pool_.size());
    pool_.push_back(pending);
  } else {
    free_ = pool_[index].next;
    pool_[index] = pending;
  }
  Slot& slot = wheel_[static_cast<uint64_t>(now_ms_ + delay_ms) % kSlots];
  if (slot.first == kNobody) {
    slot.first = index;
  } else {
    pool_[slot.last].next = index;
  }
  slot.last = index;
}

void Traffic::emit(Pending pending, const GeneratedDevice& device) {
  enum Step : uint8_t { kRequest, kPreCommand, kSigned, kAcknowledged, kResponse };
  event_ = GeneratedEvent{};
  event_.time_ms = now_ms_;
  event_.user = pending.user;
  event_.has_request = true;
  event_.counter = pending.counter;
  event_.srv = pending.srv;
  if (pending.with_device) event_.device = device;

  const bool smets1 = device.smets_version == "SMETS1";
  const auto step = static_cast<Step>(pending.step);
  Step following = kAcknowledged;
  uint32_t delay_ms = 40 + dice_.below(400);
  if (step == kRequest) {
    event_.type = "SERVICE_REQUEST";
    event_.variant = pending.critical_form ? 4 : pending.srv->critical ? 5 : 1;
    if (pending.critical_form) following = kPreCommand;
  } else if (step == kPreCommand) {
    event_.type = "PRE_COMMAND";
    event_.response_code = "I0";
    following = kSigned;
    delay_ms = 500 + dice_.below(2'000);  // the User signs
  } else if (step == kSigned) {
    event_.type = "SIGNED_PRE_COMMAND";
    event_.variant = 5;
  } else if (step == kAcknowledged) {
    event_.type = "ACKNOWLEDGEMENT";
    event_.response_code = "I99";
    following = kResponse;
    // Over the WAN to the device and back; a SMETS1 service provider sits in between.
    delay_ms = smets1 ? 4'000 + dice_.below(26'000) : 1'000 + dice_.below(9'000);
  } else {
    event_.type = "SERVICE_RESPONSE";
    event_.response_code =
        dice_.one_in(25) ? kResponseCodes[dice_.below(std::size(kResponseCodes))] : "I0";
    return;
  }
  pending.step = following;
  schedule(pending, delay_ms);
}

}  // namespace satindex::app
