#include <chrono>

#include "emulator/roles/order_queue.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

constexpr Duration kAnswer = std::chrono::seconds(2);

class AgentCarrier final : public OrderCarrier {
 public:
  AgentCarrier(const asio::any_io_executor& executor, http::Endpoint router) : client_(executor, std::move(router)) {}

  // An agent that fails may have been started anew, without what was in force.
  asio::awaitable<OrderOutcome> carry_out(SteeringOrder order) override {
    const http::Outcome outcome = co_await client_.request(
        "PUT", fmt::format("/v1/services/{}/weights", order.service.str()), order_text(order), kAnswer);
    if (outcome.ok()) co_return OrderOutcome{};
    co_return OrderOutcome{.failure = outcome.why(), .refused = !outcome.passing(), .unknown = true};
  }

  // An agent that hears nothing takes the controller for lost.
  asio::awaitable<Expected<OrderKept>> look(SteeringOrder /*order*/) override { co_return OrderKept::ordering_shows; }

  void close() override { client_.close(); }

 private:
  http::RestClient client_;
};

}  // namespace

std::unique_ptr<Southbound> agent_southbound(const asio::any_io_executor& executor, http::Endpoint router,
                                             Southbound::Callbacks callbacks) {
  auto carrier = std::make_unique<AgentCarrier>(executor, std::move(router));
  return order_queue(executor, std::move(carrier), std::move(callbacks));
}

}  // namespace cats::roles
