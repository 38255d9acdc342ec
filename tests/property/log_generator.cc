#include "tests/property/log_generator.h"

#include <algorithm>
#include <map>
#include <utility>

#include "indexer/store/freshness.h"
#include "tests/support/model/instant.h"
#include "tests/support/model/model.h"

namespace satindex::property {

using model::EventFields;
using model::OwnershipFields;

const std::vector<std::string> kParties = {
    "SUP1", "SUP2", "SUP3", "NET1",
    "P\xC3\xA4rty-of-64-bytes-012345678901234567890123456789012345678901234"};
const std::vector<std::string> kRoles = {"IS", "ES", "GS", "RSA", "ED", "GT", "OU", "NEWROLE"};
const std::vector<std::string> kEventTypes = {
    "SERVICE_REQUEST", "SIGNED_PRE_COMMAND", "ACKNOWLEDGEMENT",
    "PRE_COMMAND",     "SERVICE_RESPONSE",   "DEVICE_ALERT",
    "DCC_ALERT",       "NEVER_SEEN",         "service_request"};
const std::vector<std::string> kSrvs = {"4.1",  "4.10", "4.8.1", "6.2",
                                        "6.20", "7.1",  "99.99", "x\"y\\z"};
const std::vector<std::string> kDeviceTypes = {"ESME", "GSME", "CHF", "TOASTER"};

namespace {

// 2024-01-06T16:27:38Z: one of the store's buckets (2^51 ns, 26 days) ends between slots 15 and 16, so that trails go on in the
// next and retention drops whole ones.
constexpr int64_t kStart = 1'704'558'458;
// A handful, so that their fingerprints of 16 bits can be seen not to collide.
const char* const kEventIds[] = {"ev-a", "ev-b", "ev-c", "ev-d", "0", "ev-\xE2\x82\xAC"};

std::string hex_eui(uint64_t value) {
  static const char* const kHex = "0123456789ABCDEF";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 8) {
    out += kHex[value >> shift & 15];
    out += kHex[value >> (shift - 4) & 15];
    if (shift > 4) out += '-';
  }
  return out;
}

class Generator {
 public:
  Generator(const LogShape& shape, uint64_t seed) : shape_(shape), rng_(seed) {}

  model::Log generate() {
    while (static_cast<int>(events_.size()) < shape_.events) add_event();
    for (int i = 0; i < shape_.intervals; ++i) add_interval();
    for (int i = 0; i < shape_.unreadable; ++i) add_unreadable();
    shuffle(&events_);
    shuffle(&ownership_);
    return lay_out();
  }

 private:
  model::Draw draw() {
    return [this](uint32_t n) { return rng_.below(n); };
  }

  std::string device() {  // a few are far busier than the rest
    return device_name(
        static_cast<int>(std::min(rng_.below(static_cast<uint32_t>(shape_.devices)),
                                  rng_.below(static_cast<uint32_t>(shape_.devices)))));
  }

  std::string any_case(std::string id) {
    if (!rng_.one_in(3)) return id;
    for (char& c : id) {
      if (c >= 'A' && c <= 'F' && rng_.one_in(2)) c = static_cast<char>(c - 'A' + 'a');
    }
    return id;
  }

  model::Instant moment() {
    int64_t ns = slot_ns(static_cast<int>(rng_.below(static_cast<uint32_t>(shape_.slots))));
    switch (rng_.below(8)) {
      case 0:
        ns += 1;
        break;
      case 1:
        ns -= 1;
        break;
      case 2:
        ns += 500'000'000;
        break;
      case 3:
        ns += 123'000'000;
        break;
      default:
        break;
    }
    return model::from_ns(ns);
  }

  // Legal writings of an instant differ in decimals and in how they say UTC.
  std::string written(model::Instant t, bool more_decimals) {
    int needed = 9;
    for (int64_t n = t.nanos; needed > 0 && n % 10 == 0; n /= 10) --needed;
    int decimals = needed;
    if (more_decimals || rng_.one_in(3)) {
      decimals += static_cast<int>(rng_.below(static_cast<uint32_t>(10 - needed)));
    }
    std::string out = model::write_time(t, decimals);
    if (rng_.one_in(6)) out.replace(out.size() - 1, 1, "+00:00");
    return out;
  }

  std::string event_time() {
    if (shape_.extremes && rng_.one_in(60)) {
      return rng_.one_in(2) ? "1970-01-01T00:00:00Z" : "2261-12-31T23:59:59.999999999Z";
    }
    return written(moment(), false);
  }

  template <class Make>
  std::optional<std::string> maybe(uint32_t absent_one_in, Make make) {
    if (rng_.one_in(absent_one_in)) return std::nullopt;
    return make();
  }

  void add_event() {
    uint32_t kind = drafted_.empty() ? 9 : rng_.below(10);
    if (kind < 2) return redeliver(rng_.pick(drafted_));
    EventFields e;
    if (kind == 2) {  // like another in all but one thing
      e = rng_.pick(drafted_);
      vary(&e);
    } else {
      e = fresh_event();
    }
    drafted_.push_back(e);
    put_event(e, false);
  }

