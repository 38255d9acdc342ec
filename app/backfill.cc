// `satindex backfill`: NDJSON files into a shard of their own, without Kafka; `run` serves it
// beside its partitions.
#include "indexer/ingest/backfill.h"

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "app/cli_values.h"
#include "app/commands.h"
#include "app/data_dir.h"
#include "app/durable_file.h"
#include "app/memory_budget.h"
#include "app/stop_signal.h"
#include "app/values.h"

namespace satindex::app {
namespace {

namespace fs = std::filesystem;
using schemas::Result;

struct BackfillFlags {
  std::string data_dir;
  std::vector<std::string> events;
  std::vector<std::string> ownership;
  uint64_t memory_budget_bytes = 0;
  int64_t retention_ns = 0;
};

// What a shard was filled from: the same files again go on where they were, others get a shard of
// their own.
std::string manifest_of(const BackfillFlags& flags) {
  std::string text;
  const auto add = [&text](const char* what, const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      text += std::string(what) + "\t" +
              (file == "-" ? file : fs::absolute(file).lexically_normal().string()) + "\n";
    }
  };
  add("events", flags.events);
  add("ownership", flags.ownership);
  return text;
}

std::string manifest_file(const DataDir& data_dir, int32_t number) {
  return data_dir.backfill(number).string() + ".files";
}

Result<int32_t> choose_shard(const DataDir& data_dir, const std::string& manifest, bool resumable) {
  const std::vector<int32_t> there = data_dir.backfills();
  for (const int32_t number : there) {
    std::ifstream in(manifest_file(data_dir, number));
    const std::string known{std::istreambuf_iterator<char>(in), {}};
    if (resumable && known == manifest) return number;
  }
  const int32_t number = there.empty() ? 0 : there.back() + 1;
  if (auto written = replace_file(manifest_file(data_dir, number), manifest); !written)
    return written.error();
  return number;
}

Result<store::Checkpoint> fill(const BackfillFlags& flags, std::atomic<bool>& stop) {
  const DataDir data_dir(flags.data_dir);
  if (auto made = data_dir.make(); !made) return made.error();
  const auto is_pipe = [](const std::string& file) { return file == "-"; };
  const bool resumable = std::none_of(flags.events.begin(), flags.events.end(), is_pipe) &&
                         std::none_of(flags.ownership.begin(), flags.ownership.end(), is_pipe);
  auto number = choose_shard(data_dir, manifest_of(flags), resumable);
  if (!number) return number.error();
  const MemoryPlan memory = plan_memory(
      flags.memory_budget_bytes != 0 ? flags.memory_budget_bytes : default_memory_budget_bytes());
  auto resources =
      std::make_shared<store::StoreResources>(memory.cache_bytes, memory.write_buffer_bytes,
                                              std::max(2u, std::thread::hardware_concurrency()));
  store::ShardOptions options;
  options.path = data_dir.backfill(*number);
  options.partition = *number;
  options.identity = data_dir.identity_of_backfill(*number);
  options.retention_ns = flags.retention_ns;
  auto shard = store::Shard::open(options, resources);
  if (!shard) return shard.error();
  ingest::BackfillSettings settings;
  settings.events.assign(flags.events.begin(), flags.events.end());
  settings.ownership.assign(flags.ownership.begin(), flags.ownership.end());
  settings.memory_bytes = memory.ingest_bytes;
  settings.log = [](ingest::LogLevel, std::string_view text) {
    std::fprintf(stderr, "satindex: %.*s\n", static_cast<int>(text.size()), text.data());
  };
  return ingest::backfill(**shard, settings, stop, nullptr, nullptr);
}

void report(const char* what, const store::TopicProgress& progress) {
  std::printf("%-9s  %llu read, %llu indexed, %llu duplicates, %llu unreadable, %llu expired\n",
              what, static_cast<unsigned long long>(progress.consumed),
              static_cast<unsigned long long>(progress.indexed),
              static_cast<unsigned long long>(progress.duplicates),
              static_cast<unsigned long long>(progress.dead_lettered),
              static_cast<unsigned long long>(progress.expired));
}

int backfill(const BackfillFlags& flags) {
  StopSignal signal;
  std::atomic<bool> stop{false};
  std::atomic<bool> done{false};
  std::thread watch([&] {
    while (!done && !signal.wait_for(std::chrono::milliseconds(200))) {
    }
    stop = true;
  });
  auto filled = fill(flags, stop);
  const bool stopped = stop.load();
  done = true;
  watch.join();
  if (!filled) {
    std::fprintf(stderr, "satindex: %s\n", filled.error().message.c_str());
    const bool config = filled.error().code == schemas::StatusCode::kConfig;
    return config ? kExitConfig : kExitFailure;
  }
  report("events", filled->events);
  report("ownership", filled->ownership);
  if (stopped) std::puts("stopped before the end; the same command goes on from here");
  return kExitClean;
}

}  // namespace

void add_backfill(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand("backfill",
                                          "index NDJSON of SAT events without Kafka, into a shard "
                                          "of its own that `run` then serves too");
  auto flags = std::make_shared<BackfillFlags>();
  command->add_option("files", flags->events, "NDJSON of SAT events; - is standard input");
  command->add_option("--ownership", flags->ownership, "NDJSON of ownership; repeatable")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      ->add_option("--data-dir", flags->data_dir,
                   "where the index lives; not that of a running process")
      ->required();
  add_value(*command, "--memory-budget", flags->memory_budget_bytes, parse_size,
            "[three quarters of the machine's]");
  add_value(*command, "--retention", flags->retention_ns, parse_duration_ns,
            "pass over older events [unlimited]");
  command->callback([action, flags] {
    *action = [flags] {
      if (!flags->events.empty() || !flags->ownership.empty()) return backfill(*flags);
      std::fputs("satindex: backfill needs at least one FILE, or - for standard input\n", stderr);
      return kExitConfig;
    };
  });
}

}  // namespace satindex::app
