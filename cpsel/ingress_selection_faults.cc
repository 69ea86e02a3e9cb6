#include <utility>

#include "base/argument.h"
#include "cpsel/faulty.h"
#include "cpsel/ingress_selection.h"

namespace cats::cpsel {

bool IngressSelection::start_fault(const std::string& kind, const nlohmann::json& request) {
  if (kind == "stuck-cps") {
    put_in_place(kind, [chosen = chosen_weights()](std::size_t service, auto) { return stuck(chosen[service]); });
  } else if (kind == "slow-cps") {
    const auto updates = argument<double>(request, "updates");
    if (!(updates >= 2 && updates <= 1000))
      throw UsageError(fmt::format("\"updates\": {} is not in 2 … 1000", updates));
    put_in_place(kind, [n = static_cast<int>(updates)](std::size_t, auto right) { return slow(std::move(right), n); });
  } else if (kind == "blind-cps") {
    const Duration period = from_seconds(argument<double>(request, "period_s"));
    if (period < std::chrono::milliseconds(10)) throw UsageError("\"period_s\": is below 0.01 s");
    go_blind(period, 0);
  } else {
    return false;
  }
  return true;
}

void IngressSelection::stop_fault() {
  blind_timer_->cancel();
  faulty_ = {};
  if (std::exchange(fault_, "none") == "none") return;
  for (std::size_t i = 0; i < services_.size(); ++i) select(i, services_[i].algorithm, [](std::uint64_t) {});
}

void IngressSelection::log_fault(const nlohmann::json& request) {
  nlohmann::ordered_json event = {{"kind", argument<std::string>(request, "kind")}};
  for (const auto& [key, value] : request.items())
    if (key != "do" && key != "kind") event[key] = value;
  log_.write("fault", std::move(event));
}

std::vector<std::map<InstanceId, double>> IngressSelection::chosen_weights() const {
  std::vector<std::map<InstanceId, double>> all(services_.size());
  for (std::size_t i = 0; i < services_.size(); ++i)
    for (std::size_t n = 0; n < services_[i].last.inputs.size(); ++n)
      all[i][services_[i].last.inputs[n].instance] = services_[i].last.weights[n];
  return all;
}

void IngressSelection::put_in_place(const std::string& kind, Faulty faulty) {
  fault_ = kind;
  faulty_ = std::move(faulty);
  for (std::size_t i = 0; i < services_.size(); ++i) select(i, services_[i].algorithm, [](std::uint64_t) {});
}

void IngressSelection::go_blind(Duration period, std::size_t turn) {
  put_in_place("blind-cps", [turn](std::size_t, auto) { return blind(turn); });
  if (stopped_) return;
  blind_timer_->at(scheduler_.now() + period, [this, period, turn] {
    if (fault_ == "blind-cps") go_blind(period, turn + 1);
  });
}

}  // namespace cats::cpsel
