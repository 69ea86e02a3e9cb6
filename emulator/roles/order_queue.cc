#include "emulator/roles/order_queue.h"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "http/asio_scheduler.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

using Sender = cpsel::OrderSender<SteeringOrder>;

asio::awaitable<void> carry_out(std::shared_ptr<OrderCarrier> carrier, SteeringOrder order, Sender::Done done) {
  done(co_await carrier->carry_out(std::move(order)));
}

asio::awaitable<void> look(std::shared_ptr<OrderCarrier> carrier, SteeringOrder order, Sender::Looked looked) {
  looked(co_await carrier->look(std::move(order)));
}

class OrderQueue final : public Southbound {
 public:
  OrderQueue(const asio::any_io_executor& executor, std::shared_ptr<OrderCarrier> carrier, Callbacks callbacks)
      : scheduler_(executor),
        carrier_(std::move(carrier)),
        sender_(
            scheduler_,
            [executor, carrier = carrier_](const SteeringOrder& order, Sender::Done done) {
              asio::co_spawn(executor, carry_out(carrier, order, std::move(done)), asio::detached);
            },
            {.in_force = std::move(callbacks.in_force), .failed = std::move(callbacks.failed)},
            [executor, carrier = carrier_](const SteeringOrder& order, Sender::Looked looked) {
              asio::co_spawn(executor, look(carrier, order, std::move(looked)), asio::detached);
            }) {}
  ~OrderQueue() override { carrier_->close(); }

  void steer(const SteeringOrder& order) override { sender_.steer(order); }

 private:
  http::AsioScheduler scheduler_;
  std::shared_ptr<OrderCarrier> carrier_;  // until what is under way has ended
  Sender sender_;
};

}  // namespace

std::unique_ptr<Southbound> order_queue(const asio::any_io_executor& executor, std::unique_ptr<OrderCarrier> carrier,
                                        Southbound::Callbacks callbacks) {
  return std::make_unique<OrderQueue>(executor, std::move(carrier), std::move(callbacks));
}

}  // namespace cats::roles
