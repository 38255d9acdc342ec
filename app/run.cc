// `satindex run`: tails both topics, indexes, serves, until it is told to stop.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/admin_socket.h"
#include "app/commands.h"
#include "app/node.h"
#include "app/run_flags.h"
#include "app/stop_signal.h"

namespace satindex::app {
namespace {

constexpr std::chrono::seconds kDiscoverDeadline{5};
constexpr std::chrono::seconds kDiscoverPause{1};

int failed(Log& log, const schemas::Status& status) {
  log.error(status.message);
  return status.code == schemas::StatusCode::kConfig ? kExitConfig : kExitFailure;
}

int run(const RunFlags& flags) {
  auto settings = flags.resolve();
  if (!settings) return kExitConfig;
  StopSignal stop;
  Log log(settings->log_format);
  Node node(*settings, log);
  if (auto listening = node.listen(); !listening) return failed(log, listening.error());

  // Brokers that do not answer are weather: alive and not ready until they do.
  auto shape = node.discover(kDiscoverDeadline);
  while (!shape && shape.error().code == schemas::StatusCode::kUnavailable) {
    log.warning("the brokers do not answer yet", {{"reason", shape.error().message}});
    if (stop.wait_for(kDiscoverPause)) return kExitClean;
    shape = node.discover(kDiscoverDeadline);
  }
  if (!shape) return failed(log, shape.error());
  if (auto opened = node.open(std::move(*shape)); !opened) return failed(log, opened.error());
  auto admin = AdminSocket::open(node, log);
  if (!admin) return failed(log, admin.error());

  stop.wait();
  log.info("stopping");
  (*admin)->stop();
  node.stop();
  return kExitClean;
}

}  // namespace

void add_run(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand("run", "tail both topics, index, serve");
  auto flags = std::make_shared<RunFlags>();
  flags->add_to(*command);
  command->callback([action, flags] { *action = [flags] { return run(*flags); }; });
}

}  // namespace satindex::app
