// `satindex validate`: what `run` would say about this configuration, without running: nothing is
// bound, opened or written.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/commands.h"
#include "app/credentials.h"
#include "app/data_dir.h"
#include "app/node_settings.h"
#include "app/run_flags.h"
#include "indexer/ingest/topic_shape.h"
#include "query/http/cursor_seal.h"
#include "query/http/tls.h"

namespace satindex::app {
namespace {

using schemas::config_error;
using schemas::Result;

constexpr std::chrono::seconds kDiscoverDeadline{10};

Result<void> check_keys(const RunSettings& settings) {
  if (auto opened = open_authenticator(settings, nullptr, [](const schemas::Status&) {}); !opened) {
    return opened.error();
  }
  if (!settings.cursor_key.empty()) {
    if (auto key = http::load_cursor_key(settings.cursor_key); !key) {
      return config_error("--cursor-key: " + key.error().message);
    }
  }
  if (!settings.tls_cert.empty()) {
    auto context =
        http::make_tls_context({settings.tls_cert, settings.tls_key, settings.tls_client_ca});
    if (!context) return context.error();
  }
  return {};
}

int validate(const RunFlags& flags) {
  auto settings = flags.resolve();
  if (!settings) return kExitConfig;
  const auto wrong = [](const schemas::Status& status) {
    std::fprintf(stderr, "satindex: %s\n", status.message.c_str());
    return kExitConfig;
  };
  if (auto keys = check_keys(*settings); !keys) return wrong(keys.error());
  const DataDir data_dir(settings->data_dir);
  if (auto usable = data_dir.usable(); !usable) return wrong(usable.error());
  if (auto whole = data_dir.whole(); !whole) return wrong(whole.error());
  // A broker that does not answer may be down or misspelt: for who asks before a roll-out both are
  // wrong.
  auto shape = ingest::discover(ingest_settings(*settings, {}, 0), kDiscoverDeadline);
  if (!shape) return wrong(shape.error());
  for (const std::string& warning : shape->warnings)
    std::fprintf(stderr, "satindex: warning: %s\n", warning.c_str());
  std::printf("the configuration is right: %d partitions, brokers and topics answer\n",
              int{shape->partitions});
  return kExitClean;
}

}  // namespace

void add_validate(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand(
      "validate", "check the configuration of `run`, and that what it names can be reached");
  auto flags = std::make_shared<RunFlags>();
  flags->add_to(*command);
  command->callback([action, flags] { *action = [flags] { return validate(*flags); }; });
}

}  // namespace satindex::app
