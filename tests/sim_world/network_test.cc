// Ways through the shipped topologies.
#include "sim/world/network.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/world/packet_sizes.h"

namespace cats::sim {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

topologies::Topology network_topology(const std::string& name) {
  return topologies::load_topology(CATS_SOURCE_DIR "/topologies/"s + name + ".clab.yml").value();
}

Model slow_links() {
  Model model;
  model.link_delay = 1ms;
  return model;
}

TEST(Network, ADelayIsThatOfTheFewestLinks) {
  const Network network(network_topology("triangle"), slow_links());
  EXPECT_EQ(network.delay("h1", "es1"), 3ms);
  EXPECT_EQ(network.delay("es1", "h1"), 3ms);
  EXPECT_EQ(network.delay("r2", "r3"), 1ms);
  EXPECT_EQ(network.delay("es1", "es2"), 3ms);
  EXPECT_EQ(network.delay("h1", "h2"), 2ms);
  EXPECT_EQ(network.delay("es2", "r3"), 1ms);
  EXPECT_EQ(network.delay("sdn", "sdn"), 0ms);
  const Network fast(network_topology("triangle"), Model{});
  EXPECT_EQ(fast.delay("h1", "es1"), 150us);
}

TEST(Network, ALinkThatIsDownIsPassedByWhereThereIsAnotherWay) {
  Network network(network_topology("triangle"), slow_links());
  EXPECT_EQ(network.delay("h1", "es1"), 3ms);
  network.set_link("r2", "r1", false);
  EXPECT_EQ(network.delay("h1", "es1"), 4ms);
  network.set_link("r2", "r3", false);
  EXPECT_EQ(network.delay("h1", "es1"), std::nullopt);
  EXPECT_EQ(network.delay("h1", "es2"), 3ms);
  network.set_link("r1", "r2", true);
  EXPECT_EQ(network.delay("h1", "es1"), 3ms);
  network.set_link("r2", "es1", false);
  EXPECT_EQ(network.delay("h1", "es1"), std::nullopt);
  EXPECT_EQ(network.delay("es1", "r2"), std::nullopt);
}

TEST(Network, ARouterWithoutRoutesIsNeitherPassedNorReached) {
  Network network(network_topology("triangle"), slow_links());
  network.set_link("r1", "r2", false);
  EXPECT_EQ(network.delay("h1", "es1"), 4ms);
  network.set_routing("r3", false);
  EXPECT_EQ(network.delay("h1", "es1"), std::nullopt);
  EXPECT_EQ(network.delay("h1", "r3"), std::nullopt);
  EXPECT_EQ(network.delay("r1", "es2"), std::nullopt);
  EXPECT_EQ(network.delay("r3", "es2"), 1ms);  // a route of the kernel's own
  EXPECT_EQ(network.delay("r3", "r3"), 0ms);
  EXPECT_EQ(network.delay("r2", "es1"), 1ms);
  network.set_routing("r3", true);
  EXPECT_EQ(network.delay("h1", "es1"), 4ms);
  network.set_routing("r1", false);
  EXPECT_EQ(network.delay("h1", "es1"), std::nullopt);
  EXPECT_EQ(network.delay("h1", "h2"), 2ms);
}

// Packets that are sent as the test says, and when they arrived. The links of the triangle are h1-r1, h2-r1, es1-r2,
// es2-r3 and those between r1, r2 and r3.
class Carried : public testing::Test {
 protected:
  using Durations = std::vector<Duration>;
  static constexpr double kOctetPerMicrosecond = 8e6;

  void build(std::optional<double> rate) {
    Model model = slow_links();
    model.link_rate = rate;
    network_ = std::make_unique<Network>(network_topology("triangle"), model);
  }
  void send_at(Duration when, const std::string& from, const std::string& to, const Network::Packet& packet) {
    const std::size_t place = arrived_.size();
    arrived_.emplace_back(-1);
    engine_.call_at(Instant(when), [this, from, to, packet, place] {
      network_->carry(later_, from, to, packet, [this, place] { arrived_[place] = engine_.now() - Instant{}; });
    });
  }
  Durations arrivals() {
    engine_.run_until(Instant(1s));
    return arrived_;
  }

