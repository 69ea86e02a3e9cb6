// Debian's node exporter, sampled as a scenario's mapping would, beside what /proc says itself.
#include <atomic>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/prometheus_endpoint.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace cats::collectors {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;
using Take = PrometheusRule::Take;
using Combine = PrometheusRule::Combine;

const IpAddress kHere = IpAddress::of("::1");
constexpr std::uint16_t kPort = 9100;
constexpr std::uint16_t kNobody = 9101;
constexpr double kTicksPerSecond = 100;  // USER_HZ, which /proc/stat counts in
// The kernel makes an idle CPU's time up when it is read, and the exporter refuses steps back: two ticks per CPU.
constexpr double kIdleTolerance = 0.02;
constexpr double kMebibyte = 1024.0 * 1024.0;

const std::vector<PrometheusRule> kRules = {
    {"cpu_utilisation", "node_cpu_seconds_total", {{"mode", "idle"}}, Take::rate, Combine::mean, -100, 100},
    {"idle_seconds", "node_cpu_seconds_total", {{"mode", "idle"}}, Take::value, Combine::sum, 1, 0},
    {"load", "node_load1", {}, Take::value, Combine::sum, 1, 0},
    {"memory_mib", "node_memory_MemTotal_bytes", {}, Take::value, Combine::sum, 1 / kMebibyte, 0},
    {"available_mib", "node_memory_MemAvailable_bytes", {}, Take::value, Combine::sum, 1 / kMebibyte, 0}};

struct Machine {
  Instant read;
  unsigned cpus = 0;
  double idle_seconds = 0;  // of all CPUs
  double load = 0;
  double memory_mib = 0, available_mib = 0;
};

Machine machine() {
  Machine now;
  now.read = std::chrono::steady_clock::now();
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    std::istringstream words(line);
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0;
    words >> name >> user >> nice >> system >> idle;
    if (!name.starts_with("cpu") || name == "cpu") continue;
    ++now.cpus;
    now.idle_seconds += idle / kTicksPerSecond;
  }
  std::ifstream("/proc/loadavg") >> now.load;
  std::ifstream memory("/proc/meminfo");
  for (std::string line; std::getline(memory, line);) {
    std::istringstream words(line);
    std::string name;
    double kib = 0;
    words >> name >> kib;
    if (name == "MemTotal:") now.memory_mib = kib / 1024;
    if (name == "MemAvailable:") now.available_mib = kib / 1024;
  }
  return now;
}

// One scrape, between two looks at /proc.
struct Scrape {
  Machine before;
  std::map<std::string, double> raw;
  Machine after;
};

class NodeExporter : public testing::Test {
 protected:
  void SetUp() override {
    CATS_NEEDS_ROOT();
    CATS_NEEDS_PROGRAM("prometheus-node-exporter");
    namespace_.emplace("exporter");
    namespace_->enter();
    exporter_ = support::ScopedProcess(
        {support::program_path("prometheus-node-exporter"), "--web.listen-address=[::1]:" + std::to_string(kPort),
         "--collector.disable-defaults", "--collector.cpu", "--collector.loadavg", "--collector.meminfo"},
        directory_ / "exporter.log");
    PrometheusEndpoint endpoint = at(kPort, "/metrics");
    ASSERT_TRUE(support::wait_for(10s, [&] { return scrape(endpoint).has_value(); }));
  }

  PrometheusEndpoint at(std::uint16_t port, const std::string& path) {
    return PrometheusEndpoint(io_.get_executor(), {.address = kHere, .port = port}, path, kRules);
  }
  Expected<std::map<std::string, double>> scrape(PrometheusEndpoint& endpoint) {
    auto result = boost::asio::co_spawn(io_, endpoint.scrape(5s), boost::asio::use_future);
    io_.restart();
    io_.run();
    return result.get();
  }
  Scrape between_looks(PrometheusEndpoint& endpoint) {
    Scrape scraped;
    scraped.before = machine();
    const auto raw = scrape(endpoint);
    EXPECT_TRUE(raw) << raw.error().message;
    scraped.after = machine();
    if (raw) scraped.raw = *raw;
    return scraped;
  }
  std::string problem(std::uint16_t port, const std::string& path) {
    PrometheusEndpoint endpoint = at(port, path);
    const auto raw = scrape(endpoint);
    return raw ? "none" : raw.error().message;
  }