  EventFields fresh_event() {
    EventFields e;
    e.event_id = maybe(2, [&] { return std::string(rng_.pick(kEventIds)); });
    e.timestamp = event_time();
    e.event_type = rng_.one_in(3) ? rng_.pick(kEventTypes) : kEventTypes[rng_.below(2) * 4];
    e.user_id = any_case(user_name(static_cast<int>(rng_.below(kUsers))));
    e.user_role = rng_.pick(kRoles);
    e.device_id = maybe(8, [&] { return any_case(device()); });
    e.request_id =
        maybe(3, [&] { return any_case(request_name(static_cast<int>(rng_.below(kRequests)))); });
    e.srv = maybe(5, [&] { return rng_.pick(kSrvs); });
    e.device_type = maybe(4, [&] { return rng_.pick(kDeviceTypes); });
    e.smets_version = maybe(3, [&] { return std::string(rng_.one_in(2) ? "SMETS1" : "SMETS2"); });
    e.response_code = maybe(3, [&] { return std::string(rng_.one_in(2) ? "I0" : "E5001"); });
    if (rng_.one_in(2)) e.command_variant = static_cast<int>(rng_.one_in(9) ? 255 : rng_.below(10));
    return e;
  }

  void vary(EventFields* e) {
    switch (rng_.below(6)) {
      case 0:
        e->event_id = maybe(3, [&] { return std::string(rng_.pick(kEventIds)); });
        break;
      case 1:
        e->device_id = maybe(3, [&] { return device(); });
        break;
      case 2:
        e->command_variant = rng_.one_in(2) ? std::optional<int>() : std::optional<int>(0);
        break;
      case 3:
        e->smets_version = std::nullopt;
        break;
      case 4:
        e->user_role = rng_.pick(kRoles);
        break;
      default:
        e->response_code = "W000123";
        break;
    }
  }

  void redeliver(EventFields e) {
    if (rng_.one_in(2)) e.timestamp = written(model::read_time(e.timestamp).instant, true);
    e.user_id = any_case(model::canonical(e.user_id));
    if (e.device_id) e.device_id = any_case(model::canonical(*e.device_id));
    if (e.request_id) e.request_id = any_case(model::canonical(*e.request_id));
    put_event(e, true);
  }

  int any_partition() {
    return static_cast<int>(rng_.below(static_cast<uint32_t>(shape_.partitions)));
  }

  void put_event(const EventFields& e, bool again) {
    model::LogRecord d;
    d.topic = model::Topic::kEvents;
    d.body = e;
    d.value = model::to_json(e, draw());
    if (e.device_id) {
      d.key = model::canonical(*e.device_id);
      d.partition = home_partition(d.key, shape_.partitions);
      if (shape_.misplaced && rng_.one_in(again ? 2 : 20)) d.partition = any_partition();
    } else {
      d.partition = any_partition();
    }
    events_.push_back(std::move(d));
  }

  std::string edge() {
    if (shape_.extremes && rng_.one_in(40)) {
      static const char* const kEdges[] = {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z",
                                           "1970-01-01T00:00:00Z", "2262-01-01T00:00:00Z",
                                           "9999-12-31T23:59:59.999999999Z"};
      return rng_.pick(kEdges);
    }
    return written(moment(), false);
  }

  // An end at or after `from`: null, the same instant (never held) or later.
  std::optional<std::string> end_after(const std::string& from) {
    if (rng_.one_in(4)) return std::nullopt;
    if (rng_.one_in(12)) return from;
    std::string to = edge();
    if (model::read_time(to).instant < model::read_time(from).instant) return std::nullopt;
    return to;
  }

  void add_interval() {
    OwnershipFields o;
    o.device_id = any_case(device());
    o.relation = rng_.one_in(3) ? "NETWORK_OPERATOR" : "RESPONSIBLE_SUPPLIER";
    o.party_id = rng_.pick(kParties);
    o.valid_from = edge();
    if (!ends_.empty() && rng_.one_in(3)) o.valid_from = rng_.pick(ends_);  // adjacent to another
    o.valid_to = end_after(o.valid_from);
    o.version = 1 + rng_.below(3);
    if (o.valid_to) ends_.push_back(*o.valid_to);
    put_ownership(o);
    for (uint32_t n = rng_.below(4); n > 0; --n) {
      correct(&o);
      put_ownership(o);
    }
  }

