#include "http/asio_scheduler.h"

#include <chrono>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace cats::http {
namespace {

class AsioTimer final : public Timer {
 public:
  explicit AsioTimer(const boost::asio::any_io_executor& executor) : state_(std::make_shared<State>(executor)) {}
  ~AsioTimer() override { cancel(); }

  void at(Instant when, std::function<void()> what) override {
    const std::uint64_t round = ++state_->round;
    state_->timer.expires_at(when);
    // A timer that has expired can no longer be cancelled: its round tells.
    state_->timer.async_wait([state = state_, round, what = std::move(what)](const boost::system::error_code& error) {
      if (!error && state->round == round) what();
    });
  }

  void cancel() override {
    ++state_->round;
    state_->timer.cancel();
  }

 private:
  struct State {
    explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    std::uint64_t round = 0;
  };
  std::shared_ptr<State> state_;
};

}  // namespace

AsioScheduler::AsioScheduler(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

Instant AsioScheduler::now() const { return std::chrono::steady_clock::now(); }

std::unique_ptr<Timer> AsioScheduler::make_timer() { return std::make_unique<AsioTimer>(executor_); }

}  // namespace cats::http
