// Static routes as lines of configuration, as a person types them. FRR takes each line by itself, so this makes a
// transaction of them: all are taken and found in the running configuration afterwards, or what was taken is taken
// back.
#include <algorithm>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/roles/southbound_frr_session.h"

namespace cats::roles {
namespace {

namespace asio = boost::asio;

// FRR's words when somebody else is configuring it.
constexpr std::string_view kLocked = "locked by";

// "ipv6 route 2001:2::100/128 "; what follows is the next hop and its options.
std::string line_begin(const IpAddress& cs_id) {
  return fmt::format("{} route {} ", cs_id.is_v6() ? "ipv6" : "ip", IpPrefix::host(cs_id));
}

Interfaces without(const Interfaces& all, const Interfaces& these) {
  Interfaces rest;
  std::ranges::set_difference(all, these, std::inserter(rest, rest.end()));
  return rest;
}

class VtyStaticRoutes final : public StaticRoutes {
 public:
  VtyStaticRoutes(const asio::any_io_executor& executor, const FrrRouter& router)
      : staticd_(executor, router.staticd, router.password) {}

  asio::awaitable<OrderOutcome> set(IpAddress cs_id, Interfaces interfaces) override {
    const auto before = co_await configured(cs_id);
    if (!before) co_return OrderOutcome{before.error().message, false};
    if (*before == interfaces) co_return OrderOutcome{};
    // A next hop is there before another goes: no new flow falls back on multipath in between.
    std::vector<Step> steps;
    const std::string begin = line_begin(cs_id);
    for (const std::string& hop : without(interfaces, *before)) steps.push_back({begin + hop, "no " + begin + hop});
    for (const std::string& hop : without(*before, interfaces)) steps.push_back({"no " + begin + hop, begin + hop});
    OrderOutcome change = co_await configure(std::move(steps));
    if (change.failure.find(kLocked) != std::string::npos) change.refused = false;
    const auto after = co_await configured(cs_id);
    if (!after) {
      if (change.failure.empty()) change.failure = after.error().message;
      change.refused = false;  // what there is now is not known
      co_return change;
    }
    if (change.failure.empty() && *after != interfaces)
      co_return OrderOutcome{"FRR took every line, but its configuration has " + told(*after), false};
    if (!change.failure.empty() && *after != *before) {
      change.failure += "; and what it had taken could not be taken back, its configuration has " + told(*after);
      change.refused = false;
    }
    co_return change;
  }

  void close() override { staticd_.close(); }

 private:
  struct Step {
    std::string line;
    std::string inverse;
  };

  static std::string told(const Interfaces& hops) {
    return hops.empty() ? "no static route" : fmt::format("the next hops {}", fmt::join(hops, ", "));
  }

  // Next hops of the static route to a CS-ID, each with its options, as the running configuration has them.
  asio::awaitable<Expected<Interfaces>> configured(IpAddress cs_id) {
    const auto configuration = co_await staticd_.show("show running-config");
    if (!configuration) co_return tl::make_unexpected(configuration.error());
    const std::string begin = line_begin(cs_id);
    Interfaces hops;
    std::istringstream lines(*configuration);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(begin))
        hops.insert(line.substr(begin.size(), line.find_last_not_of(' ') + 1 - begin.size()));
    co_return hops;
  }

  asio::awaitable<OrderOutcome> configure(std::vector<Step> steps) {
    OrderOutcome change = co_await take("configure terminal");
    if (!change.failure.empty()) co_return change;
    std::vector<std::string> undo;
    for (const Step& step : steps) {
      change = co_await take(step.line);
      if (!change.failure.empty()) break;
      undo.insert(undo.begin(), step.inverse);
    }
    // After an error there is no session left: the next one finds what was taken and starts from there.
    if (!change.failure.empty() && !change.refused) co_return change;
    if (!change.failure.empty())
      for (const std::string& line : undo) {
        const OrderOutcome taken_back = co_await take(line);
        if (!taken_back.failure.empty()) change.failure += "; then " + taken_back.failure;
      }
    const auto out = co_await staticd_.ask("end");
    if (!out && change.failure.empty()) change = OrderOutcome{out.error().message, false};
    co_return change;
  }

  asio::awaitable<OrderOutcome> take(std::string line) {
    const auto answer = co_await staticd_.ask(line);
    if (!answer) co_return OrderOutcome{answer.error().message, false};
    const std::string words = refusal(*answer);
    if (words.empty()) co_return OrderOutcome{};
    co_return OrderOutcome{fmt::format("FRR refuses \"{}\": {}", line, words), true};
  }

  FrrSession staticd_;
};

}  // namespace

std::unique_ptr<Southbound> frr_vtysh_southbound(const asio::any_io_executor& executor, FrrRouter router,
                                                 Southbound::Callbacks callbacks) {
  auto routes = std::make_unique<VtyStaticRoutes>(executor, router);
  return frr_southbound(executor, std::move(router), std::move(routes), std::move(callbacks));
}

}  // namespace cats::roles
