#include "indexer/store/batch.h"

#include <algorithm>

namespace satindex::store {

std::string* TableBatch::begin(BatchOp op, std::string_view key) {
  places_.push_back({bytes_.size(), 0, static_cast<uint16_t>(key.size()), op});
  bytes_.append(key);
  return &bytes_;
}

void TableBatch::end() {
  Place& p = places_.back();
  p.value_bytes = static_cast<uint32_t>(bytes_.size() - p.at - p.key_bytes);
}

void TableBatch::add(BatchOp op, std::string_view key, std::string_view value) {
  begin(op, key)->append(value);
  end();
}

TableBatch::Entry TableBatch::entry(size_t i) const {
  const Place& p = places_[i];
  const std::string_view all = bytes_;
  return {p.op, all.substr(p.at, p.key_bytes), all.substr(p.at + p.key_bytes, p.value_bytes)};
}

void TableBatch::sort() {
  const std::string_view all = bytes_;
  std::sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
    return all.substr(a.at, a.key_bytes) < all.substr(b.at, b.key_bytes);
  });
}

void TableBatch::clear() {
  bytes_.clear();
  places_.clear();
}

void SortedBatch::clear() {
  for (TableBatch& t : tables) t.clear();
  for (auto& b : buckets) b.clear();
}

}  // namespace satindex::store
