// A scenario: everything that a run needs to know, read from one YAML file. The format is docs/scenario-format.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "collectors/prometheus_mapping.h"
#include "cpsel/metrics.h"
#include "cpsel/registry.h"
#include "load/patterns.h"
#include "scenarios/bounds.h"
#include "scenarios/catalogue.h"
#include "scenarios/fleet.h"
#include "scenarios/simulation.h"
#include "topologies/topology.h"

namespace cats::scenarios {

enum class Engine : std::uint8_t { emulator, sim };  // the world that a run is made in
enum class Mode : std::uint8_t { distributed, centralized, hybrid };
enum class Refresh : std::uint8_t { every_interval, on_change };
using load::Arrivals;
enum class Via : std::uint8_t { bgp, controller };                          // how a metric's values travel
enum class Cps : std::uint8_t { controller, ingress, split };               // where the C-PS decides
enum class SouthboundDriver : std::uint8_t { agent, frr_vtysh, frr_grpc };  // of I1

// How BGP attribute 42 is sent (the metadata draft); the numbers that IANA has not assigned.
struct Attribute {
  bool transit = true;  // flags 0xC0; false: standard, 0x80, and the capability
  int capability_code = 238;
  int cats_metric_type = 65280;
  int cats_stamp_type = 65281;
};

struct Service {
  int port = 8080;
  int workers = 2;
  int queue_limit = 1000;                     // waiting requests; above it a request is answered 503
  double quota_cores = 0.2;                   // CPU of one instance
  std::map<std::string, double> site_quotas;  // exceptions by edge server
  Duration quota_period = std::chrono::milliseconds(10);

  double quota_of(const std::string& edge_server) const;
};

// A file with times or durations that a workload plays (load/trace.h).
struct Trace {
  std::string name;  // as the scenario writes it
  std::filesystem::path file;
  std::string sha256;
};

// Offered by each host, per service; `flows` by all hosts together.
struct Workload {
  struct Persistent {
    int sessions = 0;                        // held open from the start of the trial to its end
    Duration interval{};                     // between the requests of one session
    Arrivals arrivals = Arrivals::constant;  // or poisson
  };
  struct Short {
    double rate = 0;      // new sessions per second, the mean
    int requests = 1;     // of one session, one after another
    Duration interval{};  // between them
    load::ArrivalPattern arrivals = Arrivals::poisson;
  };
  // What lb-variance counts, over all hosts: sessions that send a request every interval while they live.
  struct Flows {
    int count = 100;
    double rate = 50;  // new flows per second, the mean
    load::ArrivalPattern arrivals = Arrivals::poisson;
    load::RandomDuration duration = load::RandomDuration::exponential(std::chrono::seconds(1));  // a flow's life
    Duration interval = std::chrono::milliseconds(100);  // between the requests of one flow
  };
  std::optional<Persistent> persistent;
  std::optional<Short> brief;  // `short` in the file
  Flows flows;                 // of lb-variance alone
  load::RandomDuration work;   // CPU time that a request asks for
  Duration timeout{};          // of a request, from its scheduled time
  std::vector<Trace> traces;   // that it names; when parsed from text alone, none

  double requests_per_second() const;   // of one host, the mean
  Duration mean_flow_duration() const;  // of short sessions, by the mean work, without queueing; 0: there are none
};

// Load beside the service, from the moment when a trial begins to measure.
struct BackgroundLoad {
  std::string shape = "step";   // "step", "ramp", "square"
  Duration start{};             // since that moment
  std::optional<Duration> end;  // none: as long as the trial measures
  double cores = 0;             // of a step, at a ramp's end, of a square wave's first half
  double from = 0;              // at a ramp's start
  Duration period{};            // of a square wave
  bool neighbour = false;       // outside the site's quota, on the CPU that its service runs on
};

// What the sites measure, derive and distribute: section 4 of draft-yl-bmwg-cats-02.
struct Metrics {
  Duration window{};                         // the sampling window W
  std::string steer_by;                      // the declared metric that the C-PS reads
  std::vector<cpsel::Declaration> declared;  // without cpsel::problems()
  std::map<std::string, Via> via;            // those given, by declared name; Scenario::via() knows the others

  // Raw metrics that an exporter in the edge server's network namespace measures, in place of our own collector.
  struct Prometheus {
    collectors::PrometheusSource source;
    std::vector<std::string> exporter;  // program and arguments, started beside each; empty: it is there already
    std::vector<std::string> sites;     // edge servers; empty: all

    bool at(const std::string& edge_server) const;
  };
  std::optional<Prometheus> prometheus;
};

// What the centralized and hybrid modes add; a distributed scenario may carry it, unused.
struct ControlPlane {
  SouthboundDriver southbound = SouthboundDriver::agent;
  Cps cps = Cps::split;  // of the hybrid mode; Scenario::cps() knows the other modes'
  std::string fallback;  // as given; Scenario::fallback() knows the default
};

struct Algorithm {
  std::string name;               // of the registry, or the path of a library as the file writes it: "./mine.so"
  cpsel::Parameters parameters;   // all of them, given or default; of a library those given
  std::filesystem::path library;  // the file; empty for those of the registry, and when parsed from text alone
  std::string library_sha256;

