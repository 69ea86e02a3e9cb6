// Counts of new flows over all ingresses: each has its own flow table, and a controller that decides for all of them
// counts what all of them did. Whoever owns it asks the ingresses.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ip.h"
#include "cpsel/flow_count_reader.h"

namespace cats::cpsel {

class RouterFlowCounts {
 public:
  using Said = std::map<IpAddress, double>;  // by CSCI-ID, of one ingress and service since its agent started
  using Answered = std::function<void(const Expected<Said>&)>;
  // Asks one ingress about a service; `answered` is called once, with why not when it does not say.
  using Ask = std::function<void(std::size_t router, std::size_t service, Answered answered)>;
  // Told when an ingress does not say its counts, and when it does again ("").
  using State = std::function<void(const std::string& router, std::size_t service, const std::string& why)>;

  RouterFlowCounts(const std::vector<std::string>& routers, std::size_t services, Ask ask, State state);
  ~RouterFlowCounts();  // nothing is called any more
  RouterFlowCounts(const RouterFlowCounts&) = delete;
  RouterFlowCounts& operator=(const RouterFlowCounts&) = delete;

  // Asks all at once, and calls back when each has answered: the flows of one that did not say count as it said them
  // last. Whoever asks for a service that is being read takes the place of who waits.
  void read(std::size_t service, FlowCountReader::Counted counted);
  void stop();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace cats::cpsel
