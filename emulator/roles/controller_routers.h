// The agents of the routers, asked what they see: their IGP's database every 250 ms, by which it is also known whether
// they are there; anything else when somebody wants to know.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "emulator/roles/igp_database.h"
#include "http/endpoint.h"

namespace cats::roles {

class RouterAgents {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(250);
  static constexpr Duration kAnswer = std::chrono::seconds(1);  // for connecting, and again for answering

  struct Router {
    std::string node;
    http::Endpoint endpoint;
  };
  struct Callbacks {
    // When it changes, and once at first.
    std::function<void(const std::string& router, bool up, const std::string& why)> state;
    // Each time; nothing when the agent is there, and its IGP does not answer. Not of routers that have no IGP to ask.
    std::function<void(const std::string& router, const std::optional<LinkState>& state)> link_state;
  };
  struct Answer {
    std::string router;
    std::string failure;  // why there is no body; empty: there is one
    nlohmann::json body;
  };

  RouterAgents(const boost::asio::any_io_executor& executor, std::vector<Router> routers, Callbacks callbacks);
  ~RouterAgents();  // nothing is called any more
  RouterAgents(const RouterAgents&) = delete;
  RouterAgents& operator=(const RouterAgents&) = delete;

  void start();
  void stop();
  // Nothing before its first answer, or its first failure to answer.
  std::optional<bool> up(const std::string& router) const;
  // GET `target` of all at once, on connections of their own. `done` is called once, in the order of the routers.
  void ask(const std::string& target, std::function<void(std::vector<Answer>)> done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cats::roles
