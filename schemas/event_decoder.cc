#include "schemas/decoder.h"
#include "schemas/record_decoder.h"

namespace satindex::schemas {
namespace {

struct EventFields {
  using Record = SatEvent;
  enum Field : int {
    kEventId,
    kTimestamp,
    kEventType,
    kUserId,
    kUserRole,
    kDeviceId,
    kRequestId,
    kServiceReferenceVariant,
    kDeviceType,
    kSmetsVersion,
    kResponseCode,
    kCommandVariant,
  };
  static constexpr int kCount = 12;
  static constexpr std::string_view kKeys[kCount] = {
      "eventId",    "timestamp",    "eventType",    "userId",
      "userRole",   "deviceId",     "requestId",    "serviceReferenceVariant",
      "deviceType", "smetsVersion", "responseCode", "commandVariant"};
  static constexpr uint32_t kHeld =
      1u << kTimestamp | 1u << kEventType | 1u << kUserId | 1u << kUserRole;
  static constexpr uint32_t kGiven = 0;

  // The payload is not among them: in it only the shape is looked at.
  static int find(std::string_view key) {
    switch (key.size()) {
      case 6:
        return key == "userId" ? kUserId : -1;
      case 7:
        return key == "eventId" ? kEventId : -1;
      case 8:
        return key == "userRole" ? kUserRole : key == "deviceId" ? kDeviceId : -1;
      case 9:
        if (key == "timestamp") return kTimestamp;
        if (key == "eventType") return kEventType;
        return key == "requestId" ? kRequestId : -1;
      case 10:
        return key == "deviceType" ? kDeviceType : -1;
      case 12:
        return key == "smetsVersion" ? kSmetsVersion : key == "responseCode" ? kResponseCode : -1;
      case 14:
        return key == "commandVariant" ? kCommandVariant : -1;
      case 23:
        return key == "serviceReferenceVariant" ? kServiceReferenceVariant : -1;
      default:
        return -1;
    }
  }

  // As assigning SatEvent(), which the compiler makes a slow string instruction of.
  static void clear(SatEvent* event) {
    event->event_id = {};
    event->device.reset();
    event->request.reset();
    event->srv = {};
    event->device_type = {};
    event->smets_version = {};
    event->response_code = {};
    event->command_variant.reset();
  }

  static size_t fixed_bytes(int field) {
    constexpr uint8_t kBytes[kCount] = {0, 19, 0, 23, 0, 23, 48, 0, 0, 0, 0, 0};
    return kBytes[field];
  }

  static Verdict take_string(int field, std::string_view text, SatEvent* event) {
    switch (field) {
      case kEventId:
        return take_text(text, &event->event_id);
      case kTimestamp:
        return take_time(text, event);
      case kEventType:
        return take_text(text, &event->event_type);
      case kUserId:
        return take_eui(text, &event->user.eui);
      case kUserRole:
        return take_text(text, &event->user_role);
      case kDeviceId:
        return take_eui(text, &event->device.emplace().eui);
      case kRequestId:
        return take_request_id(text, &event->request);
      case kServiceReferenceVariant:
        return take_text(text, &event->srv);
      case kDeviceType:
        return take_text(text, &event->device_type);
      case kSmetsVersion:
        return take_text(text, &event->smets_version);
      case kResponseCode:
        return take_text(text, &event->response_code);
      default:
        return Unreadable::kFieldType;  // commandVariant is a number
    }
  }

  static Verdict take_bare(int field, std::string_view token, SatEvent* event) {
    if (field != kCommandVariant) return Unreadable::kFieldType;
    uint64_t variant = 0;
    if (const Verdict wrong = take_integer(token, UINT8_MAX, &variant)) return wrong;
    event->command_variant = static_cast<uint8_t>(variant);
    return std::nullopt;
  }

  static Verdict finish(const SatEvent&) { return std::nullopt; }

 private:
  static Verdict take_time(std::string_view text, SatEvent* event) {
    const auto time = WrittenTime::parse(text);
    if (!time) return Unreadable::kFieldSyntax;
    const auto ns = time->event_ns();
    if (!ns) return Unreadable::kTimeRange;
    event->time_ns = *ns;
    event->decimals = time->decimals;
    return std::nullopt;
  }
};

}  // namespace

struct EventDecoder::Impl {
  KeyOrder<EventFields> order;
  SlowPath<EventFields> slow;
};

EventDecoder::EventDecoder() : impl_(std::make_unique<Impl>()) {}
EventDecoder::~EventDecoder() = default;

bool EventDecoder::decode(std::string_view value, SatEvent* event, Unreadable* reason) {
  return QuickPath<EventFields>::decode(value, &impl_->order, event) ||
         decode_slow(value, event, reason);
}

bool EventDecoder::decode_slow(std::string_view value, SatEvent* event, Unreadable* reason) {
  const Verdict wrong = impl_->slow.decode(value, event);
  if (wrong) *reason = *wrong;
  return !wrong;
}

}  // namespace satindex::schemas
