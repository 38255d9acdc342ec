#include "tests/property/question.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "tests/property/log_generator.h"

namespace satindex::property {
namespace {

constexpr int64_t kBootNs = 5'000'000 * model::kSecond;

schemas::DeviceId device_id(const std::string& text) {
  return schemas::DeviceId{*schemas::Eui64::parse(text)};
}

trail::AccessRules product_rules(const model::Settings& s) {
  trail::AccessRules r;
  r.option = static_cast<trail::AccessOption>(s.option);
  r.history = static_cast<trail::AccessHistory>(s.history);
  r.cross_user_types.assign(s.cross_user_types.begin(), s.cross_user_types.end());
  r.supplier_roles.assign(s.supplier_roles.begin(), s.supplier_roles.end());
  r.network_operator_roles.assign(s.network_operator_roles.begin(), s.network_operator_roles.end());
  r.hide_request_id = s.hide_request_id;
  r.hide_command_variant = s.hide_command_variant;
  r.hide_response_code = s.hide_response_code;
  return r;
}

trail::Caller product_caller(const model::Caller& c) {
  trail::Caller caller;
  caller.sub = "somebody";
  caller.party = c.party;
  caller.role = c.role;
  for (const std::string& id : c.user_ids) {
    caller.user_ids.push_back(schemas::UserId{*schemas::Eui64::parse(id)});
  }
  caller.channel = c.report ? trail::Channel::kReport : trail::Channel::kScreen;
  return caller;
}

trail::AuditTrailQuery product_query(const Ask& ask) {
  const model::Question& q = ask.question;
  trail::AuditTrailQuery out;
  out.route = static_cast<trail::Route>(q.route);
  if (q.route == model::Route::kDevice) out.device = device_id(q.device);
  if (q.from_ns) out.filters.window.from_ns = *q.from_ns;
  if (q.to_ns) out.filters.window.to_ns = *q.to_ns;
  out.filters.srv.assign(q.srv.begin(), q.srv.end());
  out.filters.user_role.assign(q.user_role.begin(), q.user_role.end());
  out.filters.event_type.assign(q.event_type.begin(), q.event_type.end());
  out.filters.device_type.assign(q.device_type.begin(), q.device_type.end());
  if (q.request_id) out.filters.request_id = schemas::RequestId::parse(*q.request_id);
  out.filters.others_only = q.others_only;
  out.limit = ask.limit;
  return out;
}

std::optional<std::string> present(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return std::string(text);
}

model::Entry seen(const trail::Entry& entry) {
  const store::TrailRow& row = entry.row;
  model::Entry e;
  e.time_ns = row.time_ns;
  e.timestamp = schemas::format_time(row.time_ns, row.decimals);
  e.event_type = row.outcome->first;
  e.user_id = row.user->user.eui.to_string();
  e.user_role = row.user->first;
  if (row.request && entry.show_request_id) e.request_id = row.request->to_string();
  e.srv = present(row.service->first);
  if (row.device) e.device_id = row.device->eui.to_string();
  e.device_type = present(row.device_attrs->first);
  e.smets_version = present(row.device_attrs->second);
  if (entry.show_response_code) e.response_code = present(row.outcome->second);
  if (entry.show_command_variant && row.service->variant >= 0)
    e.command_variant = row.service->variant;
  e.own = entry.own;
  return e;
}

std::unique_ptr<store::FreshnessBoard> make_board(const Ask& ask, const World& world) {
  auto board = std::make_unique<store::FreshnessBoard>(world.partitions());
  constexpr int64_t kJust = 2 * model::kSecond;
  constexpr int64_t kLongAgo = 100 * model::kSecond;
  for (int p = 0; p < world.partitions(); ++p) {
    board->set_partitioners(p, world.partitioners(p));
    board->confirm(store::Topic::kEvents, p, ask.now_ns - kJust, kBootNs - kJust);
    const Proof proof = ask.proofs[static_cast<size_t>(p)];
    if (proof == Proof::kNever) continue;
    board->confirm(store::Topic::kOwnership, p,
                   ask.now_ns - (proof == Proof::kStaleByWall ? kLongAgo : kJust),
                   kBootNs - (proof == Proof::kStaleByBoot ? kLongAgo : kJust));
    if (proof == Proof::kGap) {
      board->set_fault(store::Topic::kOwnership, p, store::FreshnessFault::kGap);
    } else if (proof == Proof::kRecreated) {
      board->set_fault(store::Topic::kOwnership, p, store::FreshnessFault::kRecreated);
    } else if (proof == Proof::kBeyondEnd) {
      board->set_fault(store::Topic::kOwnership, p, store::FreshnessFault::kBeyondEnd);
    }
  }
  board->set_unread_partitions(ask.unread_partitions);
  return board;
}

// Those that fit key and device of every ownership record so far.
uint8_t fitting_partitioners(const World& world) {
  uint8_t fits = store::kPartitionerAll;
  for (int p = 0; p < world.partitions(); ++p) fits &= world.partitioners(p);
  return fits;
}

std::string show(const std::vector<std::string>& lines, size_t most = 12) {
  std::string out;
  for (size_t i = 0; i < lines.size() && i < most; ++i) out += "\n    " + lines[i];
  if (lines.size() > most) out += "\n    ... " + std::to_string(lines.size()) + " in all";
  return out;
}

}  // namespace

bool Ask::fresh(int partition) const {
  return !unread_partitions && proofs[static_cast<size_t>(partition)] == Proof::kFresh;
}

model::Moment Ask::moment(const World& world) const {
  model::Moment m;
  m.now_ns = now_ns;
  m.clock_behind = clock_behind_ns > model::kSecond;
  for (int p = 0; p < world.partitions(); ++p) m.all_fresh = m.all_fresh && fresh(p);
  m.device_fresh = m.all_fresh;
  if (question.route != model::Route::kDevice) return m;
  // The one partition that the partitioners which fit every ownership record agree on; else every
  // partition.
  const uint8_t fits = fitting_partitioners(world);
  std::set<int> named;
  for (auto bit : {store::kPartitionerMurmur2, store::kPartitionerCrc32}) {
    if (fits & bit)
      named.insert(store::partition_of(bit, device_id(question.device), world.partitions()));
  }
  if (named.size() == 1) m.device_fresh = fresh(*named.begin());
  return m;
}

std::string Ask::describe() const {
  static const char* const kOptions[] = {"none", "A", "B"};
  static const char* const kHistories[] = {"current", "tenure", "tenure-former"};
  static const char* const kRoutes[] = {"device", "owned", "own"};
  std::string out = std::string("option=") + kOptions[static_cast<int>(settings.option)] +
                    " history=" + kHistories[static_cast<int>(settings.history)] + " types=";
  for (const auto& t : settings.cross_user_types) out += t + ',';
  out += " hide=" + std::to_string(settings.hide_request_id) +
         std::to_string(settings.hide_command_variant) +
         std::to_string(settings.hide_response_code);
  out += " retention=" + std::to_string(settings.retention_ns);
  out += "\n  caller party=" + caller.party + " role=" + caller.role +
         (caller.report ? " report" : " screen");
  for (const auto& id : caller.user_ids) out += ' ' + id;
  out += std::string("\n  route=") + kRoutes[static_cast<int>(question.route)] + ' ' +
         question.device + " now=" + model::write_time(model::from_ns(now_ns), 9) +
         " limit=" + std::to_string(limit);
  if (question.from_ns) out += " from=" + model::write_time(model::from_ns(*question.from_ns), 9);
  if (question.to_ns) out += " to=" + model::write_time(model::from_ns(*question.to_ns), 9);
  for (const auto& s : question.srv) out += " srv=" + s;
  for (const auto& s : question.user_role) out += " userRole=" + s;
  for (const auto& s : question.event_type) out += " eventType=" + s;
  for (const auto& s : question.device_type) out += " deviceType=" + s;
  if (question.request_id) out += " requestId=" + *question.request_id;
  if (question.others_only) out += " othersOnly";
  out += " proofs=";
  for (Proof p : proofs) out += std::to_string(static_cast<int>(p));
  if (clock_behind_ns != 0) out += " clock behind by " + std::to_string(clock_behind_ns) + " ns";
  return out + (unread_partitions ? " unread partitions" : "");
}

Asked::Asked(const Ask& ask, const World& world) : ask_(ask), board_(make_board(ask, world)) {
  clock_.set(ask.now_ns, kBootNs);
  auto policy = trail::AccessPolicy::create(product_rules(ask.settings));
  if (!policy) {
    std::cerr << "the rules were refused: " << policy.error().message << std::endl;
    std::abort();
  }
  trail::TrailSettings settings;
  settings.retention_ns = ask.settings.retention_ns;
  settings.latest_now_ns = ask.now_ns + ask.clock_behind_ns;
  service_ = std::make_unique<trail::TrailService>(world.shards(), board_.get(), *std::move(policy),
                                                   settings, &clock_);
}

std::optional<PageSeen> Asked::page(std::optional<store::TrailPosition> after) const {
  trail::AuditTrailQuery query = product_query(ask_);
  query.after = after;
  auto result = service_->read(product_caller(ask_.caller), query);
  if (!result) {
    if (result.error().code == schemas::StatusCode::kForbidden) return std::nullopt;
    std::cerr << "read: " << result.error().message << "\n  " << ask_.describe() << std::endl;
    std::abort();
  }
  const trail::Page& page = *result;
  PageSeen out;
  for (const trail::Entry& entry : page.entries) {
    out.entries.push_back(seen(entry));
    out.positions.push_back(entry.row.position());
  }
  out.next = page.next;
  out.cross_user = static_cast<model::CrossUser>(page.cross_user);
  out.partial = page.partial;
  out.pending = page.pending;
  return out;
}

std::optional<std::vector<PageSeen>> Asked::all() const {
  std::vector<PageSeen> pages;
  std::optional<store::TrailPosition> after;
  do {
    std::optional<PageSeen> next = page(after);
    if (!next) return std::nullopt;
    after = next->next;
    pages.push_back(std::move(*next));
    if (pages.size() > 20'000) {
      std::cerr << "pages without end\n  " << ask_.describe() << std::endl;
      std::abort();
    }
  } while (after);
  return pages;
}

namespace {

// Compares page shapes: flags, sizes, the order. Appends to *out.
void compare_pages(const Ask& ask, const model::Answer& expected, bool must_be_partial,
                   bool may_be_partial, const std::vector<PageSeen>& pages, std::string* out) {
  std::optional<store::TrailPosition> last;
  for (size_t i = 0; i < pages.size(); ++i) {
    const PageSeen& page = pages[i];
    const std::string at = " on page " + std::to_string(i + 1);
    if (page.cross_user != expected.cross_user) {
      *out += "\n  crossUser is " + std::to_string(static_cast<int>(page.cross_user)) +
              ", expected " + std::to_string(static_cast<int>(expected.cross_user)) + at;
    }
    if (page.partial ? !may_be_partial : must_be_partial) {
      *out += std::string("\n  partial is ") + (page.partial ? "true" : "false") + at;
    }
    if (page.entries.size() > ask.limit) *out += "\n  more than limit entries" + at;
    if (page.next && page.entries.size() < ask.limit)
      *out += "\n  a short page before the end" + at;
    for (const store::TrailPosition& position : page.positions) {
      if (last && !(*last < position)) *out += "\n  positions do not ascend" + at;
      last = position;
    }
  }
}

void compare_entries(const std::vector<model::Entry>& expected,
                     const std::vector<model::Entry>& seen_all,
                     const std::set<std::string>& may_lack, bool pending, std::string* out) {
  for (size_t i = 1; i < seen_all.size(); ++i) {
    const model::Entry& a = seen_all[i - 1];
    const model::Entry& b = seen_all[i];
    if (a.time_ns < b.time_ns || (a.time_ns == b.time_ns && b.device_id < a.device_id)) {
      *out += "\n  out of order: " + a.line() + " before " + b.line();
    }
  }
  std::map<std::string, int> count;
  for (const model::Entry& e : seen_all) ++count[e.line()];
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  for (const model::Entry& e : expected) {
    if (--count[e.line()] < 0 && !pending && (!e.device_id || may_lack.count(*e.device_id) == 0)) {
      missing.push_back(e.line());
    }
  }
  for (const auto& [line, n] : count) {
    for (int i = 0; i < n; ++i) extra.push_back(line);
  }
  if (!missing.empty()) *out += "\n  missing:" + show(missing);
  if (!extra.empty()) *out += "\n  not to be shown, or shown twice:" + show(extra);
}

}  // namespace

std::string difference(const Ask& ask, const World& world, EndHabit* habit) {
  if (!world.broken().empty()) return world.broken();
  return difference(ask, world, Asked(ask, world).all(), habit);
}

std::string difference(const Ask& ask, const World& world,
                       const std::optional<std::vector<PageSeen>>& pages, EndHabit* habit) {
  const model::Answer expected =
      world.model().answer(ask.settings, ask.caller, ask.question, ask.moment(world));
  if (expected.forbidden != !pages) {
    return expected.forbidden ? "\n  answered, but is forbidden"
                              : "\n  forbidden, but should be answered";
  }
  if (!pages) return {};
  std::string out;
  std::set<std::string> may_lack;
  bool pending = false;
  bool may_be_partial = expected.partial;
  bool must_be_partial = expected.partial;
  if (ask.question.route == model::Route::kOwned) {
    const auto relation = model::Model::cross_relation(ask.settings, ask.caller);
    auto entitled = [&](const std::string& device) {
      return world.model().entitled(ask.settings, device, *relation, ask.caller.party, ask.now_ns);
    };
    for (const std::string& device : world.misplaced()) {
      if (entitled(device)) may_lack.insert(device);
    }
    const bool known = fitting_partitioners(world) == store::kPartitionerMurmur2;
    for (const std::string& device : world.strays())
      must_be_partial = must_be_partial || (known && entitled(device));
    // Once ownership contradicts the partitioner that the log was made with, nothing tells who is
    // in the wrong place.
    may_be_partial = may_be_partial || !may_lack.empty() || (!known && !world.misplaced().empty());
  }
  std::vector<model::Entry> all;
  for (const PageSeen& page : *pages) {
    pending = pending || page.pending;
    all.insert(all.end(), page.entries.begin(), page.entries.end());
  }
  if (ask.question.route != model::Route::kOwned && pending)
    out += "\n  pending, but not a portfolio";
  const bool withheld = expected.cross_user == model::CrossUser::kWithheld;
  compare_pages(ask, expected, must_be_partial && !withheld,
                may_be_partial || must_be_partial || withheld, *pages, &out);
  compare_entries(expected.entries, all, may_lack, pending, &out);
  if (habit != nullptr && pages->size() > 1 && pages->back().entries.empty()) ++habit->said_more;
  if (habit != nullptr && pages->back().entries.size() == ask.limit) ++habit->said_end;
  return out;
}

}  // namespace satindex::property
