// The edge server of a site in virtual time: a service under a CPU quota with load beside it, its C-SMA, and what it
// tells the network of both. Commands, events and samples are those of the emulator's edge server (docs/control.md,
// docs/event-log.md); what it says goes to callbacks, which add the network.
//
// It is a node with a process: start() after stop() starts the process anew, with everything that it has of its own,
// while quota and accounting stay.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/event_log.h"
#include "base/flow_tuple.h"
#include "base/scheduler.h"
#include "collectors/csma.h"
#include "collectors/route_reports.h"
#include "load/background.h"
#include "sim/world/lag.h"
#include "sim/world/model.h"
#include "sim/world/rest_reports.h"
#include "sim/world/site_service.h"

namespace cats::sim {

class EdgeServer {
 public:
  // How metrics leave: one way by "bgp", one by "rest", or either alone.
  struct Way {
    std::string via;
    std::optional<std::set<std::string>> metrics = {};  // absent: all; none: nothing goes this way
    // What goes on the wire, after its metric_sent: with "bgp" quantised; altered by a fault; not called when lost.
    std::function<void(const collectors::MetricReport&)> send = {};
  };
  struct Config {
    std::string node;
    IpAddress cs_id, csci;
    unsigned workers = 1, queue_limit = 0;
    double quota_cores = 0;
    Duration quota_period{}, quota_phase{};  // SiteCpu::Settings; without a period a fluid
    double cpus = 2;
    Duration interval{}, window{}, phase{};
    Instant epoch;
    bool every_interval = true;
    Duration collecting{};  // from a window's end to when its report leaves
    std::uint32_t site_preference = 1;
    std::vector<cpsel::Declaration> declared = {};
    std::filesystem::path samples = {};      // empty: no rows of connections
    std::optional<IpAddress> bgp_peer = {};  // whom the event bgp_state names; absent: there is none
  };
  // The CS-ID's route: true when it is announced without metrics, which is not so where metrics go by BGP: there `send`
  // announces it; false when it is withdrawn. Null: this edge server tells nobody by BGP.
  using Announce = std::function<void(bool announced)>;

  // Throws UsageError for metrics that cannot be collected, SystemError.
  EdgeServer(Scheduler& scheduler, EventLog& events, Config config, std::vector<Way> ways, Announce announce);
  EdgeServer(const EdgeServer&) = delete;
  EdgeServer& operator=(const EdgeServer&) = delete;

  void start();
  // As a SIGKILL: jobs are lost, connections are reset without rows, nothing more is said.
  void stop();
  bool running() const { return csma_.has_value(); }

  // False: nobody listens, the connection is refused.
  bool accept(const FlowTuple& connection);
  void close(const FlowTuple& connection);
  // Arrives now, of CPU time `work`. False: there is no such connection here, it is reset. `replied` is called when the
  // reply leaves, at once when the queue is full (503); never when the site died or the connection was closed.
  bool request(const FlowTuple& connection, Duration work, std::function<void(const SiteReply&)> replied);

  // Of the BGP session with the egress router, which start() finds established. While it is down no report goes by BGP;
  // when it is back the latest one goes again.
  void session(bool up, const std::string& why);
  // The manager could not be reached with what the way by "rest" was given.
  void undelivered(const collectors::MetricReport& report, const std::string& why);

  void command(const nlohmann::json& request, const CommandReply& reply);

  Duration cpu_time() const { return service_.cpu().usage(); }  // of service and loads inside the quota
  void set_quota(double cores) { service_.cpu().set_quota(cores); }
  void set_interval(Duration interval, Duration phase);
  void flush() { service_.flush(); }  // rows of connections; throws SystemError

 private:
  using Handler = void (EdgeServer::*)(const nlohmann::json& request, const CommandReply& reply);
  static const std::map<std::string, Handler>& handlers();

  const Way* way(const std::string& via) const;  // of those that metrics go
  void make_process();
  void publish(const collectors::MetricReport& report);
  Expected<void> tell(const collectors::RouteReports::Telling& telling);
  void log_sent(const char* via, const collectors::MetricReport& report, bool again);
  void log_failed(const char* via, const std::string& why);
  void log_session(const std::string& why);
  void set_load(double cores, bool with_service);
  void follow_schedule(double site, double neighbour);
  void announce_route(bool on, const CommandReply& reply);

  void do_status(const nlohmann::json& request, const CommandReply& reply);
  void do_sample(const nlohmann::json& request, const CommandReply& reply);
  void do_background_load(const nlohmann::json& request, const CommandReply& reply);
  void do_calibrated_load(const nlohmann::json& request, const CommandReply& reply);
  void do_background_schedule(const nlohmann::json& request, const CommandReply& reply);
  void do_known_sequence(const nlohmann::json& request, const CommandReply& reply);
  void do_interval(const nlohmann::json& request, const CommandReply& reply);
  void do_announce(const nlohmann::json& request, const CommandReply& reply);
  void do_withdraw(const nlohmann::json& request, const CommandReply& reply);
  void do_fault(const nlohmann::json& request, const CommandReply& reply);

  Scheduler& scheduler_;
  EventLog& events_;
  Config config_;
  std::vector<Way> ways_;
  Announce announce_;
  SiteService service_;
  bool has_session_ = true;

  // Of the process; all there while it runs.
  std::optional<Lag> collecting_;
  std::optional<collectors::Csma> csma_;
  std::optional<load::BackgroundSchedule> schedule_;
  std::optional<collectors::RouteReports> route_;
  std::optional<RestReports> rest_;
};

}  // namespace cats::sim
