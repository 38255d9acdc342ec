// Tokens already verified, by SHA-256 of the token, so that a signature is checked once and no
// credential is kept. Bounded, least recently used out first, in independent parts so that threads
// seldom meet. Thread-safe.
#pragma once

#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "query/http/sha256.h"
#include "query/trail/caller.h"

namespace satindex::http {

using TokenHash = Sha256;

struct VerifiedToken {
  std::shared_ptr<const trail::Caller> caller;
  int64_t not_before_s = INT64_MIN;
  int64_t expires_s = 0;
  uint64_t generation = 0;  // of the key set that verified it
};

class TokenCache {
 public:
  explicit TokenCache(size_t tokens_max);
  std::optional<VerifiedToken> find(const TokenHash& hash);
  void insert(const TokenHash& hash, VerifiedToken token);
  void erase(const TokenHash& hash);
  size_t size();

 private:
  static constexpr size_t kParts = 16;
  struct Hasher {
    size_t operator()(const TokenHash& hash) const {
      size_t out;
      std::memcpy(&out, hash.data() + 8, sizeof out);
      return out;
    }
  };
  struct Item {
    TokenHash hash;
    VerifiedToken token;
  };
  struct Part {
    std::mutex mutex;  // guards both; front: used last
    std::list<Item> items;
    std::unordered_map<TokenHash, std::list<Item>::iterator, Hasher> places;
  };
  Part& part(const TokenHash& hash) { return parts_[hash[0] % kParts]; }

  const size_t per_part_max_;
  std::array<Part, kParts> parts_;
};

}  // namespace satindex::http
