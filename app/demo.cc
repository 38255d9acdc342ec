// `satindex demo`: the whole system in one process on an embedded broker, with something worth
// looking at.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "app/cli_values.h"
#include "app/commands.h"
#include "app/config.h"
#include "app/demo_world.h"
#include "app/durable_file.h"
#include "app/node.h"
#include "app/stop_signal.h"
#include "indexer/ingest/embedded_broker.h"
#include "query/http/token_minter.h"

namespace satindex::app {

using schemas::Result;

namespace {

constexpr int32_t kPartitions = 4;
constexpr std::chrono::seconds kReadyDeadline{60};
constexpr std::chrono::seconds kDiscoverDeadline{20};
constexpr int64_t kSupplierChangeSeconds = 20;
constexpr const char* kIssuer = "satindex-demo";
constexpr const char* kAudience = "satindex";

// A folder for one run, gone when the demo ends.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "satindex-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }  // empty: could not be made

 private:
  std::string path_;
};

struct Badge {
  std::string party;
  std::string token;
  std::string header_file;  // for curl -H @file
};

class Demo {
 public:
  explicit Demo(HostPort listen) : listen_(std::move(listen)) {}
  Result<void> start(StopSignal& stop);
  Result<void> live(StopSignal& stop);

 private:
  Result<void> fill();
  Result<void> serve(const HostPort& listen);
  Result<void> wait_ready(StopSignal& stop);
  Result<Badge> badge(const std::string& name, uint32_t user, const std::string& scope);
  Result<void> welcome();

