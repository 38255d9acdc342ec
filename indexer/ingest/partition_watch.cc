#include "indexer/ingest/partition_watch.h"

namespace satindex::ingest {

uint64_t PartitionWatch::raise() {
  std::lock_guard lock(mutex_);
  return ++question_;
}

std::optional<PartitionRange> PartitionWatch::answer(uint64_t question) const {
  std::lock_guard lock(mutex_);
  if (answered_ < question) return std::nullopt;
  return range_;
}

bool PartitionWatch::recreated() const {
  std::lock_guard lock(mutex_);
  return recreated_;
}

int64_t PartitionWatch::high() const {
  std::lock_guard lock(mutex_);
  return high_;
}

int64_t PartitionWatch::stable() const {
  std::lock_guard lock(mutex_);
  return stable_;
}

void PartitionWatch::set_position(int64_t next_offset) {
  std::lock_guard lock(mutex_);
  position_ = next_offset;
}

int64_t PartitionWatch::position() const {
  std::lock_guard lock(mutex_);
  return position_;
}

void PartitionWatch::set_beyond_end(bool beyond) {
  std::lock_guard lock(mutex_);
  beyond_end_ = beyond;
}

bool PartitionWatch::beyond_end() const {
  std::lock_guard lock(mutex_);
  return beyond_end_;
}

uint64_t PartitionWatch::question() const {
  std::lock_guard lock(mutex_);
  return question_;
}

bool PartitionWatch::answered() const {
  std::lock_guard lock(mutex_);
  return answered_ == question_;
}

void PartitionWatch::put_answer(uint64_t question, PartitionRange range) {
  std::lock_guard lock(mutex_);
  answered_ = question;
  range_ = range;
  high_ = range.high;
}

void PartitionWatch::put_high(int64_t high) {
  std::lock_guard lock(mutex_);
  high_ = high;
}

void PartitionWatch::put_stable(int64_t stable) {
  std::lock_guard lock(mutex_);
  stable_ = stable;
}

void PartitionWatch::put_recreated() {
  std::lock_guard lock(mutex_);
  recreated_ = true;
}

}  // namespace satindex::ingest
