#include "indexer/ingest/file_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "indexer/store/writer.h"

namespace satindex::ingest {

using store::Topic;

namespace {
constexpr int64_t kNoTimestamp = -1;

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}
}  // namespace

FileSource::FileSource(std::vector<std::filesystem::path> ownership,
                       std::vector<std::filesystem::path> events)
    : buffer_(2 * kLineBytesMax) {
  inputs_[static_cast<size_t>(Topic::kOwnership)].files = std::move(ownership);
  inputs_[static_cast<size_t>(Topic::kEvents)].files = std::move(events);
}

FileSource::~FileSource() {
  if (fd_ > STDIN_FILENO) close(fd_);
}

void FileSource::start(Topic topic, const store::TopicProgress& from) {
  inputs_[static_cast<size_t>(topic)].from = from;
}

void FileSource::fail(std::string why) {
  failure_ = schemas::invalid(std::move(why));
  for (Input& input : inputs_) input.ended = true;
}

bool FileSource::open_next(Input& input) {
  const std::string path = input.files[input.file].string();
  fd_ = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) {
    fail(path + ": " + std::generic_category().message(errno));
    return false;
  }
  at_eof_ = false;
  begin_ = end_ = 0;
  return true;
}

// Makes room and reads more; false at the end of the file. Moves what is unread, so no view may be
// out when it is called.
bool FileSource::fill() {
  if (at_eof_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ < buffer_.size()) {
    const ssize_t got = read(fd_, buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fail(std::string("read: ") + std::generic_category().message(errno));
      at_eof_ = true;
    }
    if (got <= 0) at_eof_ = true;
    if (got > 0) end_ += static_cast<size_t>(got);
    break;
  }
  return true;
}

// The next line of what is buffered, or nullopt when more must be read first. The last line needs
// no line feed.
std::optional<std::string_view> FileSource::next_line(Input& input) {
  while (begin_ < end_) {
    const char* start = buffer_.data() + begin_;
    const size_t size = end_ - begin_;
    const auto* feed = static_cast<const char*>(std::memchr(start, '\n', size));
    if (feed == nullptr && !at_eof_ && size < kLineBytesMax) return std::nullopt;
    const size_t length = feed != nullptr ? static_cast<size_t>(feed - start) : size;
    const bool whole = feed != nullptr || at_eof_;
    begin_ += length + (feed != nullptr ? 1 : 0);
    const bool rest_of_cut = cutting_;
    cutting_ = !whole;
    if (rest_of_cut) continue;
    ++input.line;
    return std::string_view(start, std::min(length, kLineBytesMax));
  }
  return std::nullopt;
}

// False when the source has failed.
bool FileSource::take_line(Topic topic, Input& input, std::string_view line, SourceBatch* batch) {
  const int64_t offset = input.line - 1;
  if (offset == input.from.last_record_offset &&
      store::record_hash({}, line, kNoTimestamp) != input.from.last_record_hash) {
    fail("line " + std::to_string(offset + 1) + " of the " +
         (topic == Topic::kEvents ? "events" : "ownership") +
         " is not the one read before: these are not the same files");
    return false;
  }
  if (offset >= input.from.next_offset && !blank(line)) {
    batch->records.push_back({topic, offset, kNoTimestamp, {}, line});
  }
  return true;
}

void FileSource::poll(std::chrono::milliseconds, size_t records_max, SourceBatch* batch) {
  batch->clear();
  for (Topic topic : kTopics) {
    Input& input = inputs_[static_cast<size_t>(topic)];
    while (!input.ended) {
      if (input.file == input.files.size()) {
        input.ended = true;
        batch->ends.push_back({topic, input.line});
        return;
      }
      if (fd_ < 0 && !open_next(input)) break;
      bool more = fill();
      while (batch->records.size() < records_max) {
        auto line = next_line(input);
        if (!line) break;
        if (!take_line(topic, input, *line, batch)) return;
      }
      if (!batch->records.empty() || more || begin_ < end_) return;
      if (fd_ > STDIN_FILENO) close(fd_);
      fd_ = -1;
      cutting_ = false;
      ++input.file;
    }
  }
  batch->finished = true;
}

}  // namespace satindex::ingest
