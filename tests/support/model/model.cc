#include "tests/support/model/model.h"

#include <algorithm>

namespace satindex::model {
namespace {

std::string or_absent(const std::optional<std::string>& field) {
  return field ? '=' + *field : "-";
}

std::string or_absent(const std::optional<int>& field) {
  return field ? '=' + std::to_string(*field) : "-";
}

std::optional<std::string> canonical(const std::optional<std::string>& id) {
  if (!id) return std::nullopt;
  return satindex::model::canonical(*id);
}

// 1.3: every field but the payload, absent agreeing only with absent, times as instants.
std::string identity(const EventFields& e, Instant time) {
  std::string out = write_time(time, 9);
  for (const std::string& part :
       {or_absent(e.event_id), e.event_type, e.user_id, e.user_role, or_absent(e.device_id),
        or_absent(e.request_id), or_absent(e.srv), or_absent(e.device_type),
        or_absent(e.smets_version), or_absent(e.response_code), or_absent(e.command_variant)}) {
    out += '\x1f';
    out += part;
  }
  return out;
}

bool device_id_syntax(const std::string& text) {
  if (text.size() != 23) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool hex = std::string("0123456789ABCDEFabcdef").find(text[i]) != std::string::npos;
    if (i % 3 == 2 ? text[i] != '-' : !hex) return false;
  }
  return true;
}

bool passes(const std::set<std::string>& wanted, const std::optional<std::string>& field) {
  return wanted.empty() || (field && wanted.count(*field) > 0);
}

}  // namespace

std::string canonical(std::string id) {
  for (char& c : id) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return id;
}

std::string Entry::line() const {
  std::string out = timestamp + ' ' + event_type + " user" + '=' + user_id + '/' + user_role;
  out += " device" + or_absent(device_id) + " request" + or_absent(request_id) + " srv" +
         or_absent(srv) + " variant" + or_absent(command_variant) + " type" +
         or_absent(device_type) + " smets" + or_absent(smets_version) + " code" +
         or_absent(response_code);
  return out + (own ? " own" : " other");
}

std::string Entry::place() const { return std::to_string(time_ns) + ' ' + device_id.value_or(""); }

void Model::apply(const LogRecord& record) {
  if (const auto* event = std::get_if<EventFields>(&record.body)) {
    apply_event(*event);
  } else if (const auto* ownership = std::get_if<OwnershipFields>(&record.body)) {
    apply_ownership(*ownership, record.partition, record.offset);
  } else if (record.topic == Topic::kOwnership && device_id_syntax(record.key)) {
    devices_.insert(canonical(record.key));
    unreadable_.push_back({canonical(record.key), record.partition, record.offset});
  }
}

void Model::apply_event(const EventFields& fields) {
  StoredEvent event{fields, read_time(fields.timestamp), 0};
  event.ns = to_ns(event.time.instant);
  event.fields.user_id = canonical(fields.user_id);
  event.fields.device_id = canonical(fields.device_id);
  event.fields.request_id = canonical(fields.request_id);
  if (event.fields.device_id) devices_.insert(*event.fields.device_id);
  auto [it, fresh] = events_.try_emplace(identity(event.fields, event.time.instant), event);
  if (!fresh) it->second.time.decimals = std::max(it->second.time.decimals, event.time.decimals);
}

void Model::apply_ownership(const OwnershipFields& fields, int partition, int64_t offset) {
  std::string device = canonical(fields.device_id);
  devices_.insert(device);
  Interval arrived{fields.version, std::nullopt, fields.withdrawn};
  if (fields.valid_to) arrived.valid_to = read_time(*fields.valid_to).instant;
  IntervalKey key{device, fields.relation, fields.party_id, read_time(fields.valid_from).instant};
  auto [it, fresh] = ledger_.try_emplace(key, arrived);
  Interval& known = it->second;
  if (!fresh && arrived.version > known.version) {
    known = arrived;
  } else if (!fresh && arrived.version == known.version) {  // withdrawn, else the earlier end, wins
    known.withdrawn = known.withdrawn || arrived.withdrawn;
    if (arrived.valid_to && (!known.valid_to || *arrived.valid_to < *known.valid_to)) {
      known.valid_to = arrived.valid_to;
    }
  }
  auto [last, first] =
      readable_.try_emplace({device, fields.relation, fields.party_id, partition}, offset);
  if (!first) last->second = std::max(last->second, offset);
}

void Model::replay(int partition, int64_t offset, const OwnershipFields& fields) {
  std::erase_if(unreadable_, [&](const Unreadable& u) {
    return u.partition == partition && u.offset == offset;
  });
  apply_ownership(fields, partition, offset);
}

bool Model::suspended(const std::string& device, const std::string& relation,
                      const std::string& party) const {
  for (const Unreadable& u : unreadable_) {
    if (u.device != device) continue;
    auto it = readable_.find({device, relation, party, u.partition});
    if (it == readable_.end() || it->second < u.offset) return true;
  }
  return false;
}

std::vector<Held> Model::own_intervals(const std::string& device, const std::string& relation,
                                       const std::string& party, int64_t now_ns) const {
  std::vector<Held> out;
  IntervalKey low{device, relation, party, Instant{INT64_MIN, 0}};
  for (auto it = ledger_.lower_bound(low); it != ledger_.end(); ++it) {
    const auto& [of_device, of_relation, of_party, from] = it->first;
    if (of_device != device || of_relation != relation || of_party != party) break;
    const Interval& interval = it->second;
    if (interval.withdrawn || from >= first_after_2261()) continue;  // never held, never begins
    Held held;
    held.from = from < first_of_1970() ? 0 : to_ns(from);
    if (interval.valid_to && *interval.valid_to < first_after_2261()) {
      held.to = *interval.valid_to < first_of_1970() ? 0 : to_ns(*interval.valid_to);
    }
    if (held.from < held.to && held.from <= now_ns) out.push_back(held);
  }
  return out;
}

