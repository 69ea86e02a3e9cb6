#include "emulator/roles/southbound_frr.h"

#include <chrono>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
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
constexpr Duration kFrrAfterFailure = std::chrono::milliseconds(500);
constexpr Duration kFrrLookAgain = std::chrono::seconds(1);

std::string listed(const Interfaces& interfaces) {
  return interfaces.empty() ? "none" : fmt::format("{}", fmt::join(interfaces, ", "));
}

class FrrSouthbound final : public Southbound {
 public:
  FrrSouthbound(const asio::any_io_executor& executor, FrrRouter router, std::unique_ptr<StaticRoutes> routes,
                Callbacks callbacks)
      : state_(std::make_shared<State>(executor, std::move(router), std::move(routes), std::move(callbacks))) {}
  ~FrrSouthbound() override {
    state_->open = false;
    state_->timer.cancel();
    state_->zebra.close();
    state_->routes->close();
  }

  void steer(const SteeringOrder& order) override {
    state_->waiting[order.service] = order;
    if (state_->running)
      state_->timer.cancel();  // of the pause that it may be in
    else
      asio::co_spawn(
          state_->executor, [state = state_] { return state->run(); }, asio::detached);
    state_->running = true;
  }

 private:
  struct State {
    State(const asio::any_io_executor& on, FrrRouter given, std::unique_ptr<StaticRoutes> how, Callbacks tell)
        : executor(on),
          router(std::move(given)),
          zebra(on, router.zebra, router.password),
          routes(std::move(how)),
          callbacks(std::move(tell)),
          timer(on) {}

    asio::awaitable<void> run() {
      while (open) {
        if (waiting.empty()) {
          co_await pause(kFrrLookAgain);
          if (open && waiting.empty()) co_await look();
          continue;
        }
        const SteeringOrder order = take();
        const RouteChange change = co_await carry_out(order);
        if (!open) break;
        if (change.failure.empty()) {
          acknowledged(order);
          continue;
        }
        if (callbacks.failed) callbacks.failed(order, change.failure, !change.refused);
        if (change.refused) continue;               // what was in force still is
        waiting.try_emplace(order.service, order);  // unless a later one took its place
        co_await pause(kFrrAfterFailure);
      }
    }

    // The services in turn: one that fails again and again keeps no other waiting.
    SteeringOrder take() {
      auto next = waiting.upper_bound(taken);
      if (next == waiting.end()) next = waiting.begin();
      taken = next->first;
      SteeringOrder order = std::move(next->second);
      waiting.erase(next);
      return order;
    }

    // Configured, and in the kernel.
    asio::awaitable<RouteChange> carry_out(SteeringOrder order) {
      const auto wanted = next_hops(order, router);
      if (!wanted) co_return RouteChange{wanted.error().message, true};
      RouteChange change = co_await routes->set(order.service, *wanted);
      if (!change.failure.empty()) co_return change;
      const auto route = co_await read_until(order.service, *wanted, kFrrInstalls);
      if (!route) co_return RouteChange{route.error().message, false};
      if (has(*route, *wanted)) co_return RouteChange{};
      co_return RouteChange{
          fmt::format("configured, but not in force after {} ms: {}", to_ms(kFrrInstalls), difference(*route)), false};
    }

    // Whether the router still has what is in force. What it lost is ordered again.
    asio::awaitable<void> look() {
      std::vector<SteeringOrder> all;
      for (const auto& [service, order] : in_force) all.push_back(order);
      for (const SteeringOrder& order : all) {
        const auto wanted = next_hops(order, router);
        const auto route = co_await read_until(order.service, wanted.value(), kFrrSettles);
        if (!open || !waiting.empty()) co_return;
        if (route && has(*route, *wanted)) continue;
        in_force.erase(order.service);
        if (callbacks.failed)
          callbacks.failed(order, route ? "no longer in force: " + difference(*route) : route.error().message, true);
        if (!open) co_return;
        waiting.try_emplace(order.service, order);
      }
    }

    asio::awaitable<Expected<StaticRoute>> read_back(IpAddress cs_id) {
      const IpPrefix prefix = IpPrefix::host(cs_id);
      const auto answer =
          co_await zebra.show(fmt::format("show {} route {} json", cs_id.is_v6() ? "ipv6" : "ip", prefix));
      if (!answer) co_return tl::make_unexpected(answer.error());
      co_return read_static_route(prefix, *answer);
    }

    // What zebra says in the end: as soon as it is what is wanted, else when patience is out.
    asio::awaitable<Expected<StaticRoute>> read_until(IpAddress cs_id, Interfaces wanted, Duration patience) {
      const Instant deadline = std::chrono::steady_clock::now() + patience;
      while (true) {
        auto route = co_await read_back(cs_id);
        if (!open || !route || has(*route, wanted) || std::chrono::steady_clock::now() > deadline) co_return route;
        co_await pause(kFrrReadAgain);
      }
    }

    static bool has(const StaticRoute& route, const Interfaces& wanted) {
      return route.pending.empty() && route.next_hops == wanted;
    }
    static std::string difference(const StaticRoute& route) {
      return route.pending.empty() ? "next hops in the kernel: " + listed(route.next_hops) : route.pending;
    }

    void acknowledged(const SteeringOrder& order) {
      const auto known = in_force.find(order.service);
      const bool again = known != in_force.end() && known->second.decision == order.decision;
      in_force[order.service] = order;
      if (!again && callbacks.in_force) callbacks.in_force(order, std::chrono::steady_clock::now());
    }

    asio::awaitable<void> pause(Duration length) {
      timer.expires_after(length);
      co_await timer.async_wait(http::no_throw);
    }

    asio::any_io_executor executor;
    FrrRouter router;
    FrrSession zebra;
    std::unique_ptr<StaticRoutes> routes;
    Callbacks callbacks;
    asio::steady_timer timer;
    std::map<IpAddress, SteeringOrder> waiting, in_force;  // by service
    IpAddress taken;                                       // the service that was last taken from those waiting
    bool running = false;
    bool open = true;
  };

  std::shared_ptr<State> state_;
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
  return std::make_unique<FrrSouthbound>(executor, std::move(router), std::move(routes), std::move(callbacks));
}

}  // namespace cats::roles
