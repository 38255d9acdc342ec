#include "query/http/token_cache.h"

#include <algorithm>

namespace satindex::http {

TokenCache::TokenCache(size_t tokens_max)
    : per_part_max_(std::max<size_t>(1, tokens_max / kParts)) {}

std::optional<VerifiedToken> TokenCache::find(const TokenHash& hash) {
  Part& p = part(hash);
  const std::lock_guard lock(p.mutex);
  const auto place = p.places.find(hash);
  if (place == p.places.end()) return std::nullopt;
  p.items.splice(p.items.begin(), p.items, place->second);
  return place->second->token;
}

void TokenCache::insert(const TokenHash& hash, VerifiedToken token) {
  Part& p = part(hash);
  const std::lock_guard lock(p.mutex);
  if (const auto place = p.places.find(hash); place != p.places.end()) {
    place->second->token = std::move(token);
    return;
  }
  if (p.items.size() >= per_part_max_) {
    p.places.erase(p.items.back().hash);
    p.items.pop_back();
  }
  p.items.push_front({hash, std::move(token)});
  p.places.emplace(hash, p.items.begin());
}

void TokenCache::erase(const TokenHash& hash) {
  Part& p = part(hash);
  const std::lock_guard lock(p.mutex);
  const auto place = p.places.find(hash);
  if (place == p.places.end()) return;
  p.items.erase(place->second);
  p.places.erase(place);
}

size_t TokenCache::size() {
  size_t out = 0;
  for (Part& p : parts_) {
    const std::lock_guard lock(p.mutex);
    out += p.items.size();
  }
  return out;
}

}  // namespace satindex::http
