// Snapshots: one RocksDB snapshot for all views between two commits. Taking and releasing one goes through RocksDB's own
// mutex, which a thread that gives way to others may hold while it waits for a core; pages that see the same commits need
// not meet there. Thread-safe.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <memory>
#include <mutex>

namespace satindex::store {

class Snapshots {
 public:
  struct Taken {
    // The moments (commit_clock.h) from before it is taken: among the commits that change ledgers, and among those that
    // change rows of devices.
    Taken(rocksdb::DB& of, uint64_t ledgers, uint64_t rows)
        : db(of), ledger_moment(ledgers), row_moment(rows), snapshot(of.GetSnapshot()) {}
    ~Taken() { db.ReleaseSnapshot(snapshot); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

    rocksdb::DB& db;
    const uint64_t ledger_moment;
    const uint64_t row_moment;
    const rocksdb::Snapshot* const snapshot;
  };

  // Holds every commit that was done before the call. `take()`: makes a new one.
  template <class Take>
  std::shared_ptr<const Taken> current(const Take& take) {
    const std::lock_guard lock(mutex_);
    if (!current_) current_ = take();
    return current_;
  }
  // By the writer after each write, before anybody is told of it; the next view takes a new one.
  void renew() {
    std::shared_ptr<const Taken> old;  // released once the lock is
    const std::lock_guard lock(mutex_);
    old.swap(current_);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const Taken> current_;  // of the newest views; null: none since the last write
};

}  // namespace satindex::store
