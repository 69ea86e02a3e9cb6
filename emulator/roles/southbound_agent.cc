#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "emulator/roles/southbound.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

constexpr Duration kAnswer = std::chrono::seconds(2);
constexpr Duration kPauseAfterFailure = std::chrono::milliseconds(500);

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
    if (std::exchange(state_->running, true)) return;
    asio::co_spawn(
        state_->executor, [state = state_] { return state->run(); }, asio::detached);
  }

 private:
  struct State {
    State(const asio::any_io_executor& on, http::Endpoint router, Callbacks given)
        : executor(on), client(on, std::move(router)), callbacks(std::move(given)), timer(on) {}

    asio::awaitable<void> run() {
      while (open && !waiting.empty()) {
        const SteeringOrder order = std::move(waiting.begin()->second);
        waiting.erase(waiting.begin());
        nlohmann::ordered_json body = {{"decision", order.decision}, {"weights", nlohmann::ordered_json::object()}};
        for (const auto& [csci, weight] : order.weights) body["weights"][csci.str()] = weight;
        const http::Outcome outcome = co_await client.request(
            "PUT", fmt::format("/v1/services/{}/weights", order.service.str()), body.dump(), kAnswer);
        if (!open) break;
        if (outcome.ok()) {
          if (callbacks.in_force) callbacks.in_force(order, std::chrono::steady_clock::now());
          continue;
        }
        if (callbacks.failed) callbacks.failed(order, outcome.why(), outcome.passing());
        if (!outcome.passing()) continue;
        waiting.try_emplace(order.service, order);  // unless a later one took its place
        timer.expires_after(kPauseAfterFailure);
        co_await timer.async_wait(http::no_throw);
      }
      running = false;
    }

    asio::any_io_executor executor;
    http::RestClient client;
    Callbacks callbacks;
    asio::steady_timer timer;
    std::map<IpAddress, SteeringOrder> waiting;  // by service
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
