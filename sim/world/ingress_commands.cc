// docs/control.md, role ingress.
#include <string_view>
#include <utility>

#include "base/argument.h"
#include "bgp/session.h"
#include "sim/world/ingress.h"

namespace cats::sim {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr Duration kProbeTimeout = std::chrono::seconds(2);
constexpr std::int64_t kLongestWatch_ms = 3'600'000;

}  // namespace

const std::map<std::string, Ingress::Handler>& Ingress::handlers() {
  static const std::map<std::string, Handler> all = {{"algorithm", &Ingress::do_algorithm},
                                                     {"fault", &Ingress::do_fault},
                                                     {"forget_flows", &Ingress::do_forget_flows},
                                                     {"multipath", &Ingress::do_multipath},
                                                     {"probe", &Ingress::do_probe},
                                                     {"slots", &Ingress::do_slots},
                                                     {"status", &Ingress::do_status},
                                                     {"watch_flows", &Ingress::do_watch_flows}};
  return all;
}

void Ingress::command(const json& request, const CommandReply& reply) {
  if (!running()) return reply(fail("ingress {}: its agent does not run", config_.node));
  const auto name = argument<std::string>(request, "do");
  const auto found = handlers().find(name);
  if (found != handlers().end()) return (this->*found->second)(request, reply);
  std::string known;
  for (const auto& [each, handler] : handlers()) known += (known.empty() ? "" : ", ") + each;
  reply(fail("no command \"{}\" in the simulator; there are {}", name, known));
}

void Ingress::do_status(const json& /*request*/, const CommandReply& reply) {
  const auto state = session_up_ ? bgp::SessionState::established : bgp::SessionState::idle;
  ordered_json fields = {{"node", config_.node},
                         {"role", "ingress"},
                         {"bgp",
                          {{"peer", config_.bgp_peer.str()},
                           {"state", bgp::to_string(state)},
                           {"sessions", sessions_},
                           {"updates", updates_},
                           {"paths", paths_.size()}}}};
  fields.update(selection_->status());
  reply(std::move(fields));
}

void Ingress::do_algorithm(const json& request, const CommandReply& reply) {
  if (config_.cps == cpsel::IngressCps::controller) return reply(fail("this ingress takes orders: it does not choose"));
  selection_->select(selection_->service_argument(request), cpsel::algorithm_argument(request),
                     [reply](std::uint64_t decision) {
                       reply(ordered_json{{"decision", decision}});
                     });
}

void Ingress::do_multipath(const json& request, const CommandReply& reply) {
  const std::size_t service = selection_->service_argument(request);
  const auto seed = argument<std::uint32_t>(request, "seed");
  if (seed == 0) throw UsageError("\"seed\": 0 leaves the seed to the kernel");
  hash_seed_ = seed;
  hash_has_ports_ = !bad_hash_;
  const ordered_json state = {
      {"service", config_.services[service].cs_id.str()}, {"seed", seed}, {"next_hops", routes_[service].size()}};
  log_.write("multipath", state);
  reply(state);
}

void Ingress::do_probe(const json& request, const CommandReply& reply) {
  const Service& service = config_.services[selection_->service_argument(request)];
  const auto csci = IpAddress::parse(argument<std::string>(request, "csci"));
  if (!csci) throw UsageError(csci.error().message);
  for (const Instance& instance : service.instances) {
    if (instance.csci != *csci) continue;
    using Answer = Expected<std::string>;
    const auto answered = patience_->within<Answer>(
        kProbeTimeout,
        fail("{} with mark {}: no reply within {} ms", service.cs_id, instance.mark, to_ms(kProbeTimeout)),
        [reply](const Answer& who) {
          who ? reply(ordered_json{{"instance", *who}}) : reply(tl::make_unexpected(who.error()));
        });
    return wiring_.probe(instance.site, [answered](const std::string& who) { answered(who); });
  }
  throw UsageError(fmt::format("there is no tunnel to {}", *csci));
}

void Ingress::do_slots(const json& request, const CommandReply& reply) {
  reply(ordered_json{{"marks", table_.slots(selection_->service_argument(request))}});
}

void Ingress::do_watch_flows(const json& request, const CommandReply& reply) {
  const auto interval = argument<std::int64_t>(request, "interval_ms");
  if (interval < 0 || interval > kLongestWatch_ms)
    throw UsageError(fmt::format("\"interval_ms\": {} is not allowed", interval));
  watch(std::chrono::milliseconds(interval));
  reply(ordered_json::object());
}

void Ingress::do_forget_flows(const json& /*request*/, const CommandReply& reply) {
  reply(ordered_json{{"removed", table_.forget(scheduler_.now())}});
}

void Ingress::do_fault(const json& request, const CommandReply& reply) {
  const auto kind = argument<std::string>(request, "kind");
  if (kind == "move-session") return move_session(reply);
  if (kind == "none") {
    bad_hash_ = false;
    selection_->stop_fault();
  } else if (kind == "bad-hash") {
    bad_hash_ = true;
  } else if (!selection_->start_fault(kind, request)) {
    throw UsageError(fmt::format(
        "\"kind\": \"{}\" is not allowed, only stuck-cps, slow-cps, blind-cps, bad-hash, move-session or none", kind));
  }
  selection_->log_fault(request);
  reply(ordered_json::object());
}

void Ingress::move_session(const CommandReply& reply) {
  std::map<IpAddress, std::vector<std::uint32_t>> marks;
  for (std::size_t i = 0; i < selection_->services(); ++i)
    for (const cpsel::DecisionInput& input : selection_->last(i).inputs)
      for (const Instance& instance : config_.services[i].instances)
        if (instance.csci == input.instance.csci) marks[config_.services[i].cs_id].push_back(instance.mark);
  const auto moved = table_.move_session(marks, scheduler_.now());
  if (!moved) return reply(fail("there is no established session with a mark, or no second instance"));
  const ordered_json what = {
      {"tuple", to_json(moved->tuple)}, {"from", instance_of(moved->from)}, {"to", instance_of(moved->to)}};
  ordered_json event = {{"kind", "move-session"}};
  event.update(what);
  log_.write("fault", event);
  reply(what);
}

void Ingress::watch(Duration interval) {
  watch_interval_ = interval;
  if (interval > Duration(0)) return watch_timer_->at(scheduler_.now(), [this] { poll(); });
  watch_timer_->cancel();
  changes_->end(scheduler_.now());
}

void Ingress::poll() {
  const Instant now = scheduler_.now();
  changes_->compare(now, table_.marked(now));
  watch_timer_->at(now + watch_interval_, [this] { poll(); });
}

}  // namespace cats::sim
