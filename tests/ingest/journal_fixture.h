// What the tests of the journal share: a sink that obeys a script in place of the broker's, and
// small journals with short pauses. The sink's log stands for the topic: it outlives the journals.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "indexer/ingest/journal_sink.h"
#include "tests/ingest/fixture.h"

namespace satindex::ingest {

// Thread-safe. Answers at once, unless told to hold the answers back.
class ScriptedSink : public RecordSink {
 public:
  // Whether the record with this arrival number is taken; unset: all are.
  std::function<bool(const SinkRecord&)> takes;

  void append(const SinkRecord& record, SinkAnswer answer) override {
    bool taken = false;
    {
      std::lock_guard lock(mutex_);
      taken = !takes || takes(record);
      if (taken) log_.push_back(record);
      ++offered_;
      if (held_) {
        answers_.emplace_back(std::move(answer), taken);
        return;
      }
    }
    answer(taken);
  }
  void hold(bool held) {
    std::lock_guard lock(mutex_);
    held_ = held;
  }
  size_t held() {
    std::lock_guard lock(mutex_);
    return answers_.size();
  }
  void release() {
    std::vector<std::pair<SinkAnswer, bool>> answers;
    {
      std::lock_guard lock(mutex_);
      answers.swap(answers_);
    }
    for (auto& [answer, taken] : answers) answer(taken);
  }
  std::vector<SinkRecord> log() {
    std::lock_guard lock(mutex_);
    return log_;
  }
  std::vector<std::string> values() {
    std::vector<std::string> out;
    for (const SinkRecord& record : log()) out.push_back(record.value.value_or("(null)"));
    return out;
  }
  size_t offered() {
    std::lock_guard lock(mutex_);
    return offered_;
  }

 private:
  std::mutex mutex_;
  std::vector<SinkRecord> log_;
  std::vector<std::pair<SinkAnswer, bool>> answers_;
  size_t offered_ = 0;
  bool held_ = false;
};

inline SinkRecord access_record(const std::string& key, const std::string& value) {
  SinkRecord record;
  record.key = key;
  record.value = value;
  return record;
}

class JournalTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{30};

  JournalSettings settings() const {
    JournalSettings out;
    out.directory = dir_.path() / "journal";
    out.record_bytes_max = 4096;
    out.segment_bytes = 4096;
    out.disk_bytes_max = 1 << 20;
    out.pause_min = std::chrono::milliseconds(2);
    out.pause_max = std::chrono::milliseconds(20);
    out.position_every = std::chrono::milliseconds(5);
    return out;
  }
  std::unique_ptr<JournalSink> open(const JournalSettings& with) {
    auto sink = JournalSink::open(with, topic_);
    EXPECT_TRUE(sink) << sink.error().message;
    return sink ? std::move(*sink) : nullptr;
  }
  std::unique_ptr<JournalSink> open() { return open(settings()); }
  static bool record(JournalSink& sink, const std::string& value) {
    return append_and_wait(sink, access_record("party", value));
  }
  static bool drained(JournalSink& sink) {
    return tests::eventually(kPatience, [&] { return sink.status().unforwarded == 0; });
  }
  // Nothing is taken: what is recorded stays in the journal.
  void refuse_all(bool refuse) {
    if (refuse) {
      topic_.takes = [](const SinkRecord&) { return false; };
    } else {
      topic_.takes = nullptr;
    }
  }
  std::vector<std::filesystem::path> segments() const {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path() / "journal"))
      if (entry.path().extension() == ".journal") out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
  }
  static std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  tests::TempDir dir_;
  ScriptedSink topic_;
};

}  // namespace satindex::ingest
