#include "emulator/roles/ingress_agent.h"
#include "emulator/roles/plugin.h"

namespace cats::roles {
namespace {

// A library of the user's that keeps choosing what it chose last once it has failed.
class Guarded final : public cpsel::Algorithm {
 public:
  Guarded(std::unique_ptr<cpsel::Algorithm> algorithm, std::function<void(const std::string&)> on_failure)
      : algorithm_(std::move(algorithm)), on_failure_(std::move(on_failure)) {}

  cpsel::Choice choose(const cpsel::Snapshot& snapshot) override {
    if (algorithm_) try {
        return algorithm_->choose(snapshot);
      } catch (const PluginFailed& failure) {
        algorithm_.reset();
        on_failure_(failure.what());
      }
    cpsel::Choice choice;
    for (const cpsel::Candidate& one : snapshot.candidates) choice.weights.push_back(one.last_weight);
    return choice;
  }

 private:
  std::unique_ptr<cpsel::Algorithm> algorithm_;
  std::function<void(const std::string&)> on_failure_;
};

}  // namespace

IngressAgent::Made IngressAgent::make(std::size_t service, const Selection& selection) {
  if (selection.library.empty()) {
    if (const auto wrong = check_algorithm(selection.algorithm, selection.parameters)) throw UsageError(*wrong);
    return {*cpsel::find_algorithm(selection.algorithm),
            std::move(*cpsel::make_algorithm(selection.algorithm, selection.parameters))};
  }
  auto plugin = std::make_unique<PluginAlgorithm>(selection.library, selection.parameters, "/proc/self/exe");
  return {plugin_info(selection.algorithm, selection.parameters),
          std::make_unique<Guarded>(std::move(plugin),
                                    [this, service](const std::string& why) { algorithm_failed(service, why); })};
}

void IngressAgent::select(std::size_t service, Selection selection,
                          std::function<void(std::uint64_t decision)> in_force) {
  Made made = make(service, selection);
  // What leaves flows to the router is no C-PS that could have a fault.
  if (faulty_ && selection.algorithm != "ecmp") made.algorithm = faulty_(service, std::move(made.algorithm));
  Service& s = services_[service];
  s.selection = std::move(selection);
  s.info = made.info;
  s.failure.reset();
  const auto decision = selector_.set_algorithm(service, made.info, std::move(made.algorithm), clock_.now());
  const auto told = std::make_shared<std::uint64_t>(0);
  *told = apply(decision, [in_force = std::move(in_force), told] { in_force(*told); });
  arm_refresh(service);
}

void IngressAgent::algorithm_failed(std::size_t service, const std::string& reason) {
  services_[service].failure = reason;
  log_.write("algorithm_failed", {{"service", config_.services[service].cs_id.str()},
                                  {"algorithm", services_[service].selection.algorithm},
                                  {"reason", reason}});
}

// Reads the flow table's counts and asks again, again and again; not for algorithms that do not need it.
void IngressAgent::arm_refresh(std::size_t service) {
  Service& s = services_[service];
  ++s.selections;
  s.refresh->cancel();
  cpsel::Parameters parameters = s.selection.parameters;
  if (s.selection.library.empty()) parameters = *cpsel::complete(s.selection.algorithm, parameters);
  if (!s.info.needs_flow_counts) return;
  s.refresh->expires_at(clock_.now());
  refresh_after(service, from_seconds(parameters.at(std::string(cpsel::kRefresh)) / 1000));
}

void IngressAgent::refresh_after(std::size_t service, Duration interval) {
  Service& s = services_[service];
  // A reading that takes longer than the interval is not followed by a burst.
  s.refresh->expires_at(std::max(s.refresh->expiry() + interval, clock_.now()));
  s.refresh->async_wait([this, service, interval, selection = s.selections](boost::system::error_code error) {
    const auto outdated = [this, service, selection] {
      return stopping_ || services_[service].selections != selection;
    };
    if (error || outdated()) return;
    flow_writer_->read_flows(service,
                             [this, service, interval, outdated](std::exception_ptr failed, const auto& flows) {
                               if (failed) std::rethrow_exception(failed);
                               if (outdated()) return;
                               refresh(service, flows);
                               refresh_after(service, interval);
                             });
  });
}

void IngressAgent::refresh(std::size_t service, const std::map<std::uint32_t, std::uint64_t>& flows) {
  const Instant now = clock_.now();
  for (const cpsel::DecisionInput& input : services_[service].last.inputs) {
    const Tunnel* tunnel = tunnels_.find(service, input.instance);
    const auto count = tunnel == nullptr ? flows.end() : flows.find(tunnel->mark);
    if (count != flows.end()) selector_.flows_sent(service, input.instance, static_cast<double>(count->second), now);
  }
  if (const auto decision = selector_.refresh(service, now)) apply(*decision);
}

}  // namespace cats::roles
