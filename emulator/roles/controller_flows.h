// Counts of new flows over all ingresses (cpsel/router_flow_counts.h), asked of their agents over REST.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/ip.h"
#include "cpsel/router_flow_counts.h"
#include "emulator/roles/controller_routers.h"

namespace cats::roles {

class RouterFlowCounts {
 public:
  static constexpr Duration kAnswer = std::chrono::milliseconds(200);

  // `services`: the CS-IDs. `state` is told when an agent does not say its counts, and when it does again ("").
  RouterFlowCounts(const boost::asio::any_io_executor& executor, const std::vector<RouterAgents::Router>& routers,
                   const std::vector<IpAddress>& services,
                   std::function<void(const std::string& router, std::size_t service, const std::string& why)> state);
  ~RouterFlowCounts();  // nothing is called any more
  RouterFlowCounts(const RouterFlowCounts&) = delete;
  RouterFlowCounts& operator=(const RouterFlowCounts&) = delete;

  // Asks all at once (GET /v1/services/CS-ID/flows), on connections that are kept. Calls back when each has answered,
  // or not within kAnswer: its flows count as it said them last. Whoever asks for a service that is being read
  // takes the place of who waits.
  void read(std::size_t service, cpsel::FlowCountReader::Counted counted);
  void stop();

 private:
  struct State;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<State> state_;
  cpsel::RouterFlowCounts counts_;
};

}  // namespace cats::roles
