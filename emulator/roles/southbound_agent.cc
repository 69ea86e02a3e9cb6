#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "emulator/roles/southbound.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

constexpr Duration kAnswer = std::chrono::seconds(2);
constexpr Duration kPauseAfterFailure = std::chrono::milliseconds(500);
constexpr Duration kAgain = std::chrono::seconds(1);

class AgentSouthbound final : public Southbound {
 public:
  AgentSouthbound(const asio::any_io_executor& executor, http::Endpoint router, Callbacks callbacks)
      : state_(std::make_shared<State>(executor, std::move(router), std::move(callbacks))) {}
  ~AgentSouthbound() override {
    state_->open = false;
    state_->timer.cancel();
    state_->client.close();
  }

  void steer(const SteeringOrder& order) override {
    state_->waiting[order.service] = order;
    if (state_->running)
      state_->timer.cancel();  // of the pause between repetitions
    else
      asio::co_spawn(
          state_->executor, [state = state_] { return state->run(); }, asio::detached);
    state_->running = true;
  }

 private:
  struct State {
    State(const asio::any_io_executor& on, http::Endpoint router, Callbacks given)
        : executor(on), client(on, std::move(router)), callbacks(std::move(given)), timer(on) {}

    asio::awaitable<void> run() {
      while (open) {
        if (waiting.empty()) {
          co_await pause(kAgain);
          if (waiting.empty()) waiting = in_force;
          continue;
        }
        const SteeringOrder order = std::move(waiting.begin()->second);
        waiting.erase(waiting.begin());
        const http::Outcome outcome = co_await client.request(
            "PUT", fmt::format("/v1/services/{}/weights", order.service.str()), order_text(order), kAnswer);
        if (!open) break;
        if (outcome.ok()) {
          acknowledged(order);
          continue;
        }
        if (callbacks.failed) callbacks.failed(order, outcome.why(), outcome.passing());
        in_force.erase(order.service);
        if (!outcome.passing()) continue;
        waiting.try_emplace(order.service, order);  // unless a later one took its place
        co_await pause(kPauseAfterFailure);
      }
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
    http::RestClient client;
    Callbacks callbacks;
    asio::steady_timer timer;
    std::map<IpAddress, SteeringOrder> waiting, in_force;  // by service
    bool running = false;
    bool open = true;
  };

  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Southbound> agent_southbound(const asio::any_io_executor& executor, http::Endpoint router,
                                             Southbound::Callbacks callbacks) {
  return std::make_unique<AgentSouthbound>(executor, std::move(router), std::move(callbacks));
}

}  // namespace cats::roles
