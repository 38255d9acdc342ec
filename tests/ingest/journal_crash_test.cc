// Crashes of the journal. Strategy: several callers append at once while the topic fails and holds
// answers at random; at a random moment the directory is copied as a crash would leave it, bytes
// that no sync has covered cut or spoilt, and the copy is opened; and a process is really killed.
// Invariants: what was answered true before arrives; of each caller the last arrivals are in order;
// nothing arrives that was not appended; what arrives twice was not known to have arrived.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <sstream>
#include <thread>

#include "indexer/ingest/journal_frame.h"
#include "tests/ingest/journal_fixture.h"
#include "tests/support/seed.h"

namespace satindex::ingest {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr uint64_t kCallers = 3;
using Numbers = std::map<std::string, std::set<uint64_t>>;  // by caller

std::string caller_name(uint64_t caller) { return "party-" + std::to_string(caller); }

std::string value_of(uint64_t number, uint64_t filling) {
  return std::to_string(number) + " " + std::string(filling, 'x');
}

// Every arrival counts once, where it arrived last.
void expect_in_order(const std::vector<SinkRecord>& log, const Numbers& promised) {
  std::map<std::string, std::map<uint64_t, size_t>> last;
  for (size_t i = 0; i < log.size(); ++i) last[log[i].key][std::stoull(*log[i].value)] = i;
  for (const auto& [caller, arrivals] : last) {
    size_t before = 0;
    for (const auto& [number, at] : arrivals) {
      EXPECT_LE(before, at) << caller << " " << number << " arrived before its predecessor";
      before = at;
    }
  }
  for (const auto& [caller, numbers] : promised)
    for (const uint64_t number : numbers)
      EXPECT_TRUE(last[caller].contains(number)) << caller << " " << number << " was lost";
}

// `./dev crash N` sets it.
int crash_rounds() {
  const char* given = std::getenv("SATINDEX_CRASH_ROUNDS");
  return given == nullptr ? 10 : std::max(1, std::atoi(given));
}

class JournalCrash : public JournalTest {
 protected:
  fs::path last_segment(const fs::path& directory) {
    fs::path out;
    for (const auto& entry : fs::directory_iterator(directory))
      if (entry.path().extension() == ".journal") out = std::max(out, entry.path());
    return out;
  }

  // Where the last group begins. Those before it were synced before it was written, so no crash can
  // spoil them, however many were written while the image was taken.
  static uint64_t last_group(std::string_view segment) {
    uint64_t begins = 0;
    uint64_t group = 0;
    uint64_t offset = 0;
    Frame frame;
    while (look_at_frame(segment.substr(offset), frame) == FrameLook::kWhole) {
      if (frame.group != group) begins = offset;
      group = frame.group;
      offset += frame.bytes;
    }
    const bool torn = segment.find_first_not_of('\0', offset) != std::string_view::npos;
    return torn ? offset : begins;
  }
  static uint64_t whole_frames(std::string_view segment) {
    uint64_t offset = 0;
    Frame frame;
    while (look_at_frame(segment.substr(offset), frame) == FrameLook::kWhole) offset += frame.bytes;
    return offset;
  }

  // As a crash would leave it: the position last, since files are removed only after it moved.
  void take_image(const fs::path& from, const fs::path& to, testing::Random& random) {
    const fs::path growing = last_segment(from);
    std::error_code gone;
    const uint64_t kept = growing.empty() ? 0 : whole_frames(bytes_of(growing));
    fs::create_directory(to);
    std::vector<fs::path> listed;
    for (const auto& entry : fs::directory_iterator(from))
      if (entry.path().extension() == ".journal") listed.push_back(entry.path());
    for (const auto& path : listed) fs::copy_file(path, to / path.filename(), gone);
    fs::copy_file(from / "position", to / "position");
    const fs::path last = last_segment(to);
    if (last.empty()) return;
    // Bytes written since may be there or not, whole or not.
    const uint64_t size = fs::file_size(last);
    const uint64_t known = last.filename() == growing.filename() ? std::min(kept, size) : 0;
    const uint64_t durable = std::max(known, last_group(bytes_of(last)));
    if (size == durable || random.one_in(3)) return;
    const uint64_t at = durable + random.below(size - durable);
    if (random.one_in(2)) {
      fs::resize_file(last, at);
    } else {
      std::string bytes = bytes_of(last);
      for (uint64_t i = at; i < std::min(size, at + 100); ++i)
        bytes[i] = static_cast<char>(random.below(256));
      write_bytes(last, bytes);
    }
  }

  JournalSettings random_settings(testing::Random& random, const fs::path& directory) {
    auto out = settings();
    out.directory = directory;
    out.segment_bytes = 4096 << random.below(3);
    out.window_records = 1 + random.below(40);
    out.waiting_records_max = 50 + random.below(500);
    out.position_every = milliseconds(1 + random.below(20));
    return out;
  }

