#include "indexer/store/verify.h"

#include <algorithm>
#include <compare>
#include <map>
#include <set>
#include <span>

#include "indexer/store/ledger_join.h"
#include "indexer/store/reader.h"
#include "indexer/store/reconcile.h"
#include "indexer/store/verify_walk.h"

namespace satindex::store {
namespace {

using schemas::Result;

// A row or reference of an own or owner trail. Rows without a device have device 0 and are compared apart.
struct Entry {
  uint64_t entity = 0;
  uint64_t device = 0;
  int64_t time_ns = 0;
  auto operator<=>(const Entry&) const = default;
};

struct Place {
  uint64_t device = 0;
  int64_t time_ns = 0;
  auto operator<=>(const Place&) const = default;
};

template <class T>
void settle_set(std::vector<T>* items) {
  std::sort(items->begin(), items->end());
  items->erase(std::unique(items->begin(), items->end()), items->end());
}

template <class T, class Sink>
void missing_from(const std::vector<T>& wanted, const std::vector<T>& there, const Sink& sink) {
  auto at = there.begin();
  for (const T& w : wanted) {
    while (at != there.end() && *at < w) ++at;
    if (at == there.end() || w < *at) sink(w);
  }
}

// Devices, or Users of rows without one, whose rows are compared together.
struct Slice {
  bool of_devices = true;
  uint64_t first = 0;
  uint64_t last = UINT64_MAX;
  std::vector<Entry> rows;  // entity: the row's User

  bool holds(const TrailRef& ref, uint64_t entity) const {
    const uint64_t at = of_devices ? ref.device : entity;
    return ref.has_device == of_devices && at >= first && at <= last;
  }
};

class Verification {
 public:
  Verification(Shard& shard, const VerifyOptions& options)
      : shard_(shard.impl()), options_(options) {}

  Result<VerifyReport> run();

 private:
  void check_counters();
  void check_counter_sum(const char* topic, const TopicProgress& p);
  void check_meta();
  void check_ledgers();
  Result<void> check_bucket(uint16_t bucket);
  Result<void> check_slices(uint16_t bucket, bool of_devices);
  Result<void> compare(uint16_t bucket, Slice* slice);
  void compare_own(uint16_t bucket, Slice* slice);
  Result<void> compare_owner(uint16_t bucket, Slice* slice);
  Result<std::vector<Entry>> owed(const std::vector<Place>& places);
  void check_candidate(const Entry& candidate);
  std::string party_words(const Entry& e) const;
  std::vector<Entry> references(Table table, uint16_t bucket, const Slice& slice);

