// How a controller orders one ingress (I1), whatever carries an order there: the latest order of each service counts,
// the services take turns, and one order is under way at a time. What is in force is looked after every second, so that
// a router which was started anew is brought back, and one that listens knows that the controller is there.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/ip.h"
#include "base/scheduler.h"

namespace cats::cpsel {

// What came of an order.
struct OrderOutcome {
  std::string failure;  // empty: it is in force
  // By the router: not tried again, unless it was in force, and what was in force still is. Else the router could not
  // be asked, and the order is tried again.
  bool refused = false;
  // With a failure: what was in force may be gone. It is told once it is in force again.
  bool unknown = false;
};

// What is known of an order in force when no order has waited for a second. Where only ordering it again shows whether
// the router still has it, it is ordered again, and told only if that fails.
enum class OrderKept : std::uint8_t { yes, ordering_shows };

// `Order` has members `service` (its CS-ID) and `decision`.
template <class Order>
class OrderSender {
 public:
  static constexpr Duration kAgain = std::chrono::seconds(1);
  static constexpr Duration kPauseAfterFailure = std::chrono::milliseconds(500);

  struct Callbacks {
    // It is in force, told once; orders that a later one overtook are not told.
    std::function<void(const Order&, Instant at)> in_force = {};
    std::function<void(const Order&, const std::string& why, bool tried_again)> failed = {};
  };
  // Both call back once. An error of a look, why the router has the order no longer, is told, and the order is tried
  // until it is in force again.
  using Done = std::function<void(const OrderOutcome&)>;
  using Send = std::function<void(const Order&, Done done)>;
  using Looked = std::function<void(const Expected<OrderKept>&)>;
  using Look = std::function<void(const Order&, Looked looked)>;

  OrderSender(Scheduler& scheduler, Send send, Callbacks callbacks, Look look = ordering_shows)
      : state_(std::make_shared<State>(scheduler, std::move(send), std::move(look), std::move(callbacks))) {}
  // Once it is gone nothing is sent or told; `done` and `looked` may still be called.

  void steer(const Order& order) {
    state_->waiting[order.service] = order;
    // Not before the caller has given all that it has to give.
    if (!state_->busy) state_->next_at(state_->scheduler.now());
  }

  static void ordering_shows(const Order& /*order*/, const Looked& looked) { looked(OrderKept::ordering_shows); }

 private:
  using Orders = std::map<IpAddress, Order>;  // by service

  struct State : std::enable_shared_from_this<State> {
    State(Scheduler& on, Send how, Look see, Callbacks tell)
        : scheduler(on),
          send(std::move(how)),
          look(std::move(see)),
          callbacks(std::move(tell)),
          timer(on.make_timer()) {}

    // The timer goes with the state.
    void next_at(Instant when) {
      busy = false;
      timer->at(when, [this] { next(); });
    }

    void next() {
      busy = true;
      if (waiting.empty()) return look_after(in_force, {});
      const Order order = take();
      send(order, [weak = this->weak_from_this(), order](const OrderOutcome& outcome) {
        if (const auto self = weak.lock()) self->finished(order, outcome);
      });
    }

    // The services in turn: one that fails again and again keeps no other waiting.
    Order take() {
      auto first = waiting.upper_bound(taken);
      if (first == waiting.end()) first = waiting.begin();
      taken = first->first;
      Order order = std::move(first->second);
      waiting.erase(first);
      return order;
    }

    void finished(const Order& order, const OrderOutcome& outcome) {
      Instant again = scheduler.now();
      if (outcome.failure.empty()) {
        acknowledged(order);
      } else {
        // A router that refuses what it had is another one than it was: it is asked until it takes it again.
        const bool tried_again = !outcome.refused || is_in_force(order);
        if (outcome.unknown && tried_again) in_force.erase(order.service);
        failed(order, outcome.failure, tried_again);
        if (tried_again) again += kPauseAfterFailure;
      }
      next_at(waiting.empty() ? scheduler.now() + kAgain : again);
    }

    bool is_in_force(const Order& order) const {
      const auto known = in_force.find(order.service);
      return known != in_force.end() && known->second.decision == order.decision;
    }

    void acknowledged(const Order& order) {
      const bool repeated = is_in_force(order);
      in_force[order.service] = order;
      if (!repeated && callbacks.in_force) callbacks.in_force(order, scheduler.now());
    }

    void failed(const Order& order, const std::string& why, bool tried_again) {
      if (callbacks.failed) callbacks.failed(order, why, tried_again);
      if (tried_again) waiting.try_emplace(order.service, order);  // unless a later one took its place
    }

    // One after the other, until there is something to order. `again`: those that only ordering shows.
    void look_after(Orders left, Orders again) {
      if (!waiting.empty()) return next_at(scheduler.now());
      if (left.empty()) {
        waiting = std::move(again);
        return next_at(waiting.empty() ? scheduler.now() + kAgain : scheduler.now());
      }
      const Order order = left.begin()->second;
      left.erase(left.begin());
      look(order, [weak = this->weak_from_this(), order, left = std::move(left),
                   again = std::move(again)](const Expected<OrderKept>& kept) mutable {
        if (const auto self = weak.lock()) self->looked(order, kept, std::move(left), std::move(again));
      });
    }

    void looked(const Order& order, const Expected<OrderKept>& kept, Orders left, Orders again) {
      if (!waiting.empty()) return next_at(scheduler.now());
      if (!kept) {
        in_force.erase(order.service);
        failed(order, kept.error().message, true);
        return next_at(scheduler.now());
      }
      if (*kept == OrderKept::ordering_shows) again.emplace(order.service, order);
      look_after(std::move(left), std::move(again));
    }

    Scheduler& scheduler;
    Send send;
    Look look;
    Callbacks callbacks;
    std::unique_ptr<Timer> timer;
    Orders waiting, in_force;
    IpAddress taken;    // the service that was last taken from those waiting
    bool busy = false;  // an order or a look is under way
  };

  std::shared_ptr<State> state_;
};

}  // namespace cats::cpsel