  void correct(OwnershipFields* o) {
    if (rng_.one_in(2)) o->version += 1 + rng_.below(3);  // else the same again, or a conflict
    if (rng_.one_in(40)) o->version = UINT64_MAX - rng_.below(2);
    o->device_id = any_case(model::canonical(o->device_id));
    switch (rng_.below(5)) {
      case 0:
        break;  // said again
      case 1:
        o->withdrawn = !o->withdrawn;
        break;
      case 2:  // moved: withdrawn, and another begins elsewhere
        o->withdrawn = true;
        put_ownership(*o);
        o->withdrawn = false;
        o->valid_from = edge();
        o->valid_to = end_after(o->valid_from);
        break;
      default:
        o->valid_to = end_after(o->valid_from);
        break;
    }
    if (o->withdrawn && rng_.one_in(4))
      o->valid_to = "2000-01-01T00:00:00Z";  // legal when withdrawn
    if (!o->withdrawn && o->valid_to &&
        model::read_time(*o->valid_to).instant < model::read_time(o->valid_from).instant) {
      o->valid_to = std::nullopt;
    }
  }

  void put_ownership(const OwnershipFields& o) {
    model::LogRecord d;
    d.topic = model::Topic::kOwnership;
    d.body = o;
    d.value = model::to_json(o, draw());
    d.key = model::canonical(o.device_id);
    d.partition = home_partition(d.key, shape_.partitions);
    if (shape_.misplaced && rng_.one_in(10)) d.partition = any_partition();
    told_.push_back(o);
    ownership_.push_back(std::move(d));
  }

  void add_unreadable() {
    static const char* const kBroken[] = {
        "", "{", "[1]", "{\"deviceId\":1}", "\xFF\xFE", "null", "{\"version\":1,\"version\":2}"};
    model::LogRecord d;
    d.topic = model::Topic::kOwnership;
    d.value = rng_.pick(kBroken);
    d.key = rng_.one_in(6) ? "no device id" : device();
    d.partition = home_partition(d.key, shape_.partitions);
    if (!told_.empty() && rng_.one_in(2)) {
      OwnershipFields later = rng_.pick(told_);
      later.version += 1;
      if (model::canonical(later.device_id) == d.key) d.replayed = later;
    }
    ownership_.push_back(d);
    d.topic = model::Topic::kEvents;
    d.replayed.reset();
    events_.push_back(std::move(d));
  }

  // Not wholly: an order that is mostly kept is as telling as one that is not.
  void shuffle(std::vector<model::LogRecord>* drafts) {
    const auto n = static_cast<uint32_t>(drafts->size());
    const uint32_t reach = rng_.one_in(3) ? n : 1 + rng_.below(10);
    for (uint32_t i = 0; i < n; ++i) {
      std::swap((*drafts)[i], (*drafts)[std::min(n - 1, i + rng_.below(reach))]);
    }
  }

  model::Log lay_out() {
    model::Log log;
    std::map<std::pair<model::Topic, int>, int64_t> next;
    size_t e = 0;
    size_t o = 0;
    while (e < events_.size() || o < ownership_.size()) {
      size_t left = events_.size() - e;
      size_t all = left + ownership_.size() - o;
      bool event = rng_.below(static_cast<uint32_t>(all)) < left;
      model::LogRecord record = std::move(event ? events_[e++] : ownership_[o++]);
      int64_t& offset = next[{record.topic, record.partition}];
      if (rng_.one_in(10)) offset += rng_.below(5);  // control records and the like
      record.offset = offset++;
      log.push_back(std::move(record));
    }
    return log;
  }

  const LogShape shape_;
  Rng rng_;
  std::vector<EventFields> drafted_;
  std::vector<OwnershipFields> told_;
  std::vector<std::string> ends_;
  std::vector<model::LogRecord> events_;
  std::vector<model::LogRecord> ownership_;
};

}  // namespace

std::string device_name(int i) { return hex_eui(0x00DB1234567890A0ull + static_cast<uint64_t>(i)); }

std::string user_name(int i) { return hex_eui(0x90B3D51F30010000ull + static_cast<uint64_t>(i)); }

std::string request_name(int i) {
  return user_name(i % kUsers) + ':' + device_name(i % 3) + ':' +
         (i % 2 == 0 ? std::to_string(i) : "18446744073709551615");
}

int64_t slot_ns(int i) { return (kStart + int64_t{3600} * i) * model::kSecond; }

int home_partition(const std::string& device, int partitions) {
  auto eui = schemas::Eui64::parse(device);
  if (!eui) return 0;
  return store::partition_of(store::kPartitionerMurmur2, schemas::DeviceId{*eui}, partitions);
}

model::Log random_log(const LogShape& shape, uint64_t seed) {
  return Generator(shape, seed).generate();
}

LogShape random_shape(Rng& rng) {
  LogShape s;
  s.partitions = 1 + static_cast<int>(rng.below(3));
  s.devices = 1 + static_cast<int>(rng.below(8));
  s.events = rng.one_in(5) ? 1500 : 20 + static_cast<int>(rng.below(300));
  s.intervals = static_cast<int>(rng.below(60));
  s.unreadable = rng.one_in(2) ? 0 : static_cast<int>(rng.below(5));
  s.misplaced = s.partitions > 1 && rng.one_in(3);
  s.extremes = !rng.one_in(3);
  s.slots = rng.one_in(3) ? 6 : 48;
  return s;
}

}  // namespace satindex::property
