// Model: what CONTRACT.md says the system answers, computed the slow and obvious way from the
// records applied so far. Single-threaded. Section numbers are those of the contract.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/model/instant.h"
#include "tests/support/model/records.h"

namespace satindex::model {

enum class Option { kNone, kA, kB };
enum class History { kCurrent, kTenure, kTenureFormer };
enum class Route { kDevice, kOwned, kOwn };
enum class CrossUser { kNone, kIncluded, kWithheld };

// 2 and 4: what the operator states.
struct Settings {
  Option option = Option::kNone;
  History history = History::kCurrent;
  std::set<std::string> cross_user_types = {"SERVICE_REQUEST", "SIGNED_PRE_COMMAND",
                                            "SERVICE_RESPONSE"};
  std::set<std::string> supplier_roles = {"IS", "ES", "GS"};
  std::set<std::string> network_operator_roles = {"ED", "GT"};
  bool hide_request_id = false;
  bool hide_command_variant = false;
  bool hide_response_code = false;
  bool withhold_on_unreadable = true;  // --unreadable-ownership withhold
  int64_t retention_ns = 0;            // 0: unlimited
};

struct Caller {
  std::string party;
  std::string role;
  std::set<std::string> user_ids;  // canonical
  bool report = false;             // the channel
};

// 3.3. Empty lists filter nothing.
struct Question {
  Route route = Route::kDevice;
  std::string device;  // canonical; kDevice only
  std::optional<int64_t> from_ns;
  std::optional<int64_t> to_ns;
  std::set<std::string> srv;
  std::set<std::string> user_role;
  std::set<std::string> event_type;
  std::set<std::string> device_type;
  std::optional<std::string> request_id;  // canonical
  bool others_only = false;
};

// The moment of the request: the wall clock and what is proved about the ledger (2, Freshness).
struct Moment {
  int64_t now_ns = 0;
  bool device_fresh = true;  // for the device asked about
  bool all_fresh = true;
  bool clock_behind = false;  // by more than a second, of the latest now used
};

// 3.4: all the fields an entry has, `title` apart. `place` is what the order is promised by.
struct Entry {
  std::string timestamp;
  std::string event_type;
  std::string user_id;
  std::string user_role;
  std::optional<std::string> request_id;
  std::optional<std::string> srv;
  std::optional<std::string> device_id;
  std::optional<std::string> device_type;
  std::optional<std::string> smets_version;
  std::optional<std::string> response_code;
  std::optional<int> command_variant;
  bool own = false;
  int64_t time_ns = 0;

  std::string line() const;   // all fields, for comparing and for messages
  std::string place() const;  // time and device: entries of one place may come in any order
};

struct Answer {
  bool forbidden = false;
  std::vector<Entry> entries;  // newest first, then by device (none first)
  CrossUser cross_user = CrossUser::kNone;
  bool partial = false;  // suspended devices; misplaced ones are the caller's business
};

// [from, to) in nanoseconds; to = kOpen never ends.
struct Held {
  int64_t from = 0;
  int64_t to = kOpen;
  bool contains(int64_t t) const { return from <= t && t < to; }
};

class Model {
 public:
  void apply(const LogRecord& record);
  // An unreadable ownership record was read again with success (1.4).
  void replay(int partition, int64_t offset, const OwnershipFields& fields);

  Answer answer(const Settings& settings, const Caller& caller, const Question& question,
                const Moment& moment) const;

  // 2: the party's own begun intervals, and whether it is entitled, by the last known intervals.
  std::vector<Held> own_intervals(const std::string& device, const std::string& relation,
                                  const std::string& party, int64_t now_ns) const;
  bool entitled(const Settings& settings, const std::string& device, const std::string& relation,
                const std::string& party, int64_t now_ns) const;
  bool suspended(const std::string& device, const std::string& relation,
                 const std::string& party) const;
  // The relation through which this caller can see what belongs to others; nullopt: rule 1 only.
  static std::optional<std::string> cross_relation(const Settings& settings, const Caller& caller);
  // Every device that an ownership record or an event named.
  const std::set<std::string>& devices() const { return devices_; }
  size_t events() const { return events_.size(); }

 private:
  struct StoredEvent {
    EventFields fields;  // ids canonical
    Written time;        // the most precise writing
    int64_t ns = 0;
  };
  struct Interval {
    uint64_t version = 0;
    std::optional<Instant> valid_to;  // nullopt: open
    bool withdrawn = false;
  };
  using IntervalKey = std::tuple<std::string, std::string, std::string, Instant>;
  struct Unreadable {
    std::string device;
    int partition = 0;
    int64_t offset = 0;
  };
  struct Right {  // of one caller on one device
    bool entitled = false;
    bool suspended = false;
    std::vector<Held> own;
    bool in_own(int64_t t) const;
  };

  void apply_event(const EventFields& fields);
  void apply_ownership(const OwnershipFields& fields, int partition, int64_t offset);
  Right right(const Settings& settings, const Caller& caller, const std::string& device,
              int64_t now_ns) const;
  static CrossUser cross_user(const Question& question, bool excluded, bool fresh,
                              const Right& asked);
  // 3.3: the filters.
  static bool selects(const Question& question, const Settings& settings, const StoredEvent& event,
                      bool own);
  Entry entry(const StoredEvent& event, const Settings& settings, bool own) const;

  std::map<std::string, StoredEvent>
      events_;  // by everything that makes two records one event (1.3)
  std::set<std::string> devices_;
  std::map<IntervalKey, Interval> ledger_;
  std::vector<Unreadable> unreadable_;  // not yet read again
  // (device, relation, party, partition): the last offset that was readable.
  std::map<std::tuple<std::string, std::string, std::string, int>, int64_t> readable_;
};

// Upper case, which is canonical for EUIs and request ids.
std::string canonical(std::string id);

}  // namespace satindex::model
