// ShardView and its cursors: what readers may see of a shard. A view is a consistent snapshot of all tables; cursors walk
// one trail newest first and belong to one thread and to a living view. They do not decide access: query/trail does.
// Errors: after next...() gave false, ok() tells the end of the trail from bytes that could not be read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "indexer/store/ledger.h"
#include "indexer/store/ref_chunk.h"
#include "indexer/store/row_chunk.h"
#include "indexer/store/shard.h"
#include "indexer/store/trail_row.h"

namespace satindex::store {

class ShardView {
 public:
  explicit ShardView(const Shard& shard);
  ~ShardView();
  ShardView(const ShardView&) = delete;
  ShardView& operator=(const ShardView&) = delete;

  // What this shard knows of the device; an empty ledger when nothing.
  schemas::Result<KnownLedger> ledger(schemas::DeviceId device) const;
  // The same for many devices at once, in order: cheaper than one by one.
  schemas::Result<std::vector<KnownLedger>> ledgers(
      std::span<const schemas::DeviceId> devices) const;

  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// What a chunk's header says: its time span, its Users and its outcomes. `yes` is asked of their symbols until it agrees;
// nullptr: one that is written out in the chunk, so anything.
class ChunkGlance {
 public:
  ChunkGlance(const Dictionary& dictionary, const RowChunkHeader& header)
      : dictionary_(dictionary), header_(header) {}
  int64_t newest_ns() const { return header_.newest_ns; }
  int64_t oldest_ns() const { return header_.oldest_ns; }  // no later than the oldest row
  template <class Yes>
  bool any_user(const Yes& yes) const {
    return any(SymbolClass::kUser, header_.users, yes);
  }
  template <class Yes>
  bool any_outcome(const Yes& yes) const {
    return any(SymbolClass::kOutcome, header_.outcomes, yes);
  }

 private:
  template <class Yes>
  bool any(SymbolClass c, const std::vector<uint32_t>& codes, const Yes& yes) const {
    for (const uint32_t code : codes) {
      if (yes(dictionary_.find(c, code))) return true;
    }
    return false;
  }
  const Dictionary& dictionary_;
  const RowChunkHeader& header_;
};
// Whether a chunk can hold anything of interest. False passes it over undecoded.
using ChunkInterest = std::function<bool(const ChunkGlance&)>;

// Rows of one device (or, loose, of one User's events without device), grouped by time, newest first.
class RowCursor {
 public:
  // Whether rows are taken from the shard's cache of newest rows and left there: for answers, whose devices are asked for
  // again; not for what walks through many devices once.
  enum class Kept : uint8_t { kNo, kYes };
  // The view must outlive the cursor. `interest` may be empty.
  RowCursor(const ShardView& view, std::optional<schemas::DeviceId> device,
            schemas::UserId loose_user, TimeWindow window, ChunkInterest interest,
            Kept kept = Kept::kNo);
  ~RowCursor();
  RowCursor(RowCursor&&) noexcept;
  // Begins anew at another device (or loose User) of the same kind: cheaper than a new cursor. Work adds up.
  void reset(uint64_t entity, TimeWindow window);
  // The same at the rows of one time. `near_newest`: it is thought to be among the newest of the device; what is newer is
  // then read as well, and kept.
  void seek(uint64_t entity, int64_t time_ns, bool near_newest);

  // Time of the next group; nullopt at the end or after an error.
  std::optional<int64_t> peek();
  // Appends all rows of the next time, in no order, copies included. Call after peek gave a time.
  void take(std::vector<TrailRow>* rows);
  bool ok() const;
  // Rows decoded and chunks passed over so far: the measure of work.
  uint32_t work() const;
  // Owner of symbols that no dictionary holds; keep it as long as the rows.
  std::shared_ptr<const void> literals() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// References of one User's own trail or one party's owner trail, newest first, each once.
class RefCursor {
 public:
  static RefCursor own(const ShardView& view, schemas::UserId user, TimeWindow window);
  static RefCursor owner(const ShardView& view, schemas::Relation relation, std::string_view party,
                         TimeWindow window);
  ~RefCursor();
  RefCursor(RefCursor&&) noexcept;

  std::optional<TrailRef> peek();
  void advance();
  bool ok() const;
  uint32_t work() const;

 private:
  struct Impl;
  explicit RefCursor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace satindex::store
