// Ask: one question with everything that decides its answer (rules, caller, route, filters, the
// moment, what is fresh), put to the product and to the model, and the comparison of the two.
// Values; single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/trail/service.h"
#include "tests/property/rng.h"
#include "tests/property/world.h"
#include "tests/support/model/model.h"

namespace satindex::property {

// What is proved about one ownership partition at the moment of the question.
enum class Proof { kFresh, kStaleByWall, kStaleByBoot, kNever, kGap, kRecreated, kBeyondEnd };

struct Ask {
  model::Settings settings;
  model::Caller caller;
  model::Question question;
  int64_t now_ns = 0;
  std::vector<Proof> proofs;  // one a partition
  bool unread_partitions = false;
  int64_t clock_behind_ns = 0;  // how far now is behind the latest now that was used
  uint32_t limit = 50;

  bool fresh(int partition) const;
  model::Moment moment(const World& world) const;
  std::string describe() const;
};

// Mostly fresh, mostly of a party that holds something. now_ns is not before the world's work
// clock.
Ask random_ask(Rng& rng, const World& world);
// Everything fresh, no filter: the plain question.
Ask plain_ask(const World& world, model::Route route, const std::string& device);

// One page as the product gave it, in the model's terms.
struct PageSeen {
  std::vector<model::Entry> entries;
  std::vector<store::TrailPosition> positions;
  std::optional<store::TrailPosition> next;
  model::CrossUser cross_user = model::CrossUser::kNone;
  bool partial = false;
  bool pending = false;
};

// The product made ready to be asked: its board, clock and policy as the Ask says.
class Asked {
 public:
  Asked(const Ask& ask, const World& world);
  // nullopt: forbidden. Any other error aborts the test.
  std::optional<PageSeen> page(std::optional<store::TrailPosition> after) const;
  // Page by page to the end.
  std::optional<std::vector<PageSeen>> all() const;

 private:
  const Ask ask_;
  FixedClock clock_;
  std::unique_ptr<store::FreshnessBoard> board_;
  std::unique_ptr<trail::TrailService> service_;
};

// How pages that were filled exactly to the end closed: a hint of more there must not depend on
// rows that are not shown.
struct EndHabit {
  uint64_t said_more = 0;
  uint64_t said_end = 0;
};

// Empty when product and model agree; else what differs, for a person to read.
std::string difference(const Ask& ask, const World& world, EndHabit* habit);
// The same for pages that are already there.
std::string difference(const Ask& ask, const World& world,
                       const std::optional<std::vector<PageSeen>>& pages, EndHabit* habit);

}  // namespace satindex::property
