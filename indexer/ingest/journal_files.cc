#include "indexer/ingest/journal_files.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

#include "indexer/ingest/journal_reader.h"

namespace satindex::ingest {

using schemas::Result;
using schemas::Status;

namespace {

constexpr std::string_view kSuffix = ".journal";
constexpr size_t kNameDigits = 20;

// The position lies in two slots of a sector each, written in turn, in place: a crash spoils one at
// most, and moving on needs no space of a disk that is full.
constexpr uint64_t kPositionMagic = 0x31534F50204A53;  // "SJ POS1"
constexpr size_t kSlotBytes = 512;

struct Slot {
  uint64_t magic = kPositionMagic;
  uint64_t position = 0;
  uint64_t checksum = 0;
  uint64_t expected() const { return XXH3_64bits(this, offsetof(Slot, checksum)); }
};

// Of some hundred groups: one sync in so many brings new blocks.
constexpr uint64_t kPreparedBytes = uint64_t{256} << 10;

// A file occupies whole blocks: many tiny segments are not free.
uint64_t on_disk(uint64_t bytes) { return (bytes + 4095) / 4096 * 4096; }

Status trouble(const std::string& doing, int error) {
  return schemas::unavailable("journal: " + doing + ": " + std::generic_category().message(error));
}

// A name in a directory lasts only once the directory is synced.
Result<void> sync(const std::filesystem::path& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return trouble("syncing its directory", errno);
  return {};
}

std::optional<uint64_t> first_of(const std::string& name) {
  if (name.size() != kNameDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  uint64_t first = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNameDigits, first);
  if (error != std::errc() || end != name.data() + kNameDigits) return std::nullopt;
  return first;
}

}  // namespace

Result<std::unique_ptr<JournalFiles>> JournalFiles::open(const std::filesystem::path& directory,
                                                         uint64_t segment_bytes) {
  std::unique_ptr<JournalFiles> files(new JournalFiles(directory, segment_bytes));
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return trouble("making its directory", errno);
  // Each time: the one that made it may have been killed before this.
  if (auto done = sync(directory / ".."); !done) return done.error();
  if (auto done = files->lock(); !done) return done.error();
  if (auto done = files->list(); !done) return done.error();
  if (auto done = files->open_position(); !done) return done.error();
  if (auto done = files->mend_last(); !done) return done.error();
  if (auto done = files->retire(files->position_); !done) return done.error();
  return files;
}

Result<void> JournalFiles::lock() {
  const auto path = directory_ / "lock";
  lock_ = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_) return trouble("opening its lock", errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return trouble("another process has it", errno);
  return {};
}

Result<void> JournalFiles::list() {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory_, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const uint64_t bytes = entries->is_regular_file(error) ? entries->file_size(error) : 0;
    if (error) break;
    if (const auto first = first_of(entries->path().filename())) {
      segments_[*first].bytes = bytes;
      disk_bytes_ += on_disk(bytes);
    } else if (entries->path().extension() == ".damaged") {
      disk_bytes_ += on_disk(bytes);
    }
  }
  if (error) return trouble("listing its directory", error.value());
  return {};
}

Result<void> JournalFiles::open_position() {
  const auto path = directory_ / "position";
  position_file_ = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!position_file_) return trouble("opening its position", errno);
  position_ = segments_.empty() ? 1 : segments_.begin()->first;
  uint64_t written = 0;
  for (unsigned i = 0; i < 2; ++i) {
    Slot slot;
    const ssize_t n = read_all(position_file_.get(), reinterpret_cast<char*>(&slot), sizeof(slot),
                               i * kSlotBytes);
    if (n < 0) return trouble("reading its position", errno);
    if (n != sizeof(slot) || slot.magic != kPositionMagic || slot.checksum != slot.expected())
      continue;
    if (slot.position < written) continue;
    written = slot.position;
    position_slot_ = i;
  }
  // Without one everything that is there is forwarded (again). A first segment beyond the position
  // is a lost segment, which the reader reports.
  if (written != 0) position_ = written;
  return {};
}

