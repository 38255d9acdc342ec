// `satindex verify`: proves a stopped index, or a checkpoint, against itself.
#include "indexer/store/verify.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <thread>

#include "app/checkpoint_contents.h"
#include "app/cli_values.h"
#include "app/commands.h"
#include "app/data_dir.h"
#include "app/memory_budget.h"
#include "app/values.h"

namespace satindex::app {
namespace {

namespace fs = std::filesystem;
using schemas::Result;
using store::VerifyReport;

constexpr const char* kLogNotCompared =
    "the comparison with the log (--kafka-brokers) is not in this version";
// What the proof keeps of a row while it compares (verify.h), with room to spare.
constexpr uint64_t kBytesPerRow = 256;
constexpr uint64_t kRowsPerSliceMax = 4'000'000;

struct VerifyFlags {
  std::string data_dir;
  std::string brokers;
  uint64_t memory_budget_bytes = 0;
};

struct Opened {
  std::string name;
  std::unique_ptr<store::Shard> shard;
};

Result<std::unique_ptr<store::Shard>> open(const store::ShardOptions& options,
                                           std::shared_ptr<store::StoreResources> resources) {
  auto shard = store::Shard::open(options, std::move(resources));
  const std::string name = options.path.filename().string();
  if (shard) return shard;
  schemas::Status status = shard.error();
  if (status.message.find("lock ") != std::string::npos) {
    status.message = name + " is in use: stop the index first, or verify a checkpoint of it";
  } else {
    status.message = name + " cannot be opened: " + status.message;
  }
  return status;
}

// In the order of proving: back-filled shards first, because a topic's shard may refer to them.
Result<std::vector<Opened>> open_all(const DataDir& data_dir, const MemoryPlan& memory) {
  auto resources = std::make_shared<store::StoreResources>(
      memory.cache_bytes, memory.write_buffer_bytes,
      static_cast<int>(std::max(2u, std::thread::hardware_concurrency())));
  std::vector<Opened> all;
  store::ShardOptions options;
  std::vector<store::Shard*> backfilled;
  for (const int32_t number : data_dir.backfills()) {
    options.path = data_dir.backfill(number);
    if (!fs::is_directory(options.path)) continue;
    options.partition = number;
    auto shard = open(options, resources);
    if (!shard) return shard.error();
    backfilled.push_back(shard->get());
    all.push_back({options.path.filename().string(), std::move(*shard)});
  }
  options.backfilled = backfilled;
  for (const int32_t number : data_dir.partitions()) {
    options.path = data_dir.partition(number);
    options.partition = number;
    auto shard = open(options, resources);
    if (!shard) return shard.error();
    const std::string& identity = (*shard)->identity();
    if (!identity.empty() && !identifies_partition(identity, number)) {
      return schemas::corrupt(options.path.filename().string() +
                              " is in the place of another: it is that of " + identity);
    }
    all.push_back({options.path.filename().string(), std::move(*shard)});
  }
  return all;
}

void print(const std::string& name, const store::Checkpoint& c, const VerifyReport& report) {
  const auto n = [](auto v) { return static_cast<unsigned long long>(v); };
  std::printf(
      "%s: %llu events on devices, %llu without one, %llu own references, %llu owner "
      "references (%llu of them candidates only), %llu ledgers, %llu names\n",
      name.c_str(), n(report.device_rows), n(report.loose_rows), n(report.own_references),
      n(report.owner_references), n(report.candidates), n(report.ledgers), n(report.symbols));
  std::printf("  read up to: events %lld, ownership %lld\n",
              static_cast<long long>(c.events.next_offset),
              static_cast<long long>(c.ownership.next_offset));
  if (report.pending > 0) {
    std::printf("  late ownership not yet worked in: %llu references\n", n(report.pending));
  }
  if (report.elsewhere > 0) {
    std::printf(
        "  not provable here: %llu references to back-filled shards that are not in this "
        "directory\n",
        n(report.elsewhere));
  }
  for (const std::string& line : report.first) std::printf("  DIFFERS: %s\n", line.c_str());
  if (report.differences > report.first.size()) {
    std::printf("  and %llu more\n", n(report.differences - report.first.size()));
  }
}

int failed(const schemas::Status& status) {
  std::fprintf(stderr, "satindex: %s\n", status.message.c_str());
  return status.code == schemas::StatusCode::kConfig ? kExitConfig : kExitFailure;
}

int verify(const VerifyFlags& flags) {
  const DataDir data_dir(flags.data_dir);
  if (data_dir.partitions().empty() && data_dir.backfills().empty()) {
    return failed(schemas::config_error("--data-dir: there is no index in " + flags.data_dir));
  }
  if (auto whole = data_dir.whole(); !whole) return failed(whole.error());
  if (has_contents(data_dir)) {
    if (auto whole = check_contents(data_dir); !whole) {
      std::printf("  DIFFERS: %s\n", whole.error().message.c_str());
      return kExitFailure;
    }
  }
  const uint64_t budget =
      flags.memory_budget_bytes != 0 ? flags.memory_budget_bytes : default_memory_budget_bytes();
  const MemoryPlan memory = plan_memory(budget);
  auto all = open_all(data_dir, memory);
  if (!all) return failed(all.error());
  store::VerifyOptions options;
  options.rows_per_slice = static_cast<size_t>(
      std::clamp<uint64_t>(memory.ingest_bytes / kBytesPerRow, 10'000, kRowsPerSliceMax));
  uint64_t differences = 0;
  for (const Opened& opened : *all) {
    auto report = store::verify_shard(*opened.shard, options);
    if (!report) return failed(report.error());
    print(opened.name, opened.shard->checkpoint(), *report);
    std::fflush(stdout);
    differences += report->differences;
  }
  if (differences > 0) {
    std::printf("%llu differences\n", static_cast<unsigned long long>(differences));
    return kExitFailure;
  }
  std::puts("the index agrees with itself");
  if (flags.brokers.empty()) return kExitClean;
  std::fprintf(stderr, "satindex: %s: nothing is proved about it\n", kLogNotCompared);
  return kExitFailure;
}

}  // namespace

void add_verify(CLI::App& root, Action* action) {
  CLI::App* command =
      root.add_subcommand("verify", "prove a stopped index, or a checkpoint, against itself");
  auto flags = std::make_shared<VerifyFlags>();
  command->add_option("--data-dir", flags->data_dir, "the stopped index, or a checkpoint of one")
      ->required();
  command->add_option("--kafka-brokers", flags->brokers,
                      std::string(kLogNotCompared) + ": given, the command fails");
  add_value(*command, "--memory-budget", flags->memory_budget_bytes, parse_size,
            "[three quarters of the machine's]");
  command->footer(
      "Reads everything once, and sorts and compares it month by month: minutes for a large index."
      "\nExit codes: 0 it agrees, 1 it differs, is in use or cannot be read, 78 there is no "
      "index.");
  command->callback([action, flags] { *action = [flags] { return verify(*flags); }; });
}

}  // namespace satindex::app