bool Model::entitled(const Settings& settings, const std::string& device,
                     const std::string& relation, const std::string& party, int64_t now_ns) const {
  std::vector<Held> own = own_intervals(device, relation, party, now_ns);
  if (settings.history == History::kTenureFormer) return !own.empty();
  return std::any_of(own.begin(), own.end(), [&](const Held& h) { return h.contains(now_ns); });
}

std::optional<std::string> Model::cross_relation(const Settings& settings, const Caller& caller) {
  if (caller.report || settings.option == Option::kNone) return std::nullopt;
  if (settings.supplier_roles.count(caller.role) > 0) return "RESPONSIBLE_SUPPLIER";
  if (settings.network_operator_roles.count(caller.role) > 0 && settings.option == Option::kB) {
    return "NETWORK_OPERATOR";
  }
  return std::nullopt;
}

bool Model::Right::in_own(int64_t t) const {
  return std::any_of(own.begin(), own.end(), [&](const Held& h) { return h.contains(t); });
}

Model::Right Model::right(const Settings& settings, const Caller& caller, const std::string& device,
                          int64_t now_ns) const {
  Right r;
  std::optional<std::string> relation = cross_relation(settings, caller);
  if (!relation) return r;
  r.own = own_intervals(device, *relation, caller.party, now_ns);
  r.entitled = entitled(settings, device, *relation, caller.party, now_ns);
  r.suspended = settings.withhold_on_unreadable && suspended(device, *relation, caller.party);
  return r;
}

Entry Model::entry(const StoredEvent& event, const Settings& settings, bool own) const {
  const EventFields& f = event.fields;
  Entry e;
  e.time_ns = event.ns;
  e.timestamp = write_time(event.time.instant, event.time.decimals);
  e.event_type = f.event_type;
  e.user_id = f.user_id;
  e.user_role = f.user_role;
  e.srv = f.srv;
  e.device_id = f.device_id;
  e.device_type = f.device_type;
  e.smets_version = f.smets_version;
  e.own = own;
  if (own || !settings.hide_request_id) e.request_id = f.request_id;
  if (own || !settings.hide_command_variant) e.command_variant = f.command_variant;
  if (own || !settings.hide_response_code) e.response_code = f.response_code;
  return e;
}

bool Model::selects(const Question& q, const Settings& settings, const StoredEvent& event,
                    bool own) {
  const EventFields& f = event.fields;
  if ((q.from_ns && event.ns < *q.from_ns) || (q.to_ns && event.ns >= *q.to_ns)) return false;
  if (q.others_only && own) return false;
  if (q.request_id && (f.request_id != q.request_id || (!own && settings.hide_request_id)))
    return false;
  return passes(q.srv, f.srv) && passes(q.user_role, f.user_role) &&
         passes(q.event_type, f.event_type) && passes(q.device_type, f.device_type);
}

CrossUser Model::cross_user(const Question& q, bool excluded, bool fresh, const Right& asked) {
  if (excluded) return CrossUser::kNone;
  if (!fresh) return CrossUser::kWithheld;
  if (q.route == Route::kOwned) return CrossUser::kIncluded;
  if (!asked.entitled) return CrossUser::kNone;
  return asked.suspended ? CrossUser::kWithheld : CrossUser::kIncluded;
}

Answer Model::answer(const Settings& settings, const Caller& caller, const Question& q,
                     const Moment& moment) const {
  Answer a;
  const bool excluded = q.route == Route::kOwn || !cross_relation(settings, caller);
  if (q.route == Route::kOwned && excluded) {
    a.forbidden = true;
    return a;
  }
  const Right none;
  std::map<std::string, Right> rights;
  for (const std::string& device : devices_) {
    rights[device] = right(settings, caller, device, moment.now_ns);
  }
  auto right_on = [&](const std::string& device) -> const Right& {
    auto it = rights.find(device);
    return it == rights.end() ? none : it->second;
  };
  const bool fresh =
      !moment.clock_behind && (q.route == Route::kDevice ? moment.device_fresh : moment.all_fresh);
  a.cross_user = cross_user(q, excluded, fresh, right_on(q.device));
  if (q.route == Route::kOwned) {
    for (const auto& [device, r] : rights) a.partial = a.partial || (r.entitled && r.suspended);
  }
  for (const auto& [id, event] : events_) {
    const EventFields& f = event.fields;
    if (settings.retention_ns > 0 && event.ns < moment.now_ns - settings.retention_ns) continue;
    if (q.route == Route::kDevice && f.device_id != q.device) continue;
    const Right& r = f.device_id ? right_on(*f.device_id) : none;
    const bool own = caller.user_ids.count(f.user_id) > 0;  // rule 1
    const bool history = settings.history == History::kCurrent || r.in_own(event.ns);
    const bool others = !excluded && fresh && r.entitled && !r.suspended && history &&
                        settings.cross_user_types.count(f.event_type) > 0;  // rules 2 and 3
    if (q.route == Route::kOwn ? !own : !own && !others) continue;
    if (q.route == Route::kOwned && !(r.entitled && r.in_own(event.ns))) continue;
    if (selects(q, settings, event, own)) a.entries.push_back(entry(event, settings, own));
  }
  std::stable_sort(a.entries.begin(), a.entries.end(), [](const Entry& x, const Entry& y) {
    if (x.time_ns != y.time_ns) return x.time_ns > y.time_ns;
    return x.device_id < y.device_id;  // none first
  });
  return a;
}

}  // namespace satindex::model