Result<void> JournalFiles::mend_last() {
  next_ = position_;
  if (segments_.empty()) return {};
  auto last = std::prev(segments_.end());
  const auto path = path_of(last->first);
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return trouble("opening its last segment", errno);
  std::string bytes(last->second.bytes, '\0');
  if (read_all(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return trouble("reading its last segment", errno);
  const JournalTail tail = find_tail(bytes, last->first);
  const size_t written = bytes.find_last_not_of('\0') + 1;
  cut_bytes_ = std::max<uint64_t>(written, tail.bytes) - tail.bytes;
  if (bytes.size() > tail.bytes && ::ftruncate(file.get(), static_cast<off_t>(tail.bytes)) != 0)
    return trouble("cutting its last segment", errno);
  // What a killed process wrote and never synced counts from here on, so it must last.
  if (::fdatasync(file.get()) != 0) return trouble("syncing its last segment", errno);
  disk_bytes_ -= on_disk(bytes.size()) - on_disk(tail.bytes);
  last->second.bytes = tail.bytes;
  if (tail.end == last->first) {
    ::unlink(path.c_str());
    segments_.erase(last);
  }
  next_ = std::max(position_, tail.end);
  return sync(directory_);
}

Result<void> JournalFiles::append(std::string_view group, uint64_t records) {
  if (active_ && active_bytes_ + group.size() > segment_bytes_) end_segment();
  if (!active_) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  int error = 0;
  const uint64_t end = active_bytes_ + group.size();
  if (!write_all(active_.get(), group, active_bytes_)) {
    error = errno;
  } else {
    if (end > prepared_) prepare(end);
    if (::fdatasync(active_.get()) != 0) error = errno;
  }
  // The name must last before the first record in it may count.
  if (error == 0 && active_bytes_ == 0) {
    if (auto synced = sync(directory_); !synced) error = EIO;
  }
  if (error != 0) {
    abandon_segment();
    return trouble("writing " + std::to_string(group.size()) + " bytes", error);
  }
  std::lock_guard lock(mutex_);
  active_bytes_ = end;
  segments_[active_first_].bytes = end;
  growing_ = active_first_;
  next_.store(next_sequence() + records, std::memory_order_release);
  return {};
}

Result<void> JournalFiles::begin_segment() {
  active_first_ = next_sequence();
  active_bytes_ = 0;
  prepared_ = 0;
  {
    std::lock_guard lock(mutex_);
    growing_.reset();
  }
  const auto path = path_of(active_first_);
  // A file of this name can only be what a failed group left: no record in it counts.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return trouble("removing a leftover", errno);
  active_ = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!active_) return trouble("beginning a segment", errno);
  return {};
}

// Room for the groups to come. Best effort: where the disk has none, the next group finds out for itself.
void JournalFiles::prepare(uint64_t end) {
  const uint64_t wanted = std::max(end, std::min(segment_bytes_, end + kPreparedBytes));
  const bool done = write_all(active_.get(), std::string(wanted - end, '\0'), end);
  const uint64_t now = done ? wanted : end;
  disk_bytes_ += on_disk(now) - on_disk(prepared_);
  prepared_ = now;
}

// Best effort: a reader stops at the next segment's first sequence whatever lies behind this one's last.
void JournalFiles::end_segment() {
  if (!active_) return;
  [[maybe_unused]] const int done = ::ftruncate(active_.get(), static_cast<off_t>(active_bytes_));
  disk_bytes_ -= on_disk(prepared_) - on_disk(active_bytes_);
  active_.reset();
}

void JournalFiles::abandon_segment() {
  if (active_bytes_ == 0) ::unlink(path_of(active_first_).c_str());
  end_segment();
  std::lock_guard lock(mutex_);
  growing_.reset();
}

Result<void> JournalFiles::retire(uint64_t position) {
  Slot slot;
  slot.position = position;
  slot.checksum = slot.expected();
  const unsigned other = 1 - position_slot_;
  if (!write_all(position_file_.get(), {reinterpret_cast<const char*>(&slot), sizeof(slot)},
                 other * kSlotBytes) ||
      ::fdatasync(position_file_.get()) != 0)
    return trouble("keeping its position", errno);
  position_slot_ = other;
  std::lock_guard lock(mutex_);
  while (!segments_.empty()) {
    const auto first = segments_.begin();
    if (end_of(first) > position || first->first == growing_) break;
    const auto path = path_of(first->first);
    const bool kept = first->second.damaged;
    const int failed = kept ? ::rename(path.c_str(), (path.string() + ".damaged").c_str())
                            : ::unlink(path.c_str());
    if (failed != 0 && errno != ENOENT) return trouble("removing a segment", errno);
    if (!kept) disk_bytes_ -= on_disk(first->second.bytes);
    segments_.erase(first);
  }
  return {};
}

void JournalFiles::keep_damaged(uint64_t first) {
  std::lock_guard lock(mutex_);
  if (const auto found = segments_.find(first); found != segments_.end())
    found->second.damaged = true;
}

std::optional<JournalFiles::Segment> JournalFiles::segment_for(uint64_t sequence) const {
  std::lock_guard lock(mutex_);
  auto found = segments_.upper_bound(sequence);
  if (found != segments_.begin() && end_of(std::prev(found)) > sequence) --found;
  if (found == segments_.end()) return std::nullopt;
  return Segment{path_of(found->first), found->first, end_of(found), found->second.bytes};
}

uint64_t JournalFiles::end_of(std::map<uint64_t, Known>::const_iterator segment) const {
  const auto following = std::next(segment);
  return following == segments_.end() ? next_sequence() : following->first;
}

std::filesystem::path JournalFiles::path_of(uint64_t first) const {
  std::string digits = std::to_string(first);
  digits.insert(0, kNameDigits - digits.size(), '0');
  return directory_ / (digits + std::string(kSuffix));
}

}  // namespace satindex::ingest
