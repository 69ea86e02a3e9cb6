#include "emulator/roles/ingress_faults.h"

#include <algorithm>

#include "emulator/roles/ingress_agent.h"

namespace cats::roles {
namespace {

using control::argument;
using control::Reply;
using nlohmann::json;
using nlohmann::ordered_json;

cpsel::Choice last_choice(const cpsel::Snapshot& snapshot) {
  cpsel::Choice choice;
  for (const cpsel::Candidate& one : snapshot.candidates) choice.weights.push_back(one.last_weight);
  return choice;
}

class Stuck final : public cpsel::Algorithm {
 public:
  explicit Stuck(std::map<cpsel::InstanceId, double> weights) : weights_(std::move(weights)) {}

  cpsel::Choice choose(const cpsel::Snapshot& snapshot) override {
    cpsel::Choice choice;
    for (const cpsel::Candidate& one : snapshot.candidates) {
      const auto known = weights_.find(one.id);
      choice.weights.push_back(known == weights_.end() ? 0 : known->second);
    }
    return choice;
  }

 private:
  std::map<cpsel::InstanceId, double> weights_;
};

class Slow final : public cpsel::Algorithm {
 public:
  Slow(std::unique_ptr<cpsel::Algorithm> right, int updates) : right_(std::move(right)), updates_(updates) {}

  cpsel::Choice choose(const cpsel::Snapshot& snapshot) override {
    cpsel::Choice wanted = right_->choose(snapshot);
    cpsel::Choice kept = last_choice(snapshot);
    seen_ = wanted.weights == kept.weights ? 0 : seen_ + 1;
    const bool nothing_kept = std::ranges::all_of(kept.weights, [](double weight) { return weight == 0; });
    if (seen_ < updates_ && !nothing_kept) return kept;
    seen_ = 0;
    return wanted;
  }

 private:
  std::unique_ptr<cpsel::Algorithm> right_;
  int updates_;
  int seen_ = 0;  // in a row, for something else
};

class Blind final : public cpsel::Algorithm {
 public:
  explicit Blind(std::size_t turn) : turn_(turn) {}

  cpsel::Choice choose(const cpsel::Snapshot& snapshot) override {
    cpsel::Choice choice{false, std::vector<double>(snapshot.candidates.size(), 0.0)};
    choice.weights[turn_ % choice.weights.size()] = 1;
    return choice;
  }

 private:
  std::size_t turn_;
};

bool is_established(const kernel::ConntrackEntry& entry) {
  return entry.tcp_state && kernel::tcp_state_name(*entry.tcp_state) == "ESTABLISHED";
}

}  // namespace

std::unique_ptr<cpsel::Algorithm> stuck(std::map<cpsel::InstanceId, double> weights) {
  return std::make_unique<Stuck>(std::move(weights));
}

std::unique_ptr<cpsel::Algorithm> slow(std::unique_ptr<cpsel::Algorithm> right, int updates) {
  return std::make_unique<Slow>(std::move(right), updates);
}

std::unique_ptr<cpsel::Algorithm> blind(std::size_t turn) { return std::make_unique<Blind>(turn); }

void IngressAgent::fault_command(const json& request, const Reply& reply) {
  const auto kind = argument<std::string>(request, "kind");
  if (kind == "move-session") return move_session(reply);
  if (kind == "none") {
    stop_fault();
  } else if (kind == "bad-hash") {
    bad_hash_ = true;
  } else if (kind == "stuck-cps") {
    start_fault(kind, [chosen = chosen_weights()](std::size_t service, auto) { return stuck(chosen[service]); });
  } else if (kind == "slow-cps") {
    const auto updates = argument<double>(request, "updates");
    if (!(updates >= 2 && updates <= 1000))
      throw UsageError(fmt::format("\"updates\": {} is not in 2 … 1000", updates));
    start_fault(kind, [n = static_cast<int>(updates)](std::size_t, auto right) { return slow(std::move(right), n); });
  } else if (kind == "blind-cps") {
    const Duration period = from_seconds(argument<double>(request, "period_s"));
    if (period < std::chrono::milliseconds(10)) throw UsageError("\"period_s\": is below 0.01 s");
    go_blind(period, 0);
  } else {
    throw UsageError(fmt::format(
        "\"kind\": \"{}\" is not allowed, only stuck-cps, slow-cps, blind-cps, bad-hash, move-session or none", kind));
  }
  ordered_json event = {{"kind", kind}};
  for (const auto& [key, value] : request.items())
    if (key != "do" && key != "kind") event[key] = value;
  log_.write("fault", std::move(event));
  reply.ok();
}

std::vector<std::map<cpsel::InstanceId, double>> IngressAgent::chosen_weights() const {
  std::vector<std::map<cpsel::InstanceId, double>> all(services_.size());
  for (std::size_t i = 0; i < services_.size(); ++i)
    for (std::size_t n = 0; n < services_[i].last.inputs.size(); ++n)
      all[i][services_[i].last.inputs[n].instance] = services_[i].last.weights[n];
  return all;
}

void IngressAgent::start_fault(const std::string& kind, Faulty faulty) {
  fault_ = kind;
  faulty_ = std::move(faulty);
  for (std::size_t i = 0; i < services_.size(); ++i) select(i, services_[i].selection, [](std::uint64_t) {});
}

void IngressAgent::go_blind(Duration period, std::size_t turn) {
  start_fault("blind-cps", [turn](std::size_t, auto) { return blind(turn); });
  blind_timer_.expires_after(period);
  blind_timer_.async_wait([this, period, turn](boost::system::error_code error) {
    if (!error && !stopping_ && fault_ == "blind-cps") go_blind(period, turn + 1);
  });
}

void IngressAgent::stop_fault() {
  blind_timer_.cancel();
  bad_hash_ = false;
  faulty_ = {};
  if (std::exchange(fault_, "none") == "none") return;
  for (std::size_t i = 0; i < services_.size(); ++i) select(i, services_[i].selection, [](std::uint64_t) {});
}

void IngressAgent::move_session(const Reply& reply) {
  // Taken now: the job runs on another thread.
  std::map<IpAddress, std::vector<std::uint32_t>> marks;
  for (std::size_t i = 0; i < services_.size(); ++i)
    for (const cpsel::DecisionInput& input : services_[i].last.inputs)
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
        const ordered_json what = {{"tuple", tuple_json(entry.original)},
                                   {"from", tunnels_.instance_of(entry.mark)},
                                   {"to", tunnels_.instance_of(mark)}};
        ordered_json event = {{"kind", "move-session"}};
        event.update(what);
        log_.write("fault", event);
        reply.ok(what);
      });
}

}  // namespace cats::roles