  Engine engine_;
  Later later_{engine_};
  std::unique_ptr<Network> network_;
  Durations arrived_;
};

TEST_F(Carried, WithoutARateOctetsTakeNoTime) {
  build(std::nullopt);
  EXPECT_FALSE(network_->has_rate());
  send_at(0ms, "h1", "es1", {.octets = 1'000'000, .tunnel = 64});
  send_at(0ms, "h1", "es1", {.after = 7ms});
  EXPECT_EQ(arrivals(), (Durations{3ms, 10ms}));
}

TEST_F(Carried, ALinkSendsOnePacketAfterTheOther) {
  build(kOctetPerMicrosecond);
  EXPECT_TRUE(network_->has_rate());
  send_at(0ms, "h1", "es1", {.octets = 1000});                // 1 ms and 1 ms on each of three links
  send_at(0ms, "h1", "es1", {.octets = 1000, .after = 2ms});  // right behind it
  send_at(0ms, "es1", "h1", {.octets = 1000});                // the other way is free
  send_at(1ms, "h2", "es1", {.octets = 500});                 // between the first two from r1 on
  send_at(0ms, "r2", "r2", {.octets = 1000});
  EXPECT_EQ(arrivals(), (Durations{6ms, 9500us, 6ms, 6500us, 0ms}));
}

// What comes first to a link leaves it first, not what was sent first.
TEST_F(Carried, APacketThatIsFarAwayHoldsNoPlace) {
  build(kOctetPerMicrosecond);
  send_at(0ms, "h1", "es2", {.octets = 1000});  // at the last of three links after 4 ms
  send_at(1ms, "r3", "es2", {.octets = 1000});
  send_at(4ms, "r3", "es2", {.octets = 500});  // asked for earlier at that nanosecond, so before it
  EXPECT_EQ(arrivals(), (Durations{6500us, 3ms, 5500us}));
}

TEST_F(Carried, ATunnelEndsBeforeTheLastLink) {
  build(kOctetPerMicrosecond);
  send_at(0ms, "r1", "es1", {.octets = 1000, .tunnel = 64});
  send_at(100ms, "h1", "r1", {.octets = 1000, .tunnel = 64});
  EXPECT_EQ(arrivals(), (Durations{4064us, 102ms}));
}

TEST_F(Carried, OfAStreamNoneOvertakesAnother) {
  for (const std::optional<double> rate : {std::optional<double>(), std::optional(kOctetPerMicrosecond)}) {
    build(rate);
    Instant stream{};
    std::vector<int> order;
    const Instant begin = engine_.now();
    network_->carry(later_, "h1", "es1", {.after = 2ms, .stream = &stream}, [&] { order.push_back(1); });
    engine_.call_at(begin + 500us,
                    [&] { network_->carry(later_, "h1", "es1", {.stream = &stream}, [&] { order.push_back(2); }); });
    engine_.run_until(begin + 4900us);
    EXPECT_TRUE(order.empty());
    engine_.run_until(begin + 5100us);
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
  }
}

TEST_F(Carried, APacketWithoutAWayGoesNowhere) {
  build(kOctetPerMicrosecond);
  network_->set_link("r2", "es1", false);
  bool called = false;
  EXPECT_FALSE(network_->carry(later_, "h1", "es1", {.octets = 100}, [&] { called = true; }));
  EXPECT_TRUE(network_->carry(later_, "h1", "es2", {.octets = 100}, [] {}));
  engine_.run_until(Instant(1s));
  EXPECT_FALSE(called);
}

TEST_F(Carried, APacketKeepsItsWay) {
  build(kOctetPerMicrosecond);
  send_at(0ms, "h1", "es1", {.octets = 1000});
  engine_.call_at(Instant(1ms), [this] { network_->set_link("r1", "r2", false); });
  send_at(50ms, "h1", "es1", {.octets = 1000});  // by r3
  EXPECT_EQ(arrivals(), (Durations{6ms, 58ms}));
}

TEST(PacketSizes, AMessageHasHeadersForEverySegment) {
  EXPECT_EQ(tcp_octets(0, true), 72U);
  EXPECT_EQ(tcp_octets(0, false), 52U);
  EXPECT_EQ(tcp_octets(1428, true), 1500U);
  EXPECT_EQ(tcp_octets(1429, true), 1429U + 2 * 72U);
  EXPECT_EQ(tcp_octets(1448, false), 1500U);
  EXPECT_EQ(syn_octets(true), 80U);
  EXPECT_EQ(reset_octets(false), 40U);
  EXPECT_EQ(kTunnelOctets, 64U);
}

TEST(Network, SaysWhatIsNotThere) {
  Network network(network_topology("three-sites"), Model{});
  EXPECT_THROW(network.delay("h1", "h9"), std::out_of_range);
  EXPECT_THROW(network.set_link("h1", "es1", false), MeasurementError);
  EXPECT_THROW(network.set_routing("es1", false), MeasurementError);
}

}  // namespace
}  // namespace cats::sim
