#include <algorithm>
#include <iterator>

#include "tests/property/log_generator.h"
#include "tests/property/question.h"

namespace satindex::property {
namespace {

void draw_settings(Rng& rng, Ask* ask) {
  model::Settings& s = ask->settings;
  s.option = rng.one_in(10)  ? model::Option::kNone
             : rng.one_in(3) ? model::Option::kA
                             : model::Option::kB;
  s.history = static_cast<model::History>(rng.below(3));
  if (rng.one_in(4)) s.cross_user_types.insert("ACKNOWLEDGEMENT");
  if (rng.one_in(4)) s.cross_user_types.insert("PRE_COMMAND");
  if (rng.one_in(12)) s.cross_user_types = {"SERVICE_RESPONSE"};
  if (rng.one_in(30)) s.cross_user_types.clear();
  if (rng.one_in(12)) {
    s.supplier_roles = {"IS", "NEWROLE"};
    s.network_operator_roles = {"ED", "RSA", "GS"};
  }
  if (rng.one_in(4)) {
    s.hide_request_id = rng.one_in(2);
    s.hide_command_variant = rng.one_in(2);
    s.hide_response_code = rng.one_in(2);
  }
}

void draw_caller(Rng& rng, Ask* ask) {
  ask->caller.party = rng.one_in(20) ? "NOBODY" : rng.pick(kParties);
  ask->caller.role = rng.one_in(4) ? rng.pick(kRoles) : rng.one_in(3) ? "ED" : "IS";
  ask->caller.report = rng.one_in(10);
  for (uint32_t n = rng.below(4); n > 0; --n) {
    ask->caller.user_ids.insert(user_name(static_cast<int>(rng.below(kUsers))));
  }
  if (rng.one_in(20)) {
    for (int i = 0; i < kUsers; ++i) ask->caller.user_ids.insert(user_name(i));
  }
}

// Hours, and the nanoseconds around them, are where things happen.
int64_t draw_time(Rng& rng) {
  const int64_t t = slot_ns(static_cast<int>(rng.below(50)));
  return rng.one_in(2) ? t : t + static_cast<int64_t>(rng.below(3)) - 1;
}

void draw_filters(Rng& rng, model::Question* q) {
  if (rng.one_in(3)) q->from_ns = draw_time(rng);
  if (rng.one_in(3)) q->to_ns = draw_time(rng);
  if (rng.one_in(8)) q->srv.insert(rng.pick(kSrvs));
  if (rng.one_in(16)) q->srv.insert("no such");
  if (rng.one_in(8)) q->user_role.insert(rng.pick(kRoles));
  if (rng.one_in(16)) q->user_role.insert(rng.pick(kRoles));
  if (rng.one_in(8)) q->event_type.insert(rng.pick(kEventTypes));
  if (rng.one_in(16)) q->event_type.insert(rng.pick(kEventTypes));
  if (rng.one_in(8)) q->device_type.insert(rng.pick(kDeviceTypes));
  if (rng.one_in(8)) q->request_id = request_name(static_cast<int>(rng.below(kRequests)));
  q->others_only = rng.one_in(5);
}

void draw_proofs(Rng& rng, Ask* ask) {
  static constexpr int64_t kBehind[] = {-model::kSecond, model::kSecond, model::kSecond + 1,
                                        3600 * model::kSecond};
  if (rng.one_in(16)) ask->clock_behind_ns = rng.pick(kBehind);
  if (!rng.one_in(8)) return;
  for (Proof& proof : ask->proofs) {
    if (rng.one_in(2)) proof = static_cast<Proof>(rng.below(7));
  }
  ask->unread_partitions = rng.one_in(6);
}

}  // namespace

Ask plain_ask(const World& world, model::Route route, const std::string& device) {
  Ask ask;
  ask.settings.option = model::Option::kB;
  ask.question.route = route;
  ask.question.device = device;
  ask.now_ns = slot_ns(60);
  ask.proofs.assign(static_cast<size_t>(world.partitions()), Proof::kFresh);
  return ask;
}

Ask random_ask(Rng& rng, const World& world) {
  Ask ask = plain_ask(world, static_cast<model::Route>(rng.below(3)), {});
  if (rng.one_in(2)) ask.question.route = model::Route::kDevice;
  if (ask.question.route == model::Route::kDevice) {
    ask.question.device = device_name(static_cast<int>(std::min(rng.below(8), rng.below(9))));
  }
  draw_settings(rng, &ask);
  draw_caller(rng, &ask);
  if (rng.one_in(2)) draw_filters(rng, &ask.question);
  draw_proofs(rng, &ask);
  ask.now_ns = std::max(draw_time(rng), world.options().work_now_ns);
  if (rng.one_in(4))
    ask.settings.retention_ns = slot_ns(static_cast<int>(rng.below(48))) - slot_ns(0) + 1;
  if (world.options().retention_ns > 0) ask.settings.retention_ns = world.options().retention_ns;
  static constexpr uint32_t kLimits[] = {1, 2, 3, 7, 20, 50, 50, 1000, 1000, 1000};
  ask.limit = rng.pick(kLimits);
  return ask;
}

}  // namespace satindex::property
