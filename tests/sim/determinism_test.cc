// A run is what its seed says: hosts with bursts of arrivals and log-normal demands, four stations whose workers share
// quotas, the shortest queue chosen.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "load/arrival_process.h"
#include "load/distribution.h"
#include "sim/alarm.h"
#include "sim/engine.h"
#include "sim/station.h"

namespace cats::sim {
namespace {

class World final : public EventHandler {
 public:
  World(std::uint64_t seed, std::vector<const char*> hosts) : alarms_(4), number_(engine_.add(*this)) {
    for (int i = 0; i < 4; ++i)
      stations_.emplace_back(Station::Settings{.workers = 3, .queue_limit = 5, .capacity = {0.5 + 0.1 * i, 0.05}});
    for (const char* host : hosts) {
      const auto stream = [&](const char* what) { return RandomStream(seed, std::string(what) + "/" + host); };
      hosts_.push_back({load::mmpp_arrivals({{80, 1}, {20, 2}}, stream("arrivals")),
                        stream("work"),
                        load::Distribution::lognormal(0.02, 0.03),
                        {}});
      ask(hosts_.size() - 1);
    }
  }

  void run() { engine_.run_until(Instant(std::chrono::seconds(60))); }
  // Of all that happened, to the nanosecond.
  std::uint64_t digest() const { return digest_; }
  const std::vector<std::int64_t>& arrivals(std::size_t host) const { return hosts_[host].arrived; }

  void on_event(std::uint32_t argument) override {
    if (argument >= kHosts) {
      arrive(argument - kHosts);
    } else if (alarms_[argument].rang(engine_, number_, argument)) {
      note(stations_[argument].depart(engine_.now()).tag);
      follow(argument);
    }
  }

 private:
  static constexpr std::uint32_t kHosts = 1000;
  struct Host {
    std::unique_ptr<load::ArrivalProcess> process;
    RandomStream random;
    load::Distribution work;
    std::vector<std::int64_t> arrived;
  };

  void ask(std::size_t host) {
    engine_.at(*hosts_[host].process->next(), number_, kHosts + static_cast<std::uint32_t>(host));
  }
  void arrive(std::uint32_t index) {
    Host& host = hosts_[index];
    host.arrived.push_back(to_ns(engine_.now()));
    std::uint32_t best = 0;
    for (std::uint32_t i = 1; i < 4; ++i)
      if (stations_[i].jobs() < stations_[best].jobs()) best = i;
    note(static_cast<std::uint64_t>(
        stations_[best].arrive(engine_.now(), tag_++, host.work.draw_duration(host.random))));
    follow(best);
    ask(index);
  }
  void follow(std::uint32_t i) {
    if (const auto next = stations_[i].next_departure()) alarms_[i].set(engine_, number_, i, *next);
  }
  void note(std::uint64_t what) {
    digest_ = mix64(digest_ ^ what);
    digest_ = mix64(digest_ ^ static_cast<std::uint64_t>(to_ns(engine_.now())));
  }

  Engine engine_;
  std::vector<Station> stations_;
  std::vector<Alarm> alarms_;
  std::uint32_t number_;
  std::vector<Host> hosts_;
  std::uint64_t tag_ = 0;
  std::uint64_t digest_ = 0;
};

std::uint64_t digest_of(std::uint64_t seed) {
  World world(seed, {"h1", "h2", "h3"});
  world.run();
  return world.digest();
}

TEST(Determinism, TheSameSeedGivesTheSameRun) {
  EXPECT_EQ(digest_of(1), digest_of(1));
  EXPECT_NE(digest_of(1), digest_of(2));
}

TEST(Determinism, AnotherHostDisturbsNoHostsArrivals) {
  World three(1, {"h1", "h2", "h3"});
  World four(1, {"h1", "h2", "h3", "h4"});
  three.run();
  four.run();
  for (std::size_t host = 0; host < 3; ++host) EXPECT_EQ(three.arrivals(host), four.arrivals(host));
  EXPECT_NE(three.digest(), four.digest());
}

}  // namespace
}  // namespace cats::sim
