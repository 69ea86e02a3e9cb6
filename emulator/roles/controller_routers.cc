#include "emulator/roles/controller_routers.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/rest_client.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

constexpr const char* kTopology = "/v1/topology";
constexpr const char* kHealth = "/v1/health";
constexpr unsigned kNoSuchResource = 404;
constexpr unsigned kIgpSilent = 502;

struct Asked {  // together
  std::vector<RouterAgents::Answer> answers;
  std::size_t left = 0;
  std::function<void(std::vector<RouterAgents::Answer>)> done;
};

}  // namespace

struct RouterAgents::State {
  struct Watched {
    Watched(const asio::any_io_executor& executor, Router given)
        : router(std::move(given)), client(executor, router.endpoint), timer(executor) {}

    Router router;
    http::RestClient client;
    asio::steady_timer timer;
    const char* target = kTopology;
    std::optional<bool> up = {};
  };

  State(const asio::any_io_executor& on, std::vector<Router> routers, Callbacks given)
      : executor(on), callbacks(std::move(given)) {
    for (Router& router : routers) watched.push_back(std::make_unique<Watched>(executor, std::move(router)));
  }

  asio::awaitable<void> watch(std::size_t index) {
    Watched& one = *watched[index];
    while (open) {
      // A router that answers late is not asked in a burst.
      one.timer.expires_after(kInterval);
      const http::Outcome outcome = co_await one.client.request("GET", one.target, "", kAnswer);
      if (!open) co_return;
      heard(one, outcome);
      co_await one.timer.async_wait(http::no_throw);
    }
  }

  void heard(Watched& one, const http::Outcome& outcome) {
    if (outcome.error.empty() && outcome.status == kNoSuchResource && one.target == std::string_view(kTopology)) {
      one.target = kHealth;  // until it is started anew
      return;
    }
    if (outcome.error.empty() && outcome.status == kIgpSilent) {
      tell(one, true, "");
      return callbacks.link_state(one.router.node, std::nullopt);
    }
    if (!outcome.ok()) {
      one.target = kTopology;
      return tell(one, false, outcome.why());
    }
    if (one.target == std::string_view(kHealth)) return tell(one, true, "");
    const auto body = nlohmann::json::parse(outcome.body, nullptr, false);
    const auto state = link_state_from_json(body.is_object() ? body.value("routers", nlohmann::json()) : body);
    if (!state) return tell(one, false, "its topology is not as documented: " + state.error().message);
    tell(one, true, "");
    callbacks.link_state(one.router.node, *state);
  }

  void tell(Watched& one, bool up, const std::string& why) {
    if (one.up == up) return;
    one.up = up;
    callbacks.state(one.router.node, up, why);
  }

  asio::awaitable<void> ask(std::size_t index, std::string target, std::shared_ptr<Asked> asked) {
    http::RestClient client(executor, watched[index]->router.endpoint);
    const http::Outcome outcome = co_await client.request("GET", target, "", kAnswer);
    Answer& answer = asked->answers[index];
    if (outcome.ok()) {
      answer.body = nlohmann::json::parse(outcome.body, nullptr, false);
      if (answer.body.is_discarded()) answer.failure = target + " is answered with no JSON";
    } else {
      answer.failure = outcome.why();
    }
    if (--asked->left == 0 && open) asked->done(std::move(asked->answers));
  }

  asio::any_io_executor executor;
  Callbacks callbacks;
  std::vector<std::unique_ptr<Watched>> watched;
  bool open = true;
};

RouterAgents::RouterAgents(const asio::any_io_executor& executor, std::vector<Router> routers, Callbacks callbacks)
    : state_(std::make_shared<State>(executor, std::move(routers), std::move(callbacks))) {}
RouterAgents::~RouterAgents() { stop(); }

void RouterAgents::start() {
  for (std::size_t i = 0; i < state_->watched.size(); ++i)
    asio::co_spawn(
        state_->executor, [state = state_, i] { return state->watch(i); }, asio::detached);
}

void RouterAgents::stop() {
  state_->open = false;
  for (auto& one : state_->watched) {
    one->timer.cancel();
    one->client.close();
  }
}

std::optional<bool> RouterAgents::up(const std::string& router) const {
  for (const auto& one : state_->watched)
    if (one->router.node == router) return one->up;
  return std::nullopt;
}

void RouterAgents::ask(const std::string& target, std::function<void(std::vector<Answer>)> done) {
  auto asked = std::make_shared<Asked>();
  asked->left = state_->watched.size();
  for (const auto& one : state_->watched) asked->answers.push_back({one->router.node, "", {}});
  if (asked->left == 0) {
    asio::post(state_->executor, [done = std::move(done)] { done({}); });
    return;
  }
  asked->done = std::move(done);
  for (std::size_t i = 0; i < state_->watched.size(); ++i)
    asio::co_spawn(
        state_->executor, [state = state_, i, target, asked] { return state->ask(i, target, asked); }, asio::detached);
}

}  // namespace cats::roles