  bool is_library() const { return name.find('/') != std::string::npos; }
};

struct TestRequest {
  std::string name;
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();  // those given, numbers by declared name
};

struct Fault {
  std::string kind;
  std::string node;      // "" when it strikes every node of the fault's role
  std::string instance;  // edge server, "" when the fault has none
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();  // all of them, given or default
};

// How many trials each entry of the report gets.
struct Trials {
  int min = 5;
  // Beyond `min` only until the interval of the test's primary figure is narrow enough: half of it at most this share
  // of the value. 0: `min` trials, no more.
  int max = 5;
  double ci_width = 0;
};

struct Scenario;

// One entry of the report: a test under one combination of the studied values.
struct Case {
  std::string test;
  std::string label;  // unique in the scenario: "lb-variance", "lb-variance#2"
  nlohmann::ordered_json combination = nlohmann::ordered_json::object();  // studied key → value as written
  std::shared_ptr<const Scenario> scenario;                               // with these values; `tests` has this one
};

struct Scenario {
  std::string name;
  Engine engine = Engine::emulator;  // where several are studied, the first; see runs_on()
  Simulation simulation;             // of Engine::sim; another one may carry it, unused
  Mode mode = Mode::distributed;
  ControlPlane controller;
  std::uint64_t seed = 1;
  Duration interval{};  // T
  Refresh refresh = Refresh::every_interval;
  // With every_interval always there, of a fleet when it is given; never with on_change.
  std::optional<Duration> age_limit;
  Attribute attribute;
  Service service;
  Metrics metrics;
  Algorithm algorithm;
  Workload workload;
  std::map<std::string, std::vector<BackgroundLoad>> background;  // by edge server
  std::vector<TestRequest> tests;                                 // in file order, each at most once
  Trials trials;
  Duration warm_up{};    // of each trial
  Duration cool_down{};  // of each trial
  std::vector<Fault> faults;
  std::vector<FigureBound> bounds;
  std::vector<Case> cases;  // by entry of `tests`, then by combination; see cases_of()

  bool quick = false;
  std::vector<std::string> warnings;  // departures from the common rules, for the report

  // In the place of a topology: then there is no network, and `service` has its queue limit, `metrics` the window and
  // what fleet->declared() says, `workload` the traces alone.
  std::optional<Fleet> fleet;
  std::string topology;                         // as written; empty of a fleet
  std::filesystem::path topology_file;          // resolved; empty when parsed from text alone
  std::optional<topologies::Topology> network;  // of topology_file
  std::filesystem::path file;
  std::string text;    // the file's bytes
  std::string sha256;  // of `text`

  const TestRequest* test(const std::string& test_name) const;  // nullptr when not asked for

  // How the values of a metric travel, declared or not. Distributed: by BGP; centralized: by way of the controller;
  // hybrid: as given, else by way of the controller that of `steer_by` (unless the ingress decides), by BGP all others.
  // Counts of packets and octets go together, with their period: they are one sub-TLV.
  Via via(const std::string& metric) const;
  // Distributed: ingress; centralized: controller; hybrid: as given.
  Cps cps() const;
  // The controller steers the ingresses by FRR itself (a driver frr-*), not by their agents.
  bool steered_by_frr() const;
  // A declared metric that goes via BGP: with Cps::split the ingress refines candidate weights with it, and steers by
  // it when the controller is lost. As given, else of those there are the first with the highest level. Empty when
  // there is none, which a hybrid scenario with Cps::split is refused for.
  std::string fallback() const;
};

// The scenario's cases; of one made in memory, a case per test.
std::vector<Case> cases_of(const Scenario& scenario);

// Whether an entry of the report is made in that world: `engine` may be studied.
bool runs_on(const Scenario& scenario, Engine engine);
// The scenario with its entries on that engine alone; they keep their labels. There must be one (runs_on()).
Scenario only(Scenario scenario, Engine engine);

// Reads and checks a scenario and its topology. The error is every diagnostic, one line each: file:line:column:
// message. `assignments` are values that take the place of the file's (scenarios/cases.h, with_values): `text` and
// `sha256` are of the outcome.
Expected<Scenario> load_scenario(const std::filesystem::path& file, const Catalogue& catalogue,
                                 const std::vector<std::string>& assignments = {});

// The same without the topology: `file` is only how messages call the text. No file is opened but traces: the copies
// in `run_directory`, unless it is empty.
Expected<Scenario> parse_scenario(std::string_view text, const std::string& file, const Catalogue& catalogue,
                                  const std::filesystem::path& run_directory = {});

// `name` as a path if there is such a file, else NAME or NAME.yaml in the shipped directory. The error names what was
// tried, and what is shipped.
Expected<std::filesystem::path> find_scenario(const std::string& name, const std::filesystem::path& shipped);

// --quick: 2 trials, test parameters at most at their quick values, a short warm-up. Marked as such; not conforming.
Scenario quick(Scenario scenario, const Catalogue& catalogue);

// max(5T, 5 mean flow durations, 10 s): the common rules' warm-up. A fleet's flow lasts for its work.
Duration least_warm_up(const Scenario& scenario);

const char* to_string(Engine engine);            // "emulator"
const char* to_string(Mode mode);                // "distributed"
const char* to_string(Refresh refresh);          // "every-interval"
const char* to_string(Via via);                  // "controller"
const char* to_string(Cps cps);                  // "split"
const char* to_string(SouthboundDriver driver);  // "frr-vtysh"

}  // namespace cats::scenarios
