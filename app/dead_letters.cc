// `satindex dead-letters`: lists unreadable records, and reads them again from the log once a
// release or a mapping can.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/admin_socket.h"
#include "app/commands.h"

namespace satindex::app {
namespace {

struct DeadLetterFlags {
  std::string data_dir;
  bool replay = false;
  std::vector<std::string> only;  // topic partition offset
};

int dead_letters(const DeadLetterFlags& flags) {
  std::vector<std::string> words = {flags.replay ? "replay" : "dead-letters"};
  if (flags.replay) words.insert(words.end(), flags.only.begin(), flags.only.end());
  const auto done = admin_request(flags.data_dir, words, [](std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  });
  if (done) return kExitClean;
  std::fprintf(stderr, "satindex: %s\n", done.error().message.c_str());
  return done.error().code == schemas::StatusCode::kConfig ? kExitConfig : kExitFailure;
}

}  // namespace

void add_dead_letters(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand(
      "dead-letters",
      "list unreadable records (topic, partition, offset, reason, time, key), or read them again");
  auto flags = std::make_shared<DeadLetterFlags>();
  command->add_option("--data-dir", flags->data_dir, "of the running index")->required();
  auto* replay = command->add_flag("--replay", flags->replay,
                                   "read them again from the log; says what became of each");
  command->add_option("--record", flags->only, "only this one: TOPIC PARTITION OFFSET")
      ->expected(3)
      ->needs(replay);
  command->callback([action, flags] { *action = [flags] { return dead_letters(*flags); }; });
}

}  // namespace satindex::app