  const Shard::Impl& shard_;
  const VerifyOptions options_;
  VerifyReport report_;
  Checkpoint checkpoint_;
  std::set<uint64_t> pending_;  // party entities
  bool adopted_ = false;        // back-filled shards have been taken into account
  bool told_[kTables] = {};     // the bucket's form has been checked
};

void Verification::check_counter_sum(const char* topic, const TopicProgress& p) {
  const uint64_t sum = p.indexed + p.duplicates + p.dead_lettered + p.expired;
  if (sum == p.consumed) return;
  report_.differ("checkpoint, " + std::string(topic) + ": indexed " + std::to_string(p.indexed) +
                 " + duplicates " + std::to_string(p.duplicates) + " + dead-lettered " +
                 std::to_string(p.dead_lettered) + " + expired " + std::to_string(p.expired) +
                 " is not consumed " + std::to_string(p.consumed) + " (INV-6)");
}

void Verification::check_counters() {
  check_counter_sum("events", checkpoint_.events);
  check_counter_sum("ownership", checkpoint_.ownership);
  const uint64_t rows = report_.device_rows + report_.loose_rows;
  if (rows > checkpoint_.events.indexed) {
    report_.differ(std::to_string(rows) + " distinct events, but the checkpoint has indexed " +
                   std::to_string(checkpoint_.events.indexed));
  }
}

// The meta table was read when the shard was opened; here only what opening takes on trust.
void Verification::check_meta() {
  std::unique_ptr<rocksdb::Iterator> it(
      shard_.db->NewIterator(rocksdb::ReadOptions(), shard_.cf(Table::kMeta)));
  std::map<char, uint64_t> kinds;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ++report_.keys;
    const std::string_view key = view(it->key());
    if (key.empty() || std::string_view("FCISTDRA").find(key[0]) == std::string_view::npos) {
      report_.differ("table meta: a key of no known kind");
      continue;
    }
    ++kinds[key[0]];
    if (key[0] == 'A') adopted_ = true;
    if (key[0] != 'T') continue;
    ReconcileTask task;
    if (!task.decode(view(it->value()))) {
      report_.differ("table meta: a reconciliation task that cannot be decoded");
    }
    for (const ReconcileItem& item : task.items) pending_.insert(item.entity);
  }
  if (!it->status().ok()) report_.differ("table meta: " + it->status().ToString());
  report_.symbols = kinds['S'];
  if (kinds['F'] != 1) report_.differ("table meta: no format version");
  const uint64_t records = checkpoint_.events.consumed + checkpoint_.ownership.consumed;
  if (records > 0 && kinds['C'] != 1) report_.differ("table meta: no checkpoint");
}

void Verification::check_ledgers() {
  std::unique_ptr<rocksdb::Iterator> it(
      shard_.db->NewIterator(rocksdb::ReadOptions(), shard_.cf(Table::kLedger)));
  std::string last;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ++report_.keys;
    ++report_.ledgers;
    const std::string_view key = view(it->key());
    const auto id = parse_ledger_key(key);
    if (!id) {
      report_.differ("table ledger: a malformed key");
      continue;
    }
    if (!last.empty() && key <= last) report_.differ("table ledger: keys out of order");
    last.assign(key);
    const uint64_t device = id->eui.value;
    const auto ledger = DeviceLedger::decode(view(it->value()));
    if (!ledger) {
      report_.differ(device_words(device) + ": its ledger cannot be decoded");
      continue;
    }
    if (ledger->encode() != view(it->value()))
      report_.differ(device_words(device) + ": its ledger does not round-trip");
    const auto flag = shard_.flagged.find(device);
    const bool flagged = flag != shard_.flagged.end() && (flag->second & kFlagUnreadable) != 0;
    if (ledger->any_unreadable() && !flagged && !shard_.flagged_overflow)
      report_.differ(device_words(device) + ": suspended, but portfolios are not told");
  }
  if (!it->status().ok()) report_.differ("table ledger: " + it->status().ToString());
}

Result<VerifyReport> Verification::run() {
  {
    const std::lock_guard lock(shard_.mutex);
    checkpoint_ = shard_.committed;
  }
  check_meta();
  check_ledgers();
  std::set<uint16_t> buckets;
  for (const Table t : kTrailTables) {
    for (const uint16_t b : shard_.buckets.of(t)) buckets.insert(b);
  }
  for (const uint16_t b : buckets) {
    if (auto r = check_bucket(b); !r) return r.error();
  }
  check_counters();
  return std::move(report_);
}

Result<void> Verification::check_bucket(uint16_t bucket) {
  std::fill(std::begin(told_), std::end(told_), false);
  if (auto r = check_slices(bucket, true); !r) return r;
  return check_slices(bucket, false);
}

// Slices follow one another without a gap, so that a reference to what has no row at all falls into one, too.
Result<void> Verification::check_slices(uint16_t bucket, bool of_devices) {
  EntityWalk walk(shard_, of_devices ? Table::kDevice : Table::kLoose, bucket, &report_);
  Slice slice;
  slice.of_devices = of_devices;
  uint64_t entity = 0;
  std::vector<WalkedRow> rows;
  while (walk.next(&entity, &rows)) {
    if (!slice.rows.empty() && slice.rows.size() + rows.size() > options_.rows_per_slice) {
      slice.last = entity - 1;
      if (auto r = compare(bucket, &slice); !r) return r;
      slice.rows.clear();
      slice.first = entity;
    }
    for (const WalkedRow& r : rows)
      slice.rows.push_back({r.user, of_devices ? entity : 0, r.time_ns});
  }
  slice.last = UINT64_MAX;
  return compare(bucket, &slice);
}

Result<void> Verification::compare(uint16_t bucket, Slice* slice) {
  compare_own(bucket, slice);
  return slice->of_devices ? compare_owner(bucket, slice) : Result<void>{};
}

std::vector<Entry> Verification::references(Table table, uint16_t bucket, const Slice& slice) {
  std::vector<Entry> out;
  const bool silent = told_[index_of(table)];
  told_[index_of(table)] = true;
  walk_refs(shard_, table, bucket, silent, &report_, [&](uint64_t entity, const TrailRef& ref) {
    if (!silent && table == Table::kOwner && !ref.has_device)
      report_.differ("an owner reference without a device, at " + time_words(ref.time_ns));
    if (slice.holds(ref, entity)) out.push_back({entity, ref.device, ref.time_ns});
  });
  settle_set(&out);
  return out;
}