  // One life of a journal, ended by a crash; what was promised before it is added.
  void live(const fs::path& from, const fs::path& to, testing::Random& random, Numbers& promised) {
    auto sink = open(random_settings(random, from));
    ASSERT_NE(sink, nullptr);
    down_ = false;
    std::atomic<bool> over{false};
    std::mutex mutex;
    Numbers answered;
    std::vector<std::thread> callers;
    for (uint64_t caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller, salt = random.below(1'000'000)] {
        testing::Random own(salt);
        while (!over) {
          const uint64_t number = next_[caller]++;
          sink->append(access_record(caller_name(caller), value_of(number, own.below(300))),
                       [&, caller, number](bool ok) {
                         std::lock_guard lock(mutex);
                         if (ok) answered[caller_name(caller)].insert(number);
                       });
          if (own.one_in(8)) std::this_thread::sleep_for(microseconds(own.below(400)));
        }
      });
    }
    std::thread answers([&] {
      for (testing::Random own(7); !over;) {
        topic_.hold(own.one_in(2));
        topic_.release();
        std::this_thread::sleep_for(microseconds(own.below(2'000)));
      }
    });
    std::this_thread::sleep_for(microseconds(random.below(40'000)));
    {
      std::lock_guard lock(mutex);
      for (const auto& [caller, numbers] : answered)
        promised[caller].insert(numbers.begin(), numbers.end());
    }
    down_ = true;  // the dying process reaches the topic no more
    take_image(from, to, random);
    over = true;
    for (auto& thread : callers) thread.join();
    answers.join();
    topic_.hold(false);
    topic_.release();
    sink.reset();
    fs::remove_all(from);
  }

  std::atomic<bool> down_{false};
  std::atomic<uint64_t> next_[kCallers] = {};
};

TEST_F(JournalCrash, NothingPromisedIsLostAndOrderHolds) {
  testing::Random random(91);
  std::atomic<uint64_t> fail_one_in{1'000};
  topic_.takes = [&, own = std::make_shared<testing::Random>(92)](const SinkRecord&) {
    return !down_ && !own->one_in(fail_one_in);
  };
  Numbers promised;
  const int lives = 4 * crash_rounds();
  const auto place = [&](int life) { return dir_.path() / ("life-" + std::to_string(life)); };
  for (int life = 0; life < lives && !HasFatalFailure(); ++life) {
    fail_one_in = random.one_in(3) ? 1 + random.below(50) : 1'000;
    live(place(life), place(life + 1), random, promised);
  }
  down_ = false;
  fail_one_in = 1'000'000;
  auto with = settings();
  with.directory = place(lives);
  auto sink = open(with);
  ASSERT_TRUE(drained(*sink)) << "damaged " << sink->status().damaged << ", unforwarded "
                              << sink->status().unforwarded << ", " << sink->status().last_error;
  EXPECT_FALSE(sink->status().damaged) << sink->status().last_error;
  size_t count = 0;
  for (const auto& [caller, numbers] : promised) count += numbers.size();
  EXPECT_GT(count, 100u);
  expect_in_order(topic_.log(), promised);
}

// In the child: appends for ever, says on the pipe what arrived ("F") and what was answered ("A").
[[noreturn]] void append_until_killed(const JournalSettings& settings, int pipe, uint64_t first) {
  ScriptedSink topic;
  topic.takes = [pipe](const SinkRecord& one) {
    const std::string line = "F " + one.key + " " + std::to_string(std::stoull(*one.value)) + "\n";
    return ::write(pipe, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  };
  auto sink = JournalSink::open(settings, topic);
  if (!sink) ::_exit(3);
  std::vector<std::thread> callers;
  for (uint64_t caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (uint64_t number = first;; ++number) {
        const auto record = access_record(caller_name(caller), value_of(number, number % 200));
        if (!append_and_wait(**sink, record)) continue;
        const std::string line = "A " + record.key + " " + std::to_string(number) + "\n";
        if (::write(pipe, line.data(), line.size()) < 0) ::_exit(4);
      }
    });
  }
  for (;;) ::pause();
}

TEST_F(JournalCrash, AKilledProcessKeepsWhatItAnswered) {
  testing::Random random(93);
  Numbers promised;
  std::vector<SinkRecord> arrived;
  for (int life = 0; life < crash_rounds(); ++life) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      append_until_killed(random_settings(random, dir_.path() / "journal"), ends[1],
                          static_cast<uint64_t>(life + 1) * 1'000'000);
    }
    ::close(ends[1]);
    std::thread killer([child, wait = 20 + random.below(150)] {
      std::this_thread::sleep_for(milliseconds(wait));
      ::kill(child, SIGKILL);
    });
    std::string said;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof(buffer))) > 0;)
      said.append(buffer, static_cast<size_t>(n));
    killer.join();
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "ended by itself: " << WEXITSTATUS(status);
    ::close(ends[0]);
    std::istringstream lines(said);
    std::string what, caller;
    for (uint64_t number = 0; lines >> what >> caller >> number;) {
      if (what == "A") promised[caller].insert(number);
      if (what == "F") arrived.push_back(access_record(caller, std::to_string(number)));
    }
  }
  auto sink = open();
  ASSERT_TRUE(drained(*sink));
  EXPECT_FALSE(sink->status().damaged);
  for (const SinkRecord& one : topic_.log()) arrived.push_back(one);
  size_t count = 0;
  for (const auto& [caller, numbers] : promised) count += numbers.size();
  EXPECT_GT(count, 20u);
  expect_in_order(arrived, promised);
}

}  // namespace
}  // namespace satindex::ingest
