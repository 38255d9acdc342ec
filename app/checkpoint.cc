// `satindex checkpoint` and `satindex restore`: a consistent copy while running, and starting from
// it elsewhere.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "app/admin_socket.h"
#include "app/checkpoint_contents.h"
#include "app/commands.h"
#include "app/data_dir.h"
#include "app/durable_file.h"

namespace satindex::app {
namespace {

namespace fs = std::filesystem;

struct CopyFlags {
  std::string data_dir;
  std::string directory;
};

int failed(const std::string& message, int code = kExitFailure) {
  std::fprintf(stderr, "satindex: %s\n", message.c_str());
  return code;
}

int checkpoint(const CopyFlags& flags) {
  // The index resolves the path in its own working directory, so it gets an absolute one.
  const std::string directory = fs::absolute(flags.directory).string();
  const auto done =
      admin_request(flags.data_dir, {"checkpoint", directory}, [](std::string_view) {});
  if (!done) {
    const bool config = done.error().code == schemas::StatusCode::kConfig;
    return failed(done.error().message, config ? kExitConfig : kExitFailure);
  }
  std::printf("checkpoint written to %s\n", directory.c_str());
  return kExitClean;
}

int restore(const CopyFlags& flags) {
  const DataDir from(flags.directory);
  const DataDir to(flags.data_dir);
  if (from.partitions().empty() && from.backfills().empty()) {
    return failed(flags.directory + " is not a checkpoint", kExitConfig);
  }
  std::error_code error;
  if (fs::exists(to.path(), error) && !fs::is_empty(to.path(), error)) {
    return failed("--data-dir: " + flags.data_dir + " is not empty", kExitConfig);
  }
  if (auto whole = check_contents(from); !whole) return failed(whole.error().message, kExitConfig);
  if (auto made = to.make(); !made) return failed(made.error().message, kExitConfig);
  if (auto begun = replace_file(to.restoring_file(), ""); !begun)
    return failed(begun.error().message);
  fs::copy(from.path(), to.path(), fs::copy_options::recursive, error);
  if (!error) fs::remove(to.contents_file(), error);
  if (!error) fs::remove(to.restoring_file(), error);
  if (error) return failed("the copy failed: " + error.message());
  std::printf("restored %zu partitions; `satindex run --data-dir %s` goes on from there\n",
              to.partitions().size(), flags.data_dir.c_str());
  return kExitClean;
}

}  // namespace

void add_checkpoint(CLI::App& root, Action* action) {
  CLI::App* command =
      root.add_subcommand("checkpoint", "write a consistent copy of a running index");
  auto flags = std::make_shared<CopyFlags>();
  command
      ->add_option("directory", flags->directory, "a new directory, best on the same file system")
      ->required();
  command->add_option("--data-dir", flags->data_dir, "of the running index")->required();
  command->callback([action, flags] { *action = [flags] { return checkpoint(*flags); }; });
}

void add_restore(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand("restore", "make a data directory from a checkpoint");
  auto flags = std::make_shared<CopyFlags>();
  command->add_option("directory", flags->directory, "the checkpoint")->required();
  command->add_option("--data-dir", flags->data_dir, "an empty or new directory")->required();
  command->callback([action, flags] { *action = [flags] { return restore(*flags); }; });
}

}  // namespace satindex::app
