// Reports per second that one core of an edge server manager takes, and what limits it. The goal is 100 000.
//
//   manager_reports [--benchmark_filter=tls:1]
//
// Reports with four metrics are PUT, each in a request of its own as edge servers do it, over at most 64 connections;
// after every `batch` of them the manager publishes what came in.
//
// Edge servers have a thread of their own, which is not counted: items_per_second is per second of this thread's CPU
// time. The percentages are shares of it: "report" is the token, JSON and the check of a report, "publish" the event,
// "http" what the others leave.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "bench/control_plane.h"
#include "collectors/manager.h"
#include "http/rest_client.h"
#include "http/server.h"
#include "tests/support/raw_http.h"

namespace {

using namespace cats;
using namespace cats::bench;
using namespace std::chrono_literals;

constexpr std::size_t kConnections = 64;

// Edge servers that report without a pause, on a thread of their own.
class EdgeServers {
 public:
  EdgeServers(std::size_t instances, const http::Endpoint& manager)
      : instances_(instances), running_(std::min(instances, kConnections)) {
    for (std::size_t i = 0; i < running_; ++i)
      clients_.push_back(std::make_unique<http::RestClient>(thread_.io().get_executor(), manager));
    for (std::size_t i = 0; i < clients_.size(); ++i)
      boost::asio::co_spawn(thread_.io(), report(i), boost::asio::detached);
    thread_.start();
  }
  ~EdgeServers() { thread_.stop(); }
  EdgeServers(const EdgeServers&) = delete;
  EdgeServers& operator=(const EdgeServers&) = delete;

  // They end after their next answer.
  void stop() { stopping_ = true; }
  bool running() const { return running_ > 0; }
  bool failed() const { return failed_; }

 private:
  boost::asio::awaitable<void> report(std::size_t client) {
    for (std::uint32_t sequence = 1; !stopping_ && !failed_; ++sequence)
      for (std::size_t i = client; i < instances_ && !stopping_ && !failed_; i += clients_.size()) {
        const std::string target = target_of(i);
        const http::Outcome outcome = co_await clients_[client]->request("PUT", target, report_of(i, sequence), 5s);
        if (!outcome.ok()) failed_ = true;
      }
    --running_;
  }

  std::size_t instances_;
  std::atomic<std::size_t> running_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;
  support::IoThread thread_;
  std::vector<std::unique_ptr<http::RestClient>> clients_;
};

void manager_reports(benchmark::State& state) {
  enum Stage : std::size_t { kHttp, kReport, kPublish };
  const auto batch = static_cast<std::size_t>(state.range(0));
  const bool tls = state.range(1) != 0;
  Stages stages({"http", "report", "publish"});
  std::size_t accepted = 0;
  collectors::Manager manager(manager_config(batch, std::min<std::size_t>(batch, 10)),
                              {.accepted = [&](const auto&, const auto&, Instant) { ++accepted; }});
  http::ServerConfig config;
  config.tls = tls ? keys().server : nullptr;
  boost::asio::io_context io{1};
  http::Server server(
      io,
      [&](const http::Request& request, const http::Reply& reply) {
        stages.start();
        manager.handle(request, reply);
        stages.lap(kReport);
      },
      std::move(config));
  const std::uint16_t port = server.listen(kHere, 0);
  EdgeServers edge_servers(batch,
                           {.address = kHere, .port = port, .tls = tls ? keys().client : nullptr, .token = "edge"});
  // Until `count` reports came, or one did not get through.
  const auto take = [&](std::size_t count) {
    for (const std::size_t expected = accepted + count; accepted < expected && !edge_servers.failed();)
      io.run_one_for(100ms);
    stages.start();
    manager.tick();
    stages.lap(kPublish);
  };
  take(std::max(batch, kConnections));  // every connection is there
  accepted = 0;
  stages.begin();
  for ([[maybe_unused]] auto one : state) {
    take(batch);
    if (!edge_servers.failed()) continue;
    state.SkipWithError("a report is not answered 204");
    break;
  }
  if (!edge_servers.failed()) stages.tell(state, accepted);
  edge_servers.stop();
  while (edge_servers.running()) io.run_one_for(100ms);
}
BENCHMARK(manager_reports)
    ->ArgNames({"batch", "tls"})
    ->ArgsProduct({{1, 10, 100, 1000}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