  const HostPort listen_;
  const ScratchFolder scratch_;
  std::unique_ptr<ingest::EmbeddedBroker> broker_;  // outlives its clients
  std::unique_ptr<ingest::Producer> producer_;
  std::unique_ptr<DemoWorld> world_;
  std::unique_ptr<http::TokenMinter> minter_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Node> node_;
  uint64_t history_events_ = 0;
};

Result<void> Demo::fill() {
  auto broker = ingest::EmbeddedBroker::start();
  if (!broker) return broker.error();
  broker_ = std::move(*broker);
  for (const char* topic : {"sat.events", "dm.ownership"}) {
    if (auto made = broker_->create_topic(topic, kPartitions); !made) return made;
  }
  for (const char* topic : {"sat.dead-letter", "sat.access"}) {
    if (auto made = broker_->create_topic(topic, 1); !made) return made;
  }
  ingest::KafkaSettings settings;
  settings.brokers = broker_->bootstrap_servers();
  auto producer = ingest::Producer::open(settings, ingest::Partitioning::kMurmur2);
  if (!producer) return producer.error();
  producer_ = std::move(*producer);
  world_ = std::make_unique<DemoWorld>(*producer_, "sat.events", "dm.ownership",
                                       schemas::system_clock().wall_ns());
  auto events = world_->produce_history();
  if (!events) return events.error();
  history_events_ = *events;
  return {};
}

Result<void> Demo::serve(const HostPort& listen) {
  ConfigSources sources;
  sources.flags = {{"kafka-brokers", {broker_->bootstrap_servers()}},
                   {"data-dir", {scratch_.path() + "/data"}},
                   {"jwks", {scratch_.path() + "/jwks.json"}},
                   {"jwt-issuer", {kIssuer}},
                   {"jwt-audience", {kAudience}},
                   {"access-option", {"B"}},
                   {"http-listen", {listen.to_string()}},
                   {"ops-listen", {"127.0.0.1:0"}},
                   {"memory-budget", {"512MiB"}}};
  auto settings = resolve_config(sources);
  if (!settings) return settings.error();
  node_ = std::make_unique<Node>(std::move(*settings), *log_);
  return node_->listen();
}

Result<void> Demo::wait_ready(StopSignal& stop) {
  const auto until = std::chrono::steady_clock::now() + kReadyDeadline;
  while (!node_->ready()) {
    if (stop.wait_for(std::chrono::milliseconds(50))) return {};
    if (std::chrono::steady_clock::now() > until)
      return schemas::unavailable("the index did not become ready");
  }
  return {};
}

Result<void> Demo::start(StopSignal& stop) {
  if (scratch_.path().empty()) return schemas::internal("no temporary directory can be made");
  std::puts("satindex demo: filling an embedded broker, a few seconds ...");
  std::fflush(stdout);
  const int log_fd = ::open((scratch_.path() + "/satindex.log").c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  log_ = std::make_unique<Log>(LogFormat::kText, schemas::system_clock(), log_fd < 0 ? 2 : log_fd);
  auto minter = http::TokenMinter::generate(http::Algorithm::kEdDsa);
  if (!minter) return minter.error();
  minter_ = std::make_unique<http::TokenMinter>(std::move(*minter));
  if (auto written = write_private_file(scratch_.path() + "/jwks.json", minter_->jwks()); !written)
    return written;
  if (auto filled = fill(); !filled) return filled;
  if (auto serving = serve(listen_); !serving) {
    // The usual port is taken: any other will do.
    if (auto elsewhere = serve({listen_.host, 0}); !elsewhere) return elsewhere;
  }
  auto shape = node_->discover(kDiscoverDeadline);
  if (!shape) return shape.error();
  if (auto opened = node_->open(std::move(*shape)); !opened) return opened;
  if (auto ready = wait_ready(stop); !ready) return ready;
  return welcome();
}

Result<Badge> Demo::badge(const std::string& name, uint32_t user, const std::string& scope) {
  const GeneratedUser& who = world_->population().users()[user];
  const GeneratedParty& party = world_->population().party_of(user);
  http::TokenClaims claims;
  claims.issuer = kIssuer;
  claims.audience = kAudience;
  claims.sub = "demo@" + party.id;
  claims.party_id = party.id;
  claims.user_role = std::string(who.role);
  claims.user_ids = {who.id};
  claims.scope = scope;
  claims.issued_s = schemas::system_clock().wall_ns() / schemas::kNanosPerSecond;
  claims.expires_s = claims.issued_s + 86'400;
  Badge badge{party.id, minter_->sign(claims), scratch_.path() + "/" + name};
  if (auto written =
          write_private_file(badge.header_file, "Authorization: Bearer " + badge.token + "\n");
      !written) {
    return written.error();
  }
  return badge;
}

// What follows `token=` is the token itself, should somebody want it for something else.
void print_sign_in(const char* what, const Badge& badge, const std::string& url,
                   const std::string& meter) {
  std::printf("  %s, %s\n%s/#view=device&device=%s&token=%s\n", badge.party.c_str(), what,
              url.c_str(), meter.c_str(), badge.token.c_str());
}

Result<void> Demo::welcome() {
  const GeneratedDevice& star = world_->star();
  const auto supplier = badge("supplier", star.supplier_user, "sat:screen");
  const auto report = badge("supplier-report", star.supplier_user, "sat:report");
  const auto network = badge("network-operator", star.network_user, "sat:screen");
  const auto other = badge("other-user", world_->population().users_of("OU").front(), "sat:screen");
  for (const auto* b : {&supplier, &report, &network, &other}) {
    if (!*b) return b->error();
  }
  const std::string url =
      "http://" +
      HostPort{listen_.host.empty() ? "127.0.0.1" : listen_.host, node_->http_port()}.to_string();
  const std::string meter = star.id.eui.to_string();
  const std::string trail = url + "/v1/devices/" + meter + "/audit-trail";
  std::printf(
      "\n"
      "Ready: %llu devices of both SMETS generations, %llu audited events of the last three hours, "
      "and %llu more a second\n"
      "from every User Role in the catalogue and one that nobody has heard of. Access option B. No "
      "Java, no disk to tidy.\n"
      "\n"
      "The screen: %s/  or, signed in already, as\n",
      static_cast<unsigned long long>(DemoWorld::kDevices),
      static_cast<unsigned long long>(history_events_),
      static_cast<unsigned long long>(DemoWorld::kLiveEventsPerSecond), url.c_str());
  print_sign_in("supplier", *supplier, url, meter);
  print_sign_in("network operator", *network, url, meter);
  print_sign_in("Other User", *other, url, meter);
  std::printf(
      "\n%s is the Responsible Supplier of meter %s.\n"
      "\n"
      "Before the change it saw what it sent and received itself. Reports still work that way:\n"
      "curl -sw '\\n' -H @%s '%s?limit=5'\n"
      "\n"
      "Now its screen shows what everyone else asked of its meter, by title, and that responses "
      "came back.\n"
      "Never a payload, never an alert:\n"
      "curl -sw '\\n' -H @%s '%s?othersOnly=true&limit=5'\n"
      "\n"
      "And its network operator sees the same, here over all devices that %s holds a certificate "
      "on:\n"
      "curl -sw '\\n' -H @%s '%s/v1/audit-trail?scope=owned&limit=5'\n"
      "\n"
      "Every %lld seconds a device changes its supplier. Ctrl-C ends it all.\n"
      "\n",
      supplier->party.c_str(), meter.c_str(), report->header_file.c_str(), trail.c_str(),
      supplier->header_file.c_str(), trail.c_str(), network->party.c_str(),
      network->header_file.c_str(), url.c_str(), static_cast<long long>(kSupplierChangeSeconds));
  std::fflush(stdout);
  return {};
}

Result<void> Demo::live(StopSignal& stop) {
  const schemas::Clock& clock = schemas::system_clock();
  int64_t next_change_ns = clock.wall_ns() + kSupplierChangeSeconds * schemas::kNanosPerSecond;
  int64_t pause_ms = 0;
  while (!stop.wait_for(std::chrono::milliseconds(std::clamp<int64_t>(pause_ms, 0, 200)))) {
    const int64_t now = clock.wall_ns();
    auto pause = world_->produce_due(now);
    if (!pause) return pause.error();
    pause_ms = *pause;
    if (now < next_change_ns) continue;
    next_change_ns = now + kSupplierChangeSeconds * schemas::kNanosPerSecond;
    auto change = world_->change_a_supplier(now);
    if (!change) return change.error();
    std::printf("%s  %s\n", schemas::format_time(now, 0).c_str(), change->c_str());
    std::fflush(stdout);
  }
  std::puts("\nStopping ...");
  node_->stop();
  return {};
}

int run_demo(const HostPort& listen) {
  StopSignal stop;
  Demo demo(listen);
  Result<void> done = demo.start(stop);
  if (done) done = demo.live(stop);
  if (done) return kExitClean;
  std::fprintf(stderr, "satindex: %s\n", done.error().message.c_str());
  return done.error().code == schemas::StatusCode::kConfig ? kExitConfig : kExitFailure;
}

}  // namespace

void add_demo(CLI::App& root, Action* action) {
  CLI::App* command = root.add_subcommand("demo",
                                          "everything in one process on an embedded broker: "
                                          "traffic, index, screen; prints what to try");
  auto listen = std::make_shared<HostPort>(HostPort{"127.0.0.1", 8080});
  add_value(*command, "--http-listen", *listen, parse_host_port,
            "where to serve [127.0.0.1:8080, or a free port]");
  command->callback([action, listen] { *action = [listen] { return run_demo(*listen); }; });
}

}  // namespace satindex::app
