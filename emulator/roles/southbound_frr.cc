#include "emulator/roles/southbound_frr.h"

#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "emulator/roles/southbound_frr_session.h"
#include "http/channel.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

constexpr double kEqualWeights = 1e-6;
constexpr Duration kFrrInstalls = std::chrono::seconds(2);        // zebra's queue alone waits 10 ms
constexpr Duration kFrrSettles = std::chrono::milliseconds(100);  // a route resolved anew when an interface changes
constexpr Duration kFrrReadAgain = std::chrono::milliseconds(2);

std::string listed(const Interfaces& interfaces) {
  return interfaces.empty() ? "none" : fmt::format("{}", fmt::join(interfaces, ", "));
}

class FrrCarrier final : public OrderCarrier {
 public:
  FrrCarrier(const asio::any_io_executor& executor, FrrRouter router, std::unique_ptr<StaticRoutes> routes)
      : router_(std::move(router)),
        zebra_(executor, router_.zebra, router_.password),
        routes_(std::move(routes)),
        timer_(executor) {}

  // Configured, and in the kernel.
  asio::awaitable<OrderOutcome> carry_out(SteeringOrder order) override {
    const auto wanted = next_hops(order, router_);
    if (!wanted) co_return OrderOutcome{wanted.error().message, true};
    OrderOutcome change = co_await routes_->set(order.service, *wanted);
    if (!change.failure.empty()) co_return change;
    const auto route = co_await read_until(order.service, *wanted, kFrrInstalls);
    if (!route) co_return OrderOutcome{route.error().message};
    if (has(*route, *wanted)) co_return OrderOutcome{};
    co_return OrderOutcome{
        fmt::format("configured, but not in force after {} ms: {}", to_ms(kFrrInstalls), difference(*route))};
  }

  asio::awaitable<Expected<OrderKept>> look(SteeringOrder order) override {
    const auto wanted = next_hops(order, router_);
    const auto route = co_await read_until(order.service, wanted.value(), kFrrSettles);
    if (!route) co_return tl::make_unexpected(route.error());
    if (has(*route, *wanted)) co_return OrderKept::yes;
    co_return fail("no longer in force: {}", difference(*route));
  }

  void close() override {
    open_ = false;
    timer_.cancel();
    zebra_.close();
    routes_->close();
  }

 private:
  asio::awaitable<Expected<StaticRoute>> read_back(IpAddress cs_id) {
    const IpPrefix prefix = IpPrefix::host(cs_id);
    const auto answer =
        co_await zebra_.show(fmt::format("show {} route {} json", cs_id.is_v6() ? "ipv6" : "ip", prefix));
    if (!answer) co_return tl::make_unexpected(answer.error());
    co_return read_static_route(prefix, *answer);
  }

  // What zebra says in the end: as soon as it is what is wanted, else when patience is out.
  asio::awaitable<Expected<StaticRoute>> read_until(IpAddress cs_id, Interfaces wanted, Duration patience) {
    const Instant deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
      auto route = co_await read_back(cs_id);
      if (!open_ || !route || has(*route, wanted) || std::chrono::steady_clock::now() > deadline) co_return route;
      timer_.expires_after(kFrrReadAgain);
      co_await timer_.async_wait(http::no_throw);
    }
  }

  static bool has(const StaticRoute& route, const Interfaces& wanted) {
    return route.pending.empty() && route.next_hops == wanted;
  }
  static std::string difference(const StaticRoute& route) {
    return route.pending.empty() ? "next hops in the kernel: " + listed(route.next_hops) : route.pending;
  }

  FrrRouter router_;
  FrrSession zebra_;
  std::unique_ptr<StaticRoutes> routes_;
  asio::steady_timer timer_;
  bool open_ = true;
};

}  // namespace

std::string FrrRouter::Listener::str() const {
  return address.is_v6() ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

Expected<Interfaces> next_hops(const SteeringOrder& order, const FrrRouter& router) {
  const auto service = router.tunnels.find(order.service);
  if (service == router.tunnels.end()) return fail("the router has no tunnels for the service {}", order.service);
  Interfaces interfaces;
  std::optional<double> share;
  for (const auto& [csci, weight] : order.weights) {
    if (!(weight > 0)) continue;
    const auto tunnel = service->second.find(csci);
    if (tunnel == service->second.end()) return fail("the router has no tunnel to {}", csci);
    if (share && std::abs(weight - *share) > kEqualWeights)
      return fail("FRR shares new flows evenly among next hops: weights of {} and {} cannot be expressed", *share,
                  weight);
    share = weight;
    interfaces.insert(tunnel->second);
  }
  return interfaces;
}

Expected<StaticRoute> read_static_route(const IpPrefix& prefix, const std::string& answer) {
  using nlohmann::json;
  if (answer.starts_with("% Network not in table")) return StaticRoute{};
  const json routes = json::parse(answer, nullptr, false);
  if (!routes.is_object()) return fail("zebra says of its route to {}: {}", prefix, answer.substr(0, 200));
  StaticRoute result;
  for (const auto& [destination, entries] : routes.items())
    for (const json& entry : entries) {
      if (!entry.is_object() || entry.value("protocol", json()) != "static") continue;
      // While one takes the other's place there are two.
      if (entry.value("installed", json()) != true || entry.value("queued", json()) == true)
        result.pending = fmt::format("zebra's static route to {} is not in the kernel", prefix);
      for (const json& hop : entry.value("nexthops", json::array())) {
        if (!hop.is_object() || hop.value("fib", json()) != true) continue;
        const json name = hop.value("interfaceName", json());
        if (name.is_string()) result.next_hops.insert(name.get<std::string>());
      }
    }
  return result;
}

std::unique_ptr<Southbound> frr_southbound(const asio::any_io_executor& executor, FrrRouter router,
                                           std::unique_ptr<StaticRoutes> routes, Southbound::Callbacks callbacks) {
  auto carrier = std::make_unique<FrrCarrier>(executor, std::move(router), std::move(routes));
  return order_queue(executor, std::move(carrier), std::move(callbacks));
}

}  // namespace cats::roles
