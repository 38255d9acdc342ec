// DeviceLedger: everything one shard knows about who holds what on one device, settled. A pure value: no RocksDB, no
// clock. The versions of an interval commute (INV-3): the highest wins; of two writings of one version, withdrawn, else
// the earlier end. Not thread-safe; copied freely.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/sat_event.h"
#include "schemas/status.h"
#include "schemas/time.h"

namespace satindex::store {

class StrictReader;

// A half-open span of event time in nanoseconds, clamped for use (CONTRACT 1.3): before 1970 is 1970, an end after 2261
// is open (INT64_MAX).
struct Span {
  int64_t from_ns = 0;
  int64_t to_ns = INT64_MAX;
  bool contains(int64_t t) const { return t >= from_ns && t < to_ns; }
  bool operator==(const Span&) const = default;
};

struct OwnershipInterval {
  schemas::Relation relation = schemas::Relation::kResponsibleSupplier;
  std::string party;
  schemas::WrittenTime valid_from;
  std::optional<schemas::WrittenTime> valid_to;
  uint64_t version = 0;
  bool withdrawn = false;

  // The time in which it held, for use; nullopt when it never does: withdrawn, empty, or beginning after 2261.
  std::optional<Span> usable() const;
  bool operator==(const OwnershipInterval&) const = default;  // times as instants
};

enum class LedgerChange : uint8_t {
  kNew,               // an interval not known before
  kReplaced,          // a higher version, or the winner of a conflict
  kOlder,             // a lower version than the one held: nothing changes
  kSame,              // the same version with the same content: nothing changes
  kConflict,          // the same version with other content, and the one held stays
  kConflictReplaced,  // the same version with other content, and the new one wins
};

class DeviceLedger {
 public:
  // Settles a readable record that was read at `offset` of its partition, and lifts the suspension of its
  // (relation, party) as far as unreadable records before `offset` caused it.
  LedgerChange apply(const schemas::OwnershipRecord& record, int64_t offset);
  // Notes an unreadable ownership record at `offset` (CONTRACT 1.4): every party, known or not, is suspended until it has a
  // readable record at a later offset. The same offset again changes nothing.
  void note_unreadable(int64_t offset);
  // The unreadable record at `offset` has been read again with success. False when it was not noted (or folded).
  bool lift_unreadable(int64_t offset);
  // True when rules 2 and 3 are suspended on this device for this party in this relation.
  bool suspended(schemas::Relation relation, std::string_view party) const;
  bool any_unreadable() const { return !unreadable_.empty() || folded_offset_ >= 0; }

  // Adds what another partition's ledger knows of the same device; of one interval the winner as in apply. Suspensions
  // do not mix: ask each shard's own ledger.
  void merge_intervals(const DeviceLedger& other);

  // Sorted by (relation, party, validFrom).
  const std::vector<OwnershipInterval>& intervals() const { return intervals_; }
  bool empty() const { return intervals_.empty() && !any_unreadable(); }

  // Usable spans of the party in the relation, begun by `now_ns` (from <= now), merged where they overlap or touch,
  // ascending. Pass INT64_MAX for all.
  std::vector<Span> spans(schemas::Relation relation, std::string_view party, int64_t now_ns) const;

  // Versioned bytes for the store: compact (a common device with two intervals is at most 50 bytes), and one ledger has
  // one encoding. Decimals are not kept: they are not part of an instant.
  std::string encode() const;
  // kCorrupt for everything that encode() does not write.
  static schemas::Result<DeviceLedger> decode(std::string_view bytes);
  bool operator==(const DeviceLedger&) const = default;

 private:
  struct ReadableSince {  // the last readable record of (relation, party)
    schemas::Relation relation = schemas::Relation::kResponsibleSupplier;
    std::string party;
    int64_t offset = 0;
    bool operator==(const ReadableSince&) const = default;
  };
  LedgerChange settle(OwnershipInterval&& candidate);
  void note_readable(schemas::Relation relation, std::string_view party, int64_t offset);
  int64_t first_unreadable() const {
    return folded_offset_ >= 0 ? folded_offset_ : unreadable_.front();
  }
  int64_t last_unreadable() const {
    return unreadable_.empty() ? folded_offset_ : unreadable_.back();
  }
  void forget_settled_parties();
  void decode_unreadable(StrictReader& in);

  std::vector<OwnershipInterval> intervals_;  // sorted by identity, unique
  // Offsets not yet read again. The folded one stands for all below it that lost their place: it is below unreadable_.
  std::vector<int64_t> unreadable_;  // ascending, unique, at most kUnreadablePerDeviceMax
  int64_t folded_offset_ = -1;       // -1: none
  // Sorted by (relation, party). Only what can lift something: nothing at or below first_unreadable(), so empty while
  // nothing is unreadable. As many as the parties with an interval at most.
  std::vector<ReadableSince> readable_;
};

// Shared by readers; never null where a function gives one.
using KnownLedger = std::shared_ptr<const DeviceLedger>;

}  // namespace satindex::store