void Verification::compare_own(uint16_t bucket, Slice* slice) {
  std::vector<Entry> rows = slice->rows;
  settle_set(&rows);
  const std::vector<Entry> refs = references(Table::kOwn, bucket, *slice);
  report_.own_references += refs.size();
  const auto words = [slice](const Entry& e) {
    return "User " + schemas::Eui64{e.entity}.to_string() +
           (slice->of_devices ? ", " + device_words(e.device) : ", no device") + ", " +
           time_words(e.time_ns);
  };
  missing_from(rows, refs, [&](const Entry& e) {
    report_.differ(words(e) + ": an event without its reference in the own trail");
  });
  missing_from(refs, rows, [&](const Entry& e) {
    report_.differ(words(e) + ": an own reference without an event");
  });
}

// What the ledgers say must be in owner trails, for these places (sorted).
Result<std::vector<Entry>> Verification::owed(const std::vector<Place>& places) {
  std::vector<uint64_t> devices;
  std::vector<size_t> first;
  for (size_t i = 0; i < places.size(); ++i) {
    if (!devices.empty() && devices.back() == places[i].device) continue;
    devices.push_back(places[i].device);
    first.push_back(i);
  }
  first.push_back(places.size());
  std::vector<Entry> out;
  auto joined = join_ledgers(shard_, ChangedLedgers(), devices, [&](uint32_t d, const Holding& h) {
    for (size_t i = first[d]; i < first[d + 1]; ++i) {
      if (h.span.contains(places[i].time_ns))
        out.push_back({h.entity, places[i].device, places[i].time_ns});
    }
  });
  if (!joined) return joined.error();
  settle_set(&out);
  return out;
}

std::string Verification::party_words(const Entry& e) const {
  std::string party = "party entity " + schemas::Eui64{e.entity}.to_string();
  if (const auto ledger = load_ledger(shard_, e.device)) {
    for (const OwnershipInterval& i : ledger->intervals()) {
      if (party_entity(i.relation, i.party) == e.entity) party = "party " + i.party;
    }
  }
  return party + ", " + device_words(e.device) + ", " + time_words(e.time_ns);
}

Result<void> Verification::compare_owner(uint16_t bucket, Slice* slice) {
  std::vector<Place> places;
  places.reserve(slice->rows.size());
  for (const Entry& r : slice->rows) places.push_back({r.device, r.time_ns});
  settle_set(&places);
  const std::vector<Entry> refs = references(Table::kOwner, bucket, *slice);
  report_.owner_references += refs.size();
  auto wanted = owed(places);
  if (!wanted && wanted.error().code != schemas::StatusCode::kCorrupt) return wanted.error();
  if (wanted) {
    missing_from(*wanted, refs, [&](const Entry& e) {
      if (pending_.contains(e.entity)) {
        ++report_.pending;
      } else {
        report_.differ(party_words(e) + ": an event without its reference in the owner trail");
      }
    });
    missing_from(refs, *wanted, [&](const Entry&) { ++report_.candidates; });
  } else {
    report_.differ("owner trails from " + time_words(bucket_start(bucket)) +
                   " cannot be compared: a ledger cannot be read");
  }
  for (const Entry& e : refs) {
    if (!std::binary_search(places.begin(), places.end(), Place{e.device, e.time_ns}))
      check_candidate(e);
  }
  return {};
}

// An owner reference without a row here: it may be one of a back-filled shard.
void Verification::check_candidate(const Entry& e) {
  for (const Shard* b : shard_.options.backfilled) {
    const ShardView there(*b);
    RowCursor rows(there, schemas::DeviceId{{e.device}}, schemas::UserId{},
                   TimeWindow{e.time_ns, e.time_ns + 1}, ChunkInterest());
    if (rows.peek()) return;
    if (!rows.ok()) {
      report_.differ(device_words(e.device) + ": its trail in a back-filled shard is unreadable");
      return;
    }
  }
  if (adopted_ && shard_.options.backfilled.empty()) {
    ++report_.elsewhere;
  } else {
    report_.differ(party_words(e) + ": an owner reference without an event");
  }
}

}  // namespace

Result<VerifyReport> verify_shard(Shard& shard, const VerifyOptions& options) {
  return Verification(shard, options).run();
}

}  // namespace satindex::store
