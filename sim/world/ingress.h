// An ingress in virtual time: the kernel's part (flow_table.h), which steers packets, and the agent with the C-PS
// (cpsel/ingress_selection.h), which can be lost and come back. Commands and events are those of the emulator's ingress
// (docs/control.md, docs/event-log.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "base/scheduler.h"
#include "collectors/metric_mapping.h"
#include "cpsel/ingress_selection.h"
#include "cpsel/router_flow_counts.h"
#include "sim/world/flow_table.h"
#include "sim/world/lag.h"
#include "sim/world/model.h"
#include "sim/world/patience.h"

namespace cats::sim {

class Ingress {
 public:
  struct Instance {
    std::size_t site = 0;  // how callers name it: unique over all services
    IpAddress csci;
    IpAddress sid;
    std::uint32_t mark = 0;  // unique too, above 0
    double capacity = 1;
  };
  struct Service {
    IpAddress cs_id;
    std::optional<Duration> age_limit;
    std::string steer_by;
    cpsel::ChosenAlgorithm algorithm;
    std::vector<Instance> instances;
  };
  struct Config {
    std::string node;
    std::uint64_t seed = 0;
    cpsel::IngressCps cps = cpsel::IngressCps::ingress;
    Duration controller_timeout = std::chrono::seconds(3);
    std::size_t slots = 64;
    bool conntrack = true;  // false: the fault `no-conntrack`
    Duration session_timer = std::chrono::seconds(10);
    Duration deciding{};  // from what a route tells to the decision on it
    Duration programming = Model{}.programming;
    IpAddress bgp_peer = {};  // whom the event bgp_state names
    std::vector<Service> services;
  };
  struct Wiring {
    // A request that carries this instance's mark: `answered` is called with who answered, or not at all.
    std::function<void(std::size_t site, std::function<void(const std::string& instance)> answered)> probe;
    cpsel::AlgorithmMaker make = make_of_the_registry;
  };

  Ingress(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring);
  ~Ingress();
  Ingress(const Ingress&) = delete;
  Ingress& operator=(const Ingress&) = delete;

  // The agent. Throws UsageError when an algorithm is refused. stop(): as a SIGKILL; flow table and sessions stay.
  void start();
  void stop();
  bool running() const { return selection_ != nullptr; }

  // Of the agent's BGP session with its router, which is up at first. Down: all its routes are gone.
  void session(bool up);
  // A BGP UPDATE reached the agent; `report` is null for a route without metrics. Routes are the router's too.
  void heard(std::size_t site, const collectors::MetricReport* report, std::uint32_t path_id);
  void withdrawn(std::size_t site);

  // Where a packet goes now, of a new flow or of one that is known: the site; nothing when there is no route.
  std::optional<std::size_t> steer(const FlowTuple& tuple);
  // The connection is over, in order or not: its entry ages out.
  void closed(const FlowTuple& tuple);

  // A controller's order: `done` is called once it is in the flow table, or with why it is refused; never when the
  // agent is lost meanwhile.
  using Ordered = std::function<void(const Expected<Instant>& acked)>;
  void order(const cpsel::OrderedWeights& order, const Ordered& done);
  // New flows by CSCI-ID since the agent started, for a controller. Error: it is not there.
  Expected<cpsel::RouterFlowCounts::Said> flows(const IpAddress& cs_id) const;

  void command(const nlohmann::json& request, const CommandReply& reply);  // ingress_commands.cc

 private:
  using Handler = void (Ingress::*)(const nlohmann::json& request, const CommandReply& reply);
  struct Place {
    std::size_t service = 0;
    const Instance* instance = nullptr;
  };
  struct Write {
    std::uint64_t decision = 0;
    std::vector<std::uint32_t> marks;
    std::vector<std::function<void()>> in_force;
  };

  static const std::map<std::string, Handler>& handlers();
  static FlowTable::Config table_config(const Config& config);
  cpsel::IngressSelection::Wiring selection_wiring();
  std::optional<std::size_t> find(const IpAddress& cs_id) const;
  const Instance* with_mark(std::uint32_t mark) const;
  std::string instance_of(std::uint32_t mark) const;
  void log_session(const char* why);
  void withdraw(std::size_t site);

  // As the emulator's FlowWriter: one write is under way, what is decided meanwhile replaces what waits.
  void submit(std::size_t service, std::uint64_t decision, std::vector<std::uint32_t> marks,
              std::function<void()> in_force);
  void start_writing();
  void written();

  void watch(Duration interval);
  void poll();

  void do_status(const nlohmann::json& request, const CommandReply& reply);
  void do_algorithm(const nlohmann::json& request, const CommandReply& reply);
  void do_multipath(const nlohmann::json& request, const CommandReply& reply);
  void do_probe(const nlohmann::json& request, const CommandReply& reply);
  void do_slots(const nlohmann::json& request, const CommandReply& reply);
  void do_watch_flows(const nlohmann::json& request, const CommandReply& reply);
  void do_forget_flows(const nlohmann::json& request, const CommandReply& reply);
  void do_fault(const nlohmann::json& request, const CommandReply& reply);
  void move_session(const CommandReply& reply);

  Scheduler& scheduler_;
  EventLog& log_;
  Config config_;
  Wiring wiring_;
  std::map<std::size_t, Place> places_;  // by site
  std::map<std::uint32_t, const Instance*> by_mark_;

  // The kernel's.
  FlowTable table_;
  std::vector<std::vector<std::size_t>> routes_;  // sites by service, ascending: the router's multipath routes
  bool routes_are_old_ = false;                   // the next one that is heard takes the place of all
  std::uint64_t hash_seed_;
  bool hash_has_ports_ = true;

  // The agent's.
  bool session_up_ = true;
  unsigned sessions_ = 0;
  std::uint64_t updates_ = 0;
  std::map<std::size_t, std::uint32_t> paths_;  // by site
  bool bad_hash_ = false;
  std::map<std::size_t, Write> waiting_, writing_;  // by service
  std::unique_ptr<Timer> write_timer_;
  std::unique_ptr<cpsel::SessionChanges> changes_;
  Duration watch_interval_{};
  std::unique_ptr<Timer> watch_timer_;
  std::unique_ptr<Patience> patience_;
  std::unique_ptr<cpsel::IngressSelection> selection_;
  std::unique_ptr<Lag> deciding_;
};

}  // namespace cats::sim