  support::TemporaryDirectory directory_;
  std::optional<support::ScopedNamespace> namespace_;
  support::ScopedProcess exporter_;
  boost::asio::io_context io_{1};
};

TEST_F(NodeExporter, SaysWhatProcSays) {
  PrometheusEndpoint endpoint = at(kPort, "/metrics");
  const auto [before, raw, after] = between_looks(endpoint);
  EXPECT_FALSE(raw.contains("cpu_utilisation"));  // a rate needs two scrapes
  ASSERT_TRUE(raw.contains("idle_seconds") && raw.contains("load") && raw.contains("memory_mib"));
  // A counter lies between what it was before and after.
  EXPECT_GE(raw.at("idle_seconds"), before.idle_seconds - kIdleTolerance * before.cpus);
  EXPECT_LE(raw.at("idle_seconds"), after.idle_seconds + kIdleTolerance * before.cpus);
  // The kernel computes the load anew every 5 s.
  EXPECT_TRUE(raw.at("load") == before.load || raw.at("load") == after.load) << raw.at("load");
  EXPECT_NEAR(raw.at("memory_mib"), before.memory_mib, 1e-6);
  // What is free moves meanwhile: within 5 % of all memory.
  EXPECT_NEAR(raw.at("available_mib"), after.available_mib, 0.05 * before.memory_mib);
}

TEST_F(NodeExporter, UtilisationIsThatOfTheKernelsAccounting) {
  PrometheusEndpoint endpoint = at(kPort, "/metrics");
  const Scrape first = between_looks(endpoint);
  std::atomic<bool> done = false;
  std::thread busy([&] {
    while (!done) continue;
  });
  std::this_thread::sleep_for(2s);
  const Scrape second = between_looks(endpoint);
  done = true;
  busy.join();
  ASSERT_TRUE(second.raw.contains("cpu_utilisation"));
  // The exporter read between our looks, so that its window and its idle time lie between these.
  const double cpus = first.before.cpus;
  const double shortest = to_seconds(second.before.read - first.after.read);
  const double longest = to_seconds(second.after.read - first.before.read);
  const double least_idle = second.before.idle_seconds - first.after.idle_seconds - kIdleTolerance * cpus;
  const double most_idle = second.after.idle_seconds - first.before.idle_seconds + kIdleTolerance * cpus;
  const double utilisation = second.raw.at("cpu_utilisation");
  EXPECT_GE(utilisation, 100 - 100 * most_idle / (cpus * shortest));
  EXPECT_LE(utilisation, 100 - 100 * least_idle / (cpus * longest));
  EXPECT_LT(longest - shortest, 0.5) << "the bounds are too wide to say anything";
  EXPECT_GT(utilisation, 50 / cpus) << "one CPU was kept busy";
}

TEST_F(NodeExporter, ErrorsNameThePlace) {
  EXPECT_THAT(problem(kNobody, "/metrics"), StartsWith("http://[::1]:9101: Connection refused"));
  // The exporter answers every other path with a page.
  EXPECT_THAT(problem(kPort, "/elsewhere"),
              StartsWith("http://[::1]:9100/elsewhere: line 1: a metric name is expected"));
  PrometheusEndpoint endpoint = at(kPort, "/metrics");
  ASSERT_TRUE(scrape(endpoint));
  exporter_.kill();
  const auto gone = scrape(endpoint);
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().message, StartsWith("http://[::1]:9100: "));
}

}  // namespace
}  // namespace cats::collectors
