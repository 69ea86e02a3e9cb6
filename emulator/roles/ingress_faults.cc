#include <algorithm>
#include <map>

#include "emulator/roles/ingress_agent.h"

namespace cats::roles {
namespace {

using control::argument;
using control::Reply;
using nlohmann::json;
using nlohmann::ordered_json;

bool is_established(const kernel::ConntrackEntry& entry) {
  return entry.tcp_state && kernel::tcp_state_name(*entry.tcp_state) == "ESTABLISHED";
}

}  // namespace

void IngressAgent::fault_command(const json& request, const Reply& reply) {
  const auto kind = argument<std::string>(request, "kind");
  if (kind == "move-session") return move_session(reply);
  if (kind == "none") {
    bad_hash_ = false;
    selection_.stop_fault();
  } else if (kind == "bad-hash") {
    bad_hash_ = true;
  } else if (!selection_.start_fault(kind, request)) {
    throw UsageError(fmt::format(
        "\"kind\": \"{}\" is not allowed, only stuck-cps, slow-cps, blind-cps, bad-hash, move-session or none", kind));
  }
  selection_.log_fault(request);
  reply.ok();
}

void IngressAgent::move_session(const Reply& reply) {
  // Taken now: the job runs on another thread.
  std::map<IpAddress, std::vector<std::uint32_t>> marks;
  for (std::size_t i = 0; i < selection_.services(); ++i)
    for (const cpsel::DecisionInput& input : selection_.last(i).inputs)
      marks[config_.services[i].cs_id].push_back(tunnels_.find(i, input.instance)->mark);
  auto moved = std::make_shared<std::optional<std::pair<kernel::ConntrackEntry, std::uint32_t>>>();
  sessions_->with_table(
      [moved, marks](kernel::Conntrack& table) {
        for (const kernel::ConntrackEntry& entry : table.dump(true)) {
          const auto service = marks.find(entry.original.destination);
          if (service == marks.end() || !is_established(entry)) continue;
          const auto other = std::find_if(service->second.begin(), service->second.end(),
                                          [&](std::uint32_t mark) { return mark != entry.mark; });
          if (other == service->second.end() || !table.set_mark(entry, *other)) continue;
          *moved = std::pair(entry, *other);
          return;
        }
      },
      [this, moved, reply](std::exception_ptr error) {
        if (error) return reply.fail(error);
        if (!*moved) return reply.fail("there is no established session with a mark, or no second instance");
        const auto& [entry, mark] = **moved;
        const ordered_json what = {{"tuple", to_json(entry.original)},
                                   {"from", tunnels_.instance_of(entry.mark)},
                                   {"to", tunnels_.instance_of(mark)}};
        ordered_json event = {{"kind", "move-session"}};
        event.update(what);
        log_.write("fault", event);
        reply.ok(what);
      });
}

}  // namespace cats::roles
