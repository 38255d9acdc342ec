#include "indexer/store/ledger.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "indexer/store/strict_varint.h"
#include "schemas/limits.h"

namespace satindex::store {
namespace {

using schemas::kNanosPerSecond;
using schemas::Relation;
using schemas::WrittenTime;
using schemas::limits::kStringBytesMax;
using schemas::limits::kUnreadablePerDeviceMax;

// On disk: never renumber. One more for another layout; a release reads only what it knows.
constexpr uint8_t kLedgerFormat = 1;

// What an interval's head byte says; the rest of the bits are 0.
constexpr uint8_t kNetworkOperatorBit = 1;
constexpr uint8_t kWithdrawnBit = 2;
constexpr uint8_t kHasToBit = 4;
constexpr uint8_t kFromNanosBit = 8;
constexpr uint8_t kToNanosBit = 16;
constexpr uint8_t kSamePartyBit = 32;  // relation and party are those of the interval before
constexpr uint8_t kKnownBits = 63;

// The time syntax of records reaches from the year 0000 to 9999: no other instant can have been written.
constexpr int64_t kFirstSecond = -62'167'219'200;
constexpr int64_t kLastSecond = 253'402'300'799;
constexpr uint64_t kOffsetMax = INT64_MAX;

auto identity(const OwnershipInterval& i) {
  return std::tuple(i.relation, std::string_view(i.party), i.valid_from.seconds,
                    i.valid_from.nanos);
}

// For two writings of one version: does `a` win over `b`? Withdrawn, else the earlier end; an open end is the latest.
// Of two withdrawn ones the end has no meaning, but choosing by it as well keeps the ledgers of all replicas equal.
bool wins_conflict(const OwnershipInterval& a, const OwnershipInterval& b) {
  if (a.withdrawn != b.withdrawn) return a.withdrawn;
  if (!a.valid_to) return false;
  return !b.valid_to || *a.valid_to < *b.valid_to;
}

// For use (CONTRACT 1.3): before 1970 is 1970; nullopt after 2261.
std::optional<int64_t> clamp_for_use(const WrittenTime& t) {
  if (t.seconds < 0) return 0;
  constexpr int64_t last_second = schemas::kEventTimeMaxNs / kNanosPerSecond;
  if (t.seconds > last_second) return std::nullopt;
  return t.seconds * kNanosPerSecond + t.nanos;
}

void put_interval(const OwnershipInterval& i, const OwnershipInterval* before, std::string& out) {
  const bool same_party =
      before != nullptr && before->relation == i.relation && before->party == i.party;
  uint8_t head = 0;
  if (i.relation == Relation::kNetworkOperator) head |= kNetworkOperatorBit;
  if (i.withdrawn) head |= kWithdrawnBit;
  if (i.valid_to) head |= kHasToBit;
  if (i.valid_from.nanos != 0) head |= kFromNanosBit;
  if (i.valid_to && i.valid_to->nanos != 0) head |= kToNanosBit;
  if (same_party) head |= kSamePartyBit;
  out.push_back(static_cast<char>(head));
  if (!same_party) {
    put_varint(out, i.party.size());
    out += i.party;
  }
  // Ends and beginnings lie near each other: seconds are told from the time before them.
  const int64_t base = before != nullptr ? before->valid_from.seconds : 0;
  put_varint(out, zigzag(i.valid_from.seconds - base));
  if (i.valid_from.nanos != 0) put_varint(out, i.valid_from.nanos);
  if (i.valid_to) {
    put_varint(out, zigzag(i.valid_to->seconds - i.valid_from.seconds));
    if (i.valid_to->nanos != 0) put_varint(out, i.valid_to->nanos);
  }
  put_varint(out, i.version);
}

// A party's name as encode() writes it: never empty, never longer than a record's string.
std::string_view take_party(StrictReader& in) {
  const uint64_t size = in.varint_upto(kStringBytesMax);
  if (size == 0) in.fail();
  return in.bytes(size);
}

WrittenTime take_time(StrictReader& in, int64_t base_seconds, bool has_nanos) {
  WrittenTime t;
  const int64_t delta = unzigzag(in.varint());
  if (__builtin_add_overflow(base_seconds, delta, &t.seconds) || t.seconds < kFirstSecond ||
      t.seconds > kLastSecond) {
    in.fail();
    return {};
  }
  if (has_nanos) {
    t.nanos = static_cast<uint32_t>(in.varint_upto(kNanosPerSecond - 1));
    if (t.nanos == 0) in.fail();
  }
  return t;
}

OwnershipInterval take_interval(StrictReader& in, const OwnershipInterval* before) {
  OwnershipInterval i;
  const uint8_t head = in.byte();
  if ((head & ~kKnownBits) != 0) in.fail();
  const bool same_party = (head & kSamePartyBit) != 0;
  i.relation = (head & kNetworkOperatorBit) != 0 ? Relation::kNetworkOperator
                                                 : Relation::kResponsibleSupplier;
  i.withdrawn = (head & kWithdrawnBit) != 0;
  if (same_party) {
    if (before == nullptr) {
      in.fail();
      return i;
    }
    i.party = before->party;
  } else {
    i.party = take_party(in);
  }
  i.valid_from = take_time(in, before != nullptr ? before->valid_from.seconds : 0,
                           (head & kFromNanosBit) != 0);
  if ((head & kHasToBit) != 0) {
    i.valid_to = take_time(in, i.valid_from.seconds, (head & kToNanosBit) != 0);
  } else if ((head & kToNanosBit) != 0) {
    in.fail();
  }
  i.version = in.varint();
  // One ledger, one encoding: ascending, and the short form of the party wherever it can be used.
  if (before != nullptr) {
    const bool could_be_short = before->relation == i.relation && before->party == i.party;
    if (identity(*before) >= identity(i) || could_be_short != same_party) in.fail();
  }
  return i;
}

}  // namespace

std::optional<Span> OwnershipInterval::usable() const {
  if (withdrawn) return std::nullopt;
  const std::optional<int64_t> from = clamp_for_use(valid_from);
  if (!from) return std::nullopt;
  Span span{*from, INT64_MAX};
  if (valid_to) span.to_ns = clamp_for_use(*valid_to).value_or(INT64_MAX);
  if (span.from_ns >= span.to_ns) return std::nullopt;
  return span;
}

LedgerChange DeviceLedger::apply(const schemas::OwnershipRecord& record, int64_t offset) {
  // An older or a repeated version lifts as well: it proves that this party's stream can be read beyond the gap.
  if (any_unreadable()) note_readable(record.relation, record.party, offset);
  return settle({record.relation, std::string(record.party), record.valid_from, record.valid_to,
                 record.version, record.withdrawn});
}

LedgerChange DeviceLedger::settle(OwnershipInterval&& candidate) {
  const auto at =
      std::lower_bound(intervals_.begin(), intervals_.end(), candidate,
                       [](const auto& a, const auto& b) { return identity(a) < identity(b); });
  if (at == intervals_.end() || identity(*at) != identity(candidate)) {
    intervals_.insert(at, std::move(candidate));
    return LedgerChange::kNew;
  }
  if (candidate.version < at->version) return LedgerChange::kOlder;
  if (candidate.version > at->version) {
    *at = std::move(candidate);
    return LedgerChange::kReplaced;
  }
  if (candidate == *at) return LedgerChange::kSame;
  if (!wins_conflict(candidate, *at)) return LedgerChange::kConflict;
  *at = std::move(candidate);
  return LedgerChange::kConflictReplaced;
}

void DeviceLedger::merge_intervals(const DeviceLedger& other) {
  for (const OwnershipInterval& i : other.intervals_) settle(OwnershipInterval(i));
}

void DeviceLedger::note_unreadable(int64_t offset) {
  // The offset order decides, not the order of arrival: what lies below the folded one is folded already.
  if (offset <= folded_offset_) return;
  const auto at = std::lower_bound(unreadable_.begin(), unreadable_.end(), offset);
  if (at != unreadable_.end() && *at == offset) return;
  unreadable_.insert(at, offset);
  if (unreadable_.size() > kUnreadablePerDeviceMax) {
    folded_offset_ = unreadable_.front();
    unreadable_.erase(unreadable_.begin());
  }
  forget_settled_parties();
}

bool DeviceLedger::lift_unreadable(int64_t offset) {
  const auto at = std::lower_bound(unreadable_.begin(), unreadable_.end(), offset);
  if (at == unreadable_.end() || *at != offset) return false;
  unreadable_.erase(at);
  forget_settled_parties();
  return true;
}

void DeviceLedger::note_readable(Relation relation, std::string_view party, int64_t offset) {
  if (offset <= first_unreadable()) return;
  const auto at = std::lower_bound(readable_.begin(), readable_.end(), std::tuple(relation, party),
                                   [](const auto& r, auto key) {
                                     return std::tuple(r.relation, std::string_view(r.party)) < key;
                                   });
  if (at != readable_.end() && at->relation == relation && at->party == party) {
    at->offset = std::max(at->offset, offset);
  } else {
    readable_.insert(at, {relation, std::string(party), offset});
  }
}

void DeviceLedger::forget_settled_parties() {
  if (!any_unreadable()) {
    readable_.clear();
    return;
  }
  std::erase_if(readable_,
                [first = first_unreadable()](const auto& r) { return r.offset <= first; });
}

bool DeviceLedger::suspended(Relation relation, std::string_view party) const {
  if (!any_unreadable()) return false;
  for (const ReadableSince& r : readable_) {
    if (r.relation == relation && r.party == party) return r.offset <= last_unreadable();
  }
  return true;
}

std::vector<Span> DeviceLedger::spans(Relation relation, std::string_view party,
                                      int64_t now_ns) const {
  // The intervals ascend by validFrom, and clamping keeps that order.
  std::vector<Span> merged;
  for (const OwnershipInterval& i : intervals_) {
    if (i.relation != relation || i.party != party) continue;
    const std::optional<Span> span = i.usable();
    if (!span || span->from_ns > now_ns) continue;
    if (!merged.empty() && span->from_ns <= merged.back().to_ns) {
      merged.back().to_ns = std::max(merged.back().to_ns, span->to_ns);
    } else {
      merged.push_back(*span);
    }
  }
  return merged;
}

std::string DeviceLedger::encode() const {
  std::string out;
  out.push_back(static_cast<char>(kLedgerFormat));
  put_varint(out, intervals_.size() << 1 | (any_unreadable() ? 1 : 0));
  const OwnershipInterval* before = nullptr;
  for (const OwnershipInterval& i : intervals_) {
    put_interval(i, before, out);
    before = &i;
  }
  if (!any_unreadable()) return out;
  put_varint(out, static_cast<uint64_t>(folded_offset_) + 1);
  put_varint(out, unreadable_.size());
  int64_t last = folded_offset_;
  for (const int64_t offset : unreadable_) {
    put_varint(out, static_cast<uint64_t>(offset) - static_cast<uint64_t>(last));
    last = offset;
  }
  put_varint(out, readable_.size());
  for (const ReadableSince& r : readable_) {
    out.push_back(static_cast<char>(r.relation));
    put_varint(out, r.party.size());
    out += r.party;
    put_varint(out, static_cast<uint64_t>(r.offset - first_unreadable()));
  }
  return out;
}

schemas::Result<DeviceLedger> DeviceLedger::decode(std::string_view bytes) {
  const auto malformed = [] { return schemas::corrupt("a device ledger is malformed"); };
  StrictReader in(bytes);
  if (in.byte() != kLedgerFormat || !in.ok()) return malformed();
  DeviceLedger ledger;
  const uint64_t head = in.varint();
  // No reserve: the count is not to be trusted before the bytes behind it are seen.
  for (uint64_t n = head >> 1; n > 0 && in.ok(); --n) {
    const OwnershipInterval* before =
        ledger.intervals_.empty() ? nullptr : &ledger.intervals_.back();
    OwnershipInterval next = take_interval(in, before);
    ledger.intervals_.push_back(std::move(next));
  }
  if (in.ok() && (head & 1) != 0) ledger.decode_unreadable(in);
  if (!in.ok() || in.remaining() != 0) return malformed();
  return ledger;
}

void DeviceLedger::decode_unreadable(StrictReader& in) {
  folded_offset_ = static_cast<int64_t>(in.varint_upto(kOffsetMax)) - 1;
  int64_t last = folded_offset_;
  for (uint64_t n = in.varint_upto(kUnreadablePerDeviceMax); n > 0 && in.ok(); --n) {
    const uint64_t delta = in.varint_upto(kOffsetMax);
    if (delta == 0 || __builtin_add_overflow(last, static_cast<int64_t>(delta), &last)) in.fail();
    unreadable_.push_back(last);
  }
  if (!in.ok() || !any_unreadable()) {
    in.fail();
    return;
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    const uint8_t relation = in.byte();
    if (relation > static_cast<uint8_t>(Relation::kNetworkOperator)) in.fail();
    ReadableSince r{static_cast<Relation>(relation), std::string(take_party(in)), 0};
    const uint64_t delta = in.varint_upto(kOffsetMax);
    if (delta == 0 ||
        __builtin_add_overflow(first_unreadable(), static_cast<int64_t>(delta), &r.offset)) {
      in.fail();
    }
    if (!readable_.empty() && std::tie(readable_.back().relation, readable_.back().party) >=
                                  std::tie(r.relation, r.party)) {
      in.fail();
    }
    readable_.push_back(std::move(r));
  }
}

}  // namespace satindex::store
