#include "query/http/download_slots.h"

namespace satindex::http {

std::shared_ptr<void> DownloadSlots::take(const std::string& party, Refusal* refusal) {
  const std::lock_guard lock(mutex_);
  const auto place = by_party_.find(party);
  const size_t of_party = place != by_party_.end() ? place->second : 0;
  *refusal = of_party >= party_max_ ? Refusal::kParty
             : all_ >= all_max_     ? Refusal::kAll
                                    : Refusal::kNone;
  if (*refusal != Refusal::kNone) return nullptr;
  ++by_party_[party];
  ++all_;
  // Not a null pointer: the caller asks whether it has a slot.
  return {this, [self = shared_from_this(), party](void*) { self->give_back(party); }};
}

void DownloadSlots::give_back(const std::string& party) {
  const std::lock_guard lock(mutex_);
  --all_;
  const auto place = by_party_.find(party);
  if (--place->second == 0) by_party_.erase(place);
}

}  // namespace satindex::http
