#include "indexer/ingest/journal_reader.h"

#include <algorithm>
#include <cstring>
#include <system_error>

namespace satindex::ingest {

namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

struct Place {
  size_t offset = 0;
  uint64_t sequence = 0;
};

// The first whole frame at or after `offset` whose sequence is in (after, end) and whose group is
// at least `group`.
std::optional<Place> find_frame(std::string_view bytes, size_t offset, uint64_t after, uint64_t end,
                                uint64_t group) {
  const std::string_view magic(reinterpret_cast<const char*>(&kFrameMagic), sizeof(kFrameMagic));
  while ((offset = bytes.find(magic, offset)) != std::string_view::npos) {
    Frame frame;
    if (look_at_frame(bytes.substr(offset), frame) == FrameLook::kWhole && frame.sequence > after &&
        frame.sequence < end && frame.group >= group)
      return Place{offset, frame.sequence};
    ++offset;
  }
  return std::nullopt;
}

}  // namespace

JournalTail find_tail(std::string_view segment, uint64_t first) {
  JournalTail tail{0, first};
  size_t offset = 0;
  while (offset < segment.size()) {
    Frame frame;
    if (look_at_frame(segment.substr(offset), frame) == FrameLook::kWhole &&
        frame.sequence == tail.end) {
      offset += frame.bytes;
      tail = {offset, tail.end + 1};
      continue;
    }
    // A group is written only once the one before it is synced. So a later group behind the fault
    // proves that what is faulty was durable once: damage, not a torn tail.
    const auto later = find_frame(segment, offset, tail.end, UINT64_MAX, tail.end + 1);
    if (!later) break;
    offset = later->offset;
    tail.end = later->sequence;
  }
  return tail;
}

void JournalReader::seek(uint64_t sequence) {
  at_ = sequence;
  file_.reset();
  damage_met_ = false;
}

JournalReader::Step JournalReader::fail(const std::string& doing) {
  error_ = "journal: " + doing + ": " + std::generic_category().message(errno);
  file_.reset();
  return Step::kFailed;
}

bool JournalReader::open_segment(const JournalFiles::Segment& segment) {
  file_ = UniqueFd(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
  segment_ = in_file_ = segment.first;
  offset_ = taken_ = 0;
  buffer_.clear();
  return static_cast<bool>(file_);
}

// At least this many unread bytes, or all there are; false: errno says why.
bool JournalReader::fill(const JournalFiles::Segment& segment, size_t bytes_wanted) {
  buffer_.erase(0, taken_);
  taken_ = 0;
  const size_t have = buffer_.size();
  if (have >= bytes_wanted || offset_ + have >= segment.bytes) return true;
  const size_t more =
      std::min<uint64_t>(std::max(bytes_wanted, kReadBytes) - have, segment.bytes - offset_ - have);
  buffer_.resize(have + more);
  const ssize_t n = read_all(file_.get(), buffer_.data() + have, more, offset_ + have);
  buffer_.resize(have + (n > 0 ? static_cast<size_t>(n) : 0));
  return n >= 0;
}

JournalReader::Step JournalReader::next(Record& out) {
  if (damage_met_) return Step::kDamaged;
  while (at_ < files_.next_sequence()) {
    const auto segment = files_.segment_for(at_);
    if (!segment || segment->first > at_) {  // a file is gone
      damage_ = {at_, segment ? segment->first : files_.next_sequence(),
                 segment ? segment->first : at_, 0};
      file_.reset();
      damage_met_ = true;
      return Step::kDamaged;
    }
    if ((!file_ || segment_ != segment->first) && !open_segment(*segment))
      return fail("opening a segment");
    Frame frame;
    std::string_view unread = std::string_view(buffer_).substr(taken_);
    FrameLook look = look_at_frame(unread, frame);
    while (look == FrameLook::kShort && offset_ + unread.size() < segment->bytes) {
      const size_t before = unread.size();
      if (!fill(*segment, frame.bytes)) return fail("reading a segment");
      unread = buffer_;
      if (unread.size() == before) break;  // the file is shorter than it was
      look = look_at_frame(unread, frame);
    }
    std::optional<SinkRecord> record;
    if (look == FrameLook::kWhole && frame.sequence == in_file_) {
      if (in_file_ >= at_) record = read_frame_body(frame.body);
      if (in_file_ < at_ || record) {
        taken_ += frame.bytes;
        offset_ += frame.bytes;
        ++in_file_;
        if (!record) continue;
        out.sequence = at_++;
        out.record = std::move(*record);
        return Step::kRecord;
      }
    }
    const Step step = found_damage(*segment);
    if (step != Step::kNothingYet) return step;
  }
  return Step::kNothingYet;
}

// kNothingYet: no record was lost, and reading goes on behind the damage.
JournalReader::Step JournalReader::found_damage(const JournalFiles::Segment& segment) {
  std::string rest(segment.bytes - offset_, '\0');
  const ssize_t n = read_all(file_.get(), rest.data(), rest.size(), offset_);
  if (n < 0) return fail("reading a segment");
  rest.resize(static_cast<size_t>(n));
  const auto next = find_frame(rest, 0, in_file_, segment.end, 0);
  const uint64_t to = next ? next->sequence : segment.end;
  resume_ = next ? offset_ + next->offset : segment.bytes;
  damage_ = {std::max(in_file_, at_), to, segment.first, offset_};
  damage_met_ = to > at_;
  if (damage_met_) return Step::kDamaged;
  pass_damage();
  return Step::kNothingYet;
}

void JournalReader::pass_damage() {
  damage_met_ = false;
  at_ = std::max(at_, damage_.to);
  if (!file_) return;  // a whole segment is gone
  in_file_ = damage_.to;
  offset_ = resume_;
  buffer_.clear();
  taken_ = 0;
}

}  // namespace satindex::ingest
