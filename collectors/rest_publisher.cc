#include "collectors/rest_publisher.h"

#include <chrono>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collectors/metric_report_json.h"

namespace cats::collectors {
namespace {

namespace asio = boost::asio;

constexpr Duration kAnswerTimeout = std::chrono::seconds(2);
constexpr Duration kPause = std::chrono::milliseconds(500);

}  // namespace

struct RestPublisher::State {
  State(const asio::any_io_executor& on, http::Endpoint manager, const IpAddress& csci, WallClock clock,
        Callbacks given)
      : executor(on),
        client(on, std::move(manager)),
        target(fmt::format("/v1/instances/{}/metrics", csci.str())),
        wall(clock),
        callbacks(std::move(given)),
        timer(on) {}

  asio::awaitable<void> run() {
    while (open && next) {
      const MetricReport report = *std::exchange(next, std::nullopt);
      const bool again = std::exchange(tried, false);
      const PublisherFault fault = again ? PublisherFault::none : faulty.next();
      if (callbacks.on_sent) callbacks.on_sent(report, std::chrono::steady_clock::now(), again);
      if (fault == PublisherFault::lost_update) continue;
      const MetricReport told = fault == PublisherFault::altered_value ? altered(report) : report;
      const http::Outcome outcome = co_await client.request("PUT", target, to_json(told, wall).dump(), kAnswerTimeout);
      if (!open) break;
      if (outcome.ok()) continue;
      if (callbacks.on_failed) callbacks.on_failed(report, outcome.why());
      if (!outcome.passing()) continue;
      timer.expires_after(kPause);
      co_await timer.async_wait(http::no_throw);
      if (next) continue;
      next = report;
      tried = true;
    }
    running = false;
  }

  asio::any_io_executor executor;
  http::RestClient client;
  std::string target;
  WallClock wall;
  Callbacks callbacks;
  asio::steady_timer timer;
  std::optional<MetricReport> next;
  bool tried = false;  // `next` was sent before
  FaultyUpdates faulty;
  bool running = false;
  bool open = true;
};

RestPublisher::RestPublisher(const asio::any_io_executor& executor, http::Endpoint manager, const IpAddress& csci,
                             WallClock wall, Callbacks callbacks)
    : state_(std::make_shared<State>(executor, std::move(manager), csci, wall, std::move(callbacks))) {}

RestPublisher::~RestPublisher() {
  state_->open = false;
  state_->timer.cancel();
  state_->client.close();
}

void RestPublisher::inject(PublisherFault fault, unsigned updates) { state_->faulty.inject(fault, updates); }

void RestPublisher::publish(const MetricReport& report) {
  state_->next = report;
  state_->tried = false;
  if (std::exchange(state_->running, true)) return;
  asio::co_spawn(
      state_->executor, [state = state_] { return state->run(); }, asio::detached);
}

}  // namespace cats::collectors
