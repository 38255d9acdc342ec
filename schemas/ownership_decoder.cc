#include "schemas/decoder.h"
#include "schemas/record_decoder.h"

namespace satindex::schemas {
namespace {

struct OwnershipFields {
  using Record = OwnershipRecord;
  enum Field : int { kDeviceId, kRelation, kPartyId, kValidFrom, kValidTo, kVersion, kWithdrawn };
  static constexpr int kCount = 7;
  static constexpr std::string_view kKeys[kCount] = {
      "deviceId", "relation", "partyId", "validFrom", "validTo", "version", "withdrawn"};
  static constexpr uint32_t kHeld =
      1u << kDeviceId | 1u << kRelation | 1u << kPartyId | 1u << kValidFrom | 1u << kVersion;
  // validTo must be written: null says open, silence says nothing, and nothing is guessed.
  static constexpr uint32_t kGiven = 1u << kValidTo;

  static int find(std::string_view key) {
    switch (key.size()) {
      case 7:
        if (key == "partyId") return kPartyId;
        if (key == "validTo") return kValidTo;
        return key == "version" ? kVersion : -1;
      case 8:
        return key == "deviceId" ? kDeviceId : key == "relation" ? kRelation : -1;
      case 9:
        return key == "validFrom" ? kValidFrom : key == "withdrawn" ? kWithdrawn : -1;
      default:
        return -1;
    }
  }

  static void clear(OwnershipRecord* record) { *record = OwnershipRecord(); }

  static size_t fixed_bytes(int field) {
    constexpr uint8_t kBytes[kCount] = {23, 0, 0, 19, 19, 0, 0};
    return kBytes[field];
  }

  static Verdict take_string(int field, std::string_view text, OwnershipRecord* record) {
    switch (field) {
      case kDeviceId:
        return take_eui(text, &record->device.eui);
      case kRelation:
        return take_relation(text, &record->relation);
      case kPartyId:
        return take_text(text, &record->party);
      case kValidFrom:
        return take_time(text, &record->valid_from);
      case kValidTo:
        return take_time(text, &record->valid_to.emplace());
      default:
        return Unreadable::kFieldType;  // version is a number, withdrawn true or false
    }
  }

  static Verdict take_bare(int field, std::string_view token, OwnershipRecord* record) {
    if (field == kVersion) return take_integer(token, UINT64_MAX, &record->version);
    if (field != kWithdrawn || (token != "true" && token != "false")) return Unreadable::kFieldType;
    record->withdrawn = token == "true";
    return std::nullopt;
  }

  static Verdict finish(const OwnershipRecord& record) {
    const bool backwards = record.valid_to && *record.valid_to < record.valid_from;
    return backwards && !record.withdrawn ? Verdict(Unreadable::kIntervalOrder) : std::nullopt;
  }

 private:
  static Verdict take_relation(std::string_view text, Relation* out) {
    std::string_view checked;
    if (const Verdict wrong = take_text(text, &checked)) return wrong;
    if (checked == "RESPONSIBLE_SUPPLIER") {
      *out = Relation::kResponsibleSupplier;
    } else if (checked == "NETWORK_OPERATOR") {
      *out = Relation::kNetworkOperator;
    } else {
      return Unreadable::kUnknownRelation;
    }
    return std::nullopt;
  }

  static Verdict take_time(std::string_view text, WrittenTime* out) {
    const auto time = WrittenTime::parse(text);
    if (!time) return Unreadable::kFieldSyntax;
    *out = *time;
    return std::nullopt;
  }
};

}  // namespace

struct OwnershipDecoder::Impl {
  KeyOrder<OwnershipFields> order;
  SlowPath<OwnershipFields> slow;
};

OwnershipDecoder::OwnershipDecoder() : impl_(std::make_unique<Impl>()) {}
OwnershipDecoder::~OwnershipDecoder() = default;

bool OwnershipDecoder::decode(std::string_view value, OwnershipRecord* record, Unreadable* reason) {
  return QuickPath<OwnershipFields>::decode(value, &impl_->order, record) ||
         decode_slow(value, record, reason);
}

bool OwnershipDecoder::decode_slow(std::string_view value, OwnershipRecord* record,
                                   Unreadable* reason) {
  const Verdict wrong = impl_->slow.decode(value, record);
  if (wrong) *reason = *wrong;
  return !wrong;
}

}  // namespace satindex::schemas
