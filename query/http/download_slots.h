// DownloadSlots: how many downloads may be under way, in all and for one party, so that a few
// reports of whole trails leave room for the screen. Shared by the endpoints' threads; a slot gives
// itself back when it is destroyed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace satindex::http {

class DownloadSlots : public std::enable_shared_from_this<DownloadSlots> {
 public:
  DownloadSlots(size_t all_max, size_t party_max) : all_max_(all_max), party_max_(party_max) {}

  enum class Refusal { kNone, kAll, kParty };
  // A slot that keeps the place until destroyed, or nullptr and *refusal.
  std::shared_ptr<void> take(const std::string& party, Refusal* refusal);

 private:
  void give_back(const std::string& party);

  const size_t all_max_;
  const size_t party_max_;
  std::mutex mutex_;  // guards both; bounded by all_max_
  std::map<std::string, size_t> by_party_;
  size_t all_ = 0;
};

}  // namespace satindex::http
