// FileSource: NDJSON files as a RecordSource, for `backfill`. A line is a record, its number (over
// all files of the topic, in order) its offset; blank lines are passed over but counted. Ownership
// first, then events. Memory is one buffer, whatever the files hold; of a line beyond kLineBytesMax
// only the beginning is delivered, which no decoder takes. Belongs to one thread. A file that
// cannot be read, or is not the one read before, ends the source: see failure().
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "indexer/ingest/record_source.h"
#include "indexer/ingest/settings.h"
#include "schemas/status.h"

namespace satindex::ingest {

class FileSource : public RecordSource {
 public:
  static constexpr size_t kLineBytesMax = size_t{4} << 20;

  // "-" is the standard input.
  FileSource(std::vector<std::filesystem::path> ownership,
             std::vector<std::filesystem::path> events);
  ~FileSource() override;

  void start(store::Topic topic, const store::TopicProgress& from) override;
  void poll(std::chrono::milliseconds wait, size_t records_max, SourceBatch* batch) override;
  // Set once the source has finished early. Any thread, once its worker has rested().
  const std::optional<schemas::Status>& failure() const { return failure_; }

 private:
  struct Input {
    std::vector<std::filesystem::path> files;
    size_t file = 0;            // index of the one being read
    int64_t line = 0;           // number of the next line
    store::TopicProgress from;  // lines below its next_offset were read before
    bool ended = false;
  };
  bool open_next(Input& input);
  bool fill();
  std::optional<std::string_view> next_line(Input& input);
  void fail(std::string why);
  bool take_line(store::Topic topic, Input& input, std::string_view line, SourceBatch* batch);

  std::array<Input, 2> inputs_;  // by Topic
  int fd_ = -1;
  bool at_eof_ = false;
  bool cutting_ = false;  // inside a line that was too long: the rest of it is dropped
  std::vector<char> buffer_;
  size_t begin_ = 0;  // unread bytes of the buffer
  size_t end_ = 0;
  std::optional<schemas::Status> failure_;
};

}  // namespace satindex::ingest
