#include "app/node.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "app/access_recorder.h"
#include "app/checkpoint_contents.h"
#include "app/credentials.h"
#include "app/data_dir.h"
#include "app/memory_budget.h"
#include "app/node_metrics.h"
#include "app/node_settings.h"
#include "indexer/ingest/ingest.h"
#include "indexer/ingest/journal_sink.h"
#include "indexer/ingest/kafka_sink.h"
#include "query/http/cursor_seal.h"
#include "query/http/http_metrics.h"
#include "query/http/ops_endpoints.h"
#include "query/http/router.h"
#include "query/http/server.h"

namespace satindex::app {

using schemas::config_error;
using schemas::Result;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kAccessRecordDeadline{
    2'000};  // to the journal, or others' rows are withheld
constexpr milliseconds kAccessForwardDeadline{30'000};  // from there to Kafka; nobody waits for it
constexpr milliseconds kJournalStopDeadline{2'000};
constexpr milliseconds kEnsureTopicDeadline{5'000};
constexpr milliseconds kDrainDeadline{10'000};
constexpr milliseconds kOpsDrainDeadline{500};
constexpr std::chrono::seconds kReplayDeadline{30};

// A page may wait for the disk, so there are more than cores.
int http_threads(const RunSettings& settings) {
  if (settings.http_threads > 0) return settings.http_threads;
  return static_cast<int>(std::clamp(2 * std::thread::hardware_concurrency(), 4u, 32u));
}

ingest::LogSink log_sink(Log& log) {
  return [&log](ingest::LogLevel level, std::string_view text) {
    log.write(level == ingest::LogLevel::kInfo      ? LogLevel::kInfo
              : level == ingest::LogLevel::kWarning ? LogLevel::kWarning
                                                    : LogLevel::kError,
              text, {});
  };
}

}  // namespace

struct Node::Impl {
  const RunSettings settings;
  Log& log;
  const DataDir data_dir;
  const MemoryPlan memory;
  std::atomic<bool> stopping{false};
  bool stopped = false;

  // In the order of construction; destroyed the other way round.
  NodeMetrics metrics;
  http::HttpMetrics http_metrics{&metrics.registry()};
  std::unique_ptr<ClockFloor> floor;
  std::shared_ptr<store::StoreResources> resources;
  std::vector<std::unique_ptr<store::Shard>> shards;
  std::unique_ptr<store::FreshnessBoard> board;
  std::unique_ptr<ingest::Ingest> ingest;
  std::unique_ptr<ingest::KafkaSink> access_topic;
  std::unique_ptr<ingest::JournalSink> access_journal;  // forwards to the topic
  std::unique_ptr<trail::TrailService> service;
  std::unique_ptr<AccessRecorder> recorder;
  std::string cursor_key;
  std::unique_ptr<http::JwtAuthenticator> authenticator;
  std::unique_ptr<http::TrailEndpoints> endpoints;
  std::unique_ptr<http::Router> waiting_router;  // until open(): everything but the trails
  std::unique_ptr<http::Router> router;
  std::atomic<const http::Router*> current_router{nullptr};
  std::unique_ptr<http::OpsEndpoints> ops_endpoints;
  std::unique_ptr<http::Server> http_server;
  std::unique_ptr<http::Server> ops_server;
  std::atomic<bool> opened{false};

  Impl(RunSettings s, Log& l)
      : settings(std::move(s)),
        log(l),
        data_dir(settings.data_dir),
        memory(plan_memory(settings.memory_budget_bytes != 0 ? settings.memory_budget_bytes
                                                             : default_memory_budget_bytes())) {}

  ingest::IngestSettings for_ingest() const;
  http::Readiness readiness() const;
  Result<void> load_keys();
  Result<void> open_shards(int32_t partitions);
  Result<void> open_ingest(ingest::TopicShape shape);
  Result<void> open_access_sink();
  Result<void> open_trail();
  Result<void> copy_to(const DataDir& copy);
  // Of a page that could not be read because of us; now and then, so that a spoilt file does not fill the log.
  void complain(const schemas::Status& status);
  std::atomic<int64_t> complained_s{INT64_MIN / 2};
};

ingest::IngestSettings Node::Impl::for_ingest() const {
  return app::ingest_settings(settings, log_sink(log), memory.ingest_bytes);
}

http::Readiness Node::Impl::readiness() const {
  http::Readiness readiness;
  if (stopping.load()) {
    readiness.checks.push_back({"process", false, "stopping"});
  } else if (!opened.load()) {
    readiness.checks.push_back({"brokers", false, "waiting for an answer"});
  } else {
    readiness.ready = ingest->ready();
    readiness.checks.push_back(
        {"index", readiness.ready, ingest->was_ready() ? "read" : "reading"});
    for (std::string& line : ingest->status()) {
      readiness.checks.push_back({"ingest", readiness.ready, std::move(line)});
    }
  }
  return readiness;
}

Result<void> Node::Impl::load_keys() {
  auto key = settings.cursor_key.empty() ? http::load_or_make_cursor_key(data_dir.cursor_key_file())
                                         : http::load_cursor_key(settings.cursor_key);
  if (!key) return config_error("--cursor-key: " + key.error().message);
  cursor_key = std::move(*key);
  auto made = open_authenticator(settings, &http_metrics, [this](const schemas::Status& s) {
    log.warning("the key set could not be read again; the last good one stays in use",
                {{"reason", s.message}});
  });
  if (!made) return made.error();
  authenticator = std::move(*made);
  return {};
}

Result<void> Node::Impl::open_shards(int32_t partitions) {
  if (auto whole = data_dir.whole(); !whole) return whole;
  if (has_contents(data_dir)) {
    // A checkpoint started from where it lies: from now on it is an index like any other.
    if (auto whole = check_contents(data_dir); !whole) return whole;
    std::error_code error;
    std::filesystem::remove(data_dir.contents_file(), error);
  }
  const std::vector<int32_t> there = data_dir.partitions();
  if (!there.empty() && there.back() >= partitions) {
    return config_error("--data-dir: " + data_dir.path().string() + " holds partition " +
                        std::to_string(there.back()) + ", but the topics have " +
                        std::to_string(partitions) +
                        " partitions: it is the index of other topics");
  }
  resources =
      std::make_shared<store::StoreResources>(memory.cache_bytes, memory.write_buffer_bytes,
                                              std::max(2u, std::thread::hardware_concurrency()));
  // Back-filled shards come last in the order, but are there first: the topics' shards count them in.
  std::vector<store::Shard*> backfilled;
  const auto open = [this, &backfilled](const std::filesystem::path& path, int32_t number,
                                        const std::string& identity,
                                        bool of_topic) -> Result<std::unique_ptr<store::Shard>> {
    store::ShardOptions options;
    options.path = path;
    options.partition = number;
    options.identity = identity;
    options.retention_ns = settings.retention_ns;
    if (of_topic) options.backfilled = backfilled;
    return store::Shard::open(options, resources);
  };
  std::vector<std::unique_ptr<store::Shard>> last;
  for (const int32_t number : data_dir.backfills()) {
    auto shard = open(data_dir.backfill(number), partitions + static_cast<int32_t>(last.size()),
                      data_dir.identity_of_backfill(number), false);
    if (!shard) return shard.error();
    last.push_back(std::move(*shard));
    backfilled.push_back(last.back().get());
  }
  for (int32_t p = 0; p < partitions; ++p) {
    auto shard =
        open(data_dir.partition(p), p,
             identity_of_partition(settings.events_topic, settings.ownership_topic, p), true);
    if (!shard) return shard.error();
    shards.push_back(std::move(*shard));
  }
  for (auto& shard : last) shards.push_back(std::move(shard));
  return {};
}

Result<void> Node::Impl::open_ingest(ingest::TopicShape shape) {
  const auto partitions = static_cast<size_t>(shape.partitions);
  std::vector<store::Shard*> of_topics;
  for (size_t p = 0; p < partitions; ++p) of_topics.push_back(shards[p].get());
  board = std::make_unique<store::FreshnessBoard>(shape.partitions);
  const ingest::IngestSettings to_ingest = for_ingest();
  ingest = std::make_unique<ingest::Ingest>(to_ingest, std::move(shape), std::move(of_topics),
                                            *board, metrics.registry());
  if (auto started = ingest->start(); !started) return started;
  return {};
}

Result<void> Node::Impl::open_access_sink() {
  const ingest::KafkaSettings kafka = for_ingest().kafka;
  if (auto made = ingest::ensure_topic(kafka, settings.access_topic, kEnsureTopicDeadline); !made) {
    log.warning("the access topic could not be made; records wait in the journal until it is there",
                {{"topic", settings.access_topic}, {"reason", made.error().message}});
  }
  auto topic = ingest::KafkaSink::open(kafka, settings.access_topic, kAccessForwardDeadline);
  if (!topic) return topic.error();
  access_topic = std::move(*topic);
  ingest::JournalSettings journal;
  journal.directory = data_dir.access_journal();
  journal.answer_deadline = kAccessRecordDeadline;
  journal.log = log_sink(log);
  auto sink = ingest::JournalSink::open(std::move(journal), *access_topic);
  if (!sink) return sink.error();
  access_journal = std::move(*sink);
  return {};
}

Result<void> Node::Impl::open_trail() {
  auto policy = trail::AccessPolicy::create(settings.access);
  if (!policy) return policy.error();
  std::vector<store::Shard*> all;
  for (const auto& shard : shards) all.push_back(shard.get());
  const trail::TrailSettings trail_settings{settings.ownership_max_staleness_ns,
                                            settings.retention_ns, floor->kept_ns()};
  service = std::make_unique<trail::TrailService>(std::move(all), board.get(), std::move(*policy),
                                                  trail_settings, &schemas::system_clock());
  recorder = std::make_unique<AccessRecorder>(*service, *access_journal, *floor, metrics,
                                              schemas::system_clock());
  endpoints = std::make_unique<http::TrailEndpoints>(
      [this](const trail::Caller& caller, const trail::AuditTrailQuery& query) {
        auto read = recorder->read(caller, query);
        if (!read) complain(read.error());
        return read;
      },
      http::CursorSeal(cursor_key));
  router = std::make_unique<http::Router>(endpoints.get(), authenticator.get(),
                                          [this] { return ingest->was_ready(); });
  return {};
}

void Node::Impl::complain(const schemas::Status& status) {
  using schemas::StatusCode;
  if (status.code != StatusCode::kCorrupt && status.code != StatusCode::kInternal) return;
  constexpr int64_t kEveryS = 10;
  const int64_t now = schemas::system_clock().boot_ns() / schemas::kNanosPerSecond;
  int64_t last = complained_s.load();
  if (now - last < kEveryS || !complained_s.compare_exchange_strong(last, now)) return;
  log.error("a page could not be read; the index may be damaged: stop it and run `satindex verify`",
            {{"reason", status.message}});
}

Node::Node(RunSettings settings, Log& log)
    : impl_(std::make_unique<Impl>(std::move(settings), log)) {}
Node::~Node() { stop(); }

Result<void> Node::listen() {
  Impl& my = *impl_;
  if (auto made = my.data_dir.make(); !made) return made;
  auto floor = ClockFloor::open(my.data_dir.clock_file(), my.settings.accept_clock);
  if (!floor) return floor.error();
  my.floor = std::move(*floor);
  if (my.settings.accept_clock) {
    my.log.warning("--accept-clock: time starts anew from the present");
    my.metrics.clock_accepted();
  }
  if (auto loaded = my.load_keys(); !loaded) return loaded;

  my.ops_endpoints = std::make_unique<http::OpsEndpoints>([&my] { return my.readiness(); },
                                                          &my.metrics.registry());
  http::ServerSettings ops;
  ops.listen = my.settings.ops_listen.to_string();
  ops.threads = 1;
  ops.thread_name = "ops";
  auto ops_server = http::Server::start(
      ops,
      [&my](const http::Request& q, http::Response* a) {
        if (my.opened) my.metrics.journal(my.access_journal->status());
        my.ops_endpoints->answer(q, a);
      },
      nullptr);
  if (!ops_server) return config_error("--ops-listen: " + ops_server.error().message);
  my.ops_server = std::move(*ops_server);

  my.waiting_router =
      std::make_unique<http::Router>(nullptr, my.authenticator.get(), [] { return false; });
  my.current_router = my.waiting_router.get();
  http::ServerSettings http;
  http.listen = my.settings.http_listen.to_string();
  http.threads = http_threads(my.settings);
  if (!my.settings.tls_cert.empty()) {
    http.tls = {my.settings.tls_cert, my.settings.tls_key, my.settings.tls_client_ca};
  }
  auto http_server = http::Server::start(
      http,
      [&my](const http::Request& q, http::Response* a) { my.current_router.load()->answer(q, a); },
      &my.http_metrics);
  if (!http_server) return config_error("--http-listen: " + http_server.error().message);
  my.http_server = std::move(*http_server);
  my.log.info("listening", {{"http", int{http_port()}}, {"ops", int{ops_port()}}});
  return {};
}

Result<ingest::TopicShape> Node::discover(milliseconds deadline) const {
  return ingest::discover(impl_->for_ingest(), deadline);
}

Result<void> Node::open(ingest::TopicShape shape) {
  Impl& my = *impl_;
  const int32_t partitions = shape.partitions;
  if (auto opened = my.open_shards(partitions); !opened) return opened;
  if (auto opened = my.open_ingest(std::move(shape)); !opened) return opened;
  if (auto opened = my.open_access_sink(); !opened) return opened;
  if (auto opened = my.open_trail(); !opened) return opened;
  my.opened = true;
  my.current_router = my.router.get();
  my.log.info("serving", {{"partitions", int{partitions}},
                          {"backfill_shards", static_cast<uint64_t>(my.shards.size()) -
                                                  static_cast<uint64_t>(partitions)},
                          {"memory_budget_bytes", my.memory.cache_bytes + my.memory.ingest_bytes}});
  return {};
}

void Node::stop() {
  Impl& my = *impl_;
  if (my.stopped) return;
  my.stopped = true;
  my.stopping = true;
  if (my.http_server) my.http_server->stop(kDrainDeadline);
  // Answers what still waits for it, while the recorder is there to hear.
  if (my.access_journal) my.access_journal->stop(kJournalStopDeadline);
  if (my.ingest) my.ingest->stop();
  if (my.ops_server) my.ops_server->stop(kOpsDrainDeadline);
  my.log.info("stopped");
}

uint16_t Node::http_port() const { return impl_->http_server ? impl_->http_server->port() : 0; }
uint16_t Node::ops_port() const { return impl_->ops_server ? impl_->ops_server->port() : 0; }
bool Node::ready() const { return impl_->opened && !impl_->stopping && impl_->ingest->was_ready(); }
const RunSettings& Node::settings() const { return impl_->settings; }
ingest::IngestSettings Node::ingest_settings() const { return impl_->for_ingest(); }

Result<void> Node::checkpoint_to(const std::string& directory) {
  Impl& my = *impl_;
  if (!my.opened) return schemas::unavailable("the index is not open yet");
  std::error_code error;
  if (std::filesystem::exists(directory, error))
    return schemas::invalid(directory + " is there already");
  // Under another name until it is whole; what an earlier one left there was cut short.
  const std::filesystem::path unfinished = directory + ".unfinished";
  std::filesystem::remove_all(unfinished, error);
  auto written = my.copy_to(DataDir(unfinished));
  if (written) {
    std::filesystem::rename(unfinished, directory, error);
    if (error) written = schemas::unavailable(directory + " cannot be made: " + error.message());
  }
  if (!written) std::filesystem::remove_all(unfinished, error);
  return written;
}

Result<void> Node::Impl::copy_to(const DataDir& copy) {
  if (!copy.make()) return schemas::unavailable(copy.path().string() + " cannot be made");
  for (const auto& shard : shards) {
    const bool of_topic = shard->partition() < board->partitions();
    const int32_t number = shard->partition() - board->partitions();
    const auto to = of_topic ? copy.partition(shard->partition())
                             : copy.backfill(data_dir.backfills()[static_cast<size_t>(number)]);
    if (auto copied = shard->checkpoint_to(to); !copied) return copied;
  }
  for (const auto& [from, to] : {std::pair{data_dir.clock_file(), copy.clock_file()},
                                 std::pair{data_dir.cursor_key_file(), copy.cursor_key_file()}}) {
    std::error_code error;
    if (!std::filesystem::exists(from, error)) continue;
    std::filesystem::copy_file(from, to, error);
    if (error) return schemas::unavailable(to + " cannot be written");
  }
  return write_contents(copy);
}

Result<std::string> Node::replay(const std::string& topic, int32_t partition, int64_t offset) {
  if (!impl_->opened) return schemas::unavailable("the index is not open yet");
  auto answer = impl_->ingest->replay(topic, partition, offset);
  if (answer.wait_for(kReplayDeadline) != std::future_status::ready) {
    return schemas::unavailable("the record was not read again in time");
  }
  return answer.get();
}

}  // namespace satindex::app
