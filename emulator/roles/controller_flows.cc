#include "emulator/roles/controller_flows.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "http/rest_client.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

using Said = cpsel::RouterFlowCounts::Said;

Expected<Said> read_said(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("flows") || !json["flows"].is_object())
    return fail("its answer has no member \"flows\"");
  Said said;
  for (const auto& [name, count] : json["flows"].items()) {
    const auto csci = IpAddress::parse(name);
    if (!csci || !count.is_number_unsigned()) return fail("\"{}\" is no count of an instance", name.substr(0, 60));
    said[*csci] = count.get<double>();
  }
  return said;
}

std::vector<std::string> names_of(const std::vector<RouterAgents::Router>& routers) {
  std::vector<std::string> names;
  for (const auto& router : routers) names.push_back(router.node);
  return names;
}

}  // namespace

struct RouterFlowCounts::State {
  // One ingress and one service.
  struct Peer {
    Peer(const asio::any_io_executor& executor, const http::Endpoint& endpoint, const IpAddress& cs_id)
        : target(fmt::format("/v1/services/{}/flows", cs_id)), client(executor, endpoint) {}

    std::string target;
    http::RestClient client;
  };

  asio::awaitable<void> ask(std::size_t router, std::size_t service, cpsel::RouterFlowCounts::Answered answered) {
    Peer& peer = *peers[service][router];
    const http::Outcome outcome = co_await peer.client.request("GET", peer.target, "", kAnswer);
    answered(outcome.ok() ? read_said(outcome.body) : Expected<Said>(fail("{}", outcome.why())));
  }

  std::vector<std::vector<std::unique_ptr<Peer>>> peers = {};  // by service, by router
};

RouterFlowCounts::RouterFlowCounts(
    const asio::any_io_executor& executor, const std::vector<RouterAgents::Router>& routers,
    const std::vector<IpAddress>& services,
    std::function<void(const std::string& router, std::size_t service, const std::string& why)> state)
    : executor_(executor),
      state_(std::make_shared<State>()),
      counts_(
          names_of(routers), services.size(),
          [this](std::size_t router, std::size_t service, cpsel::RouterFlowCounts::Answered answered) {
            asio::co_spawn(
                executor_,
                [held = state_, router, service, answered = std::move(answered)] {
                  return held->ask(router, service, answered);
                },
                asio::detached);
          },
          std::move(state)) {
  for (const IpAddress& cs_id : services) {
    auto& peers = state_->peers.emplace_back();
    for (const auto& router : routers) peers.push_back(std::make_unique<State::Peer>(executor, router.endpoint, cs_id));
  }
}

RouterFlowCounts::~RouterFlowCounts() { stop(); }

void RouterFlowCounts::read(std::size_t service, cpsel::FlowCountReader::Counted counted) {
  counts_.read(service, std::move(counted));
}

void RouterFlowCounts::stop() {
  counts_.stop();
  for (auto& service : state_->peers)
    for (auto& peer : service) peer->client.close();
}

}  // namespace cats::roles
