#include "scenarios/read_fleet.h"

#include <algorithm>
#include <array>

#include "base/diagnostics.h"
#include "scenarios/read_sections.h"
#include "scenarios/read_workload.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr int kMostSites = 100'000;
constexpr int kMostIngresses = 10'000;
constexpr std::int64_t kMostPairs = 20'000'000;  // what each ingress keeps of each site: some 150 octets
constexpr double kMostSiteCores = 1024;
constexpr double kMostLoad = 10;
constexpr Duration kLongest = 24h;

// "crowd: none" in an entry of `tests` takes away what the file has.
bool is_given(const yaml::Reader& section) {
  return section.present() && (section.is_map() || section.string() != "none");
}

std::vector<double> read_capacity(const yaml::Reader& reader) {
  std::vector<double> fallback = {1};
  if (!reader.present()) return fallback;
  const std::string text = reader.text();
  std::vector<double> cores;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    const auto [number, rest] = split_quantity(std::string_view(text).substr(begin, end - begin));
    if (!number || !rest.empty() || *number < 0.01 || *number > kMostSiteCores) {
      reader.complain(
          fmt::format("\"{}\" is no capacity: write the cores of each site, 0.01 to {:g}, or those of the sites in "
                      "turn such as \"4:2:1\"",
                      text, kMostSiteCores));
      return fallback;
    }
    cores.push_back(*number);
    begin = end + 1;
  }
  return cores;
}

double read_load(const yaml::Reader& reader, double fallback) {
  if (!reader.present()) return fallback;
  const std::string text = reader.text();
  const auto [number, unit] = split_quantity(text);
  const double load = number.value_or(0) / 100;
  if (number && unit == "%" && load > 0 && load <= kMostLoad) return load;
  reader.complain(fmt::format("\"{}\" is no load: write a share of all capacity such as 70%, above 0% and to {:g}%",
                              text, kMostLoad * 100));
  return fallback;
}

// Of loads as algorithms know them: a share where that has a full scale, else jobs per core.
double read_threshold(const yaml::Reader& reader) {
  if (!reader.present()) return 0;
  const std::string text = reader.text();
  const auto [number, unit] = split_quantity(text);
  if (number && *number >= 0 && (unit == "%" || unit.empty())) return unit == "%" ? *number / 100 : *number;
  reader.complain(fmt::format("\"{}\" is no threshold: write a share such as 5%, or a number of jobs per core", text));
  return 0;
}

Fleet::Metric read_metric(const yaml::Reader& reader) {
  using cpsel::Level;
  const yaml::Map map = reader.map({"raw", "level", "quantised", "full_queue"});
  Fleet::Metric metric;
  const yaml::Reader raw = map.get("raw");
  metric.raw = read_choice(raw, {Fleet::Raw::utilisation, Fleet::Raw::queue}, metric.raw);
  metric.level = cpsel::from_text<Level>(map.get("level").choice({"L0", "L1", "L2"}, "L0")).value_or(Level::l0);
  metric.quantised = map.get("quantised").boolean(metric.quantised);
  metric.full_queue = map.get("full_queue").number(metric.full_queue, 1, 1e6);
  if (metric.level == Level::l0)
    for (const char* of_scores : {"quantised", "full_queue"})
      if (map.has(of_scores)) map.get(of_scores).complain("a raw value is not scored: it goes with level L1 or L2");
  if (metric.level == Level::l2 && raw.present()) raw.complain("L2 is made of both: leave it away");
  return metric;
}

Fleet::Updates read_updates(const yaml::Reader& reader, Refresh refresh) {
  const yaml::Map map = reader.map({"threshold", "hold", "silence", "phases"});
  Fleet::Updates updates;
  updates.threshold = read_threshold(map.get("threshold"));
  updates.hold = read_duration(map.get("hold"), updates.hold, 0s, 1h);
  if (const yaml::Reader silence = map.get("silence")) updates.silence = read_duration(silence, 1h, 10ms, kLongest);
  updates.phases = read_choice(map.get("phases"), {Fleet::Phases::spread, Fleet::Phases::together}, updates.phases);
  if (refresh == Refresh::every_interval)
    for (const char* key : {"threshold", "hold", "silence"})
      if (map.has(key))
        map.get(key).complain("\"refresh: every-interval\" tells what each window shows: write \"refresh: on-change\"");
  return updates;
}

Fleet::Crowd read_crowd(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"at", "for", "factor"});
  Fleet::Crowd crowd;
  crowd.at = read_duration(map.at("at"), 0s, 0s, kLongest);
  crowd.length = read_duration(map.at("for"), 1s, 1ms, kLongest);
  crowd.factor = map.at("factor").number(2, 0.01, 1000);
  return crowd;
}

Fleet::Outage read_outage(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"of", "share", "at", "for", "detection"});
  Fleet::Outage outage;
  outage.of = read_choice(map.get("of"), {Fleet::Lost::sites, Fleet::Lost::routes, Fleet::Lost::controller}, outage.of);
  const bool of_sites = outage.of != Fleet::Lost::controller;
  const yaml::Reader share = of_sites ? map.at("share") : map.get("share");
  if (of_sites) outage.share = share.share(0.1);
  if (of_sites && share.present() && outage.share == 0) share.complain("no site would be lost: write more than 0%");
  if (!of_sites && share.present()) share.complain("there is one controller: leave it away");
  outage.at = read_duration(map.at("at"), 0s, 0s, kLongest);
  if (const yaml::Reader length = map.get("for")) outage.length = read_duration(length, 1s, 1ms, kLongest);
  const yaml::Reader detection = map.get("detection");
  outage.detection = read_duration(detection, outage.detection, 0s, 1h);
  if (outage.of != Fleet::Lost::sites && detection.present())
    detection.complain("only the failure of sites has to be detected: write \"of: sites\", or leave it away");
  return outage;
}

void read_size(const yaml::Map& map, Fleet& fleet) {
  const yaml::Reader sites = map.at("sites");
  fleet.sites = static_cast<int>(sites.integer(1, 1, kMostSites));
  fleet.ingresses = static_cast<int>(map.get("ingresses").integer(fleet.ingresses, 1, kMostIngresses));
  if (std::int64_t{fleet.sites} * fleet.ingresses > kMostPairs)
    sites.complain(fmt::format("{} sites at each of {} ingresses are more than {} in all", fleet.sites, fleet.ingresses,
                               kMostPairs));
  fleet.capacity = read_capacity(map.get("capacity"));
  fleet.load = read_load(map.get("load"), fleet.load);
}

Fleet read_section(const yaml::Reader& reader, const Scenario& scenario, TraceFiles& traces, std::vector<Trace>& used) {
  const yaml::Map map = reader.map({"sites", "ingresses", "capacity", "load", "arrivals", "work", "delay",
                                    "delay_spread", "collect", "metric", "updates", "crowd", "outage"});
  Fleet fleet;
  read_size(map, fleet);
  fleet.arrivals = read_arrivals(map.get("arrivals"), load::Arrivals::poisson, traces, used);
  if (const yaml::Reader work = map.get("work"))
    fleet.work = read_random_duration(work, load::RandomDuration::fixed(fleet.work.mean), 1us, 1h, traces, used);
  fleet.delay = read_duration(map.get("delay"), fleet.delay, 0s, 10s);
  fleet.delay_spread = read_duration(map.get("delay_spread"), fleet.delay_spread, 0s, 10s);
  const yaml::Reader collect = map.get("collect");
  fleet.collect = read_duration(collect, fleet.collect, 0s, 1h);
  if (collect.present() && scenario.mode == Mode::distributed)
    collect.complain("a controller collects updates, and there is none: write \"mode: centralized\", or leave it away");
  fleet.metric = read_metric(map.get("metric"));
  fleet.updates = read_updates(map.get("updates"), scenario.refresh);
  if (const yaml::Reader crowd = map.get("crowd"); is_given(crowd)) fleet.crowd = read_crowd(crowd);
  if (const yaml::Reader outage = map.get("outage"); is_given(outage)) fleet.outage = read_outage(outage);
  if (fleet.outage && fleet.outage->of == Fleet::Lost::controller && scenario.mode == Mode::distributed)
    map.get("outage").open_map().get("of").complain("there is no controller: write \"mode: centralized\"");
  return fleet;
}

// Workers that one core each cannot make busy are no fault; cores that workers cannot use are.
void read_workers(const yaml::Reader& reader, Fleet& fleet) {
  if (!reader.present()) return;
  const auto workers = static_cast<int>(reader.integer(1, 1, 100'000));
  fleet.workers = workers;
  const double most = *std::ranges::max_element(fleet.capacity);
  if (workers < most)
    reader.complain(fmt::format("{} workers use {} cores at most, and a site has {:g}: write more, or leave it away",
                                workers, workers, most));
}

// A key that a scenario with a topology has, and what takes its place.
struct Instead {
  const char* key;
  const char* remedy;
};

void refuse(const yaml::Map& map, std::initializer_list<Instead> keys) {
  for (const Instead& one : keys)
    if (const yaml::Reader found = map.get(one.key))
      found.complain(fmt::format("goes with a topology: {}", one.remedy));
}

constexpr const char* kNotModelled = "a fleet models no such thing, leave it away";

void refuse_what_goes_with_a_topology(const yaml::Map& map) {
  if (const yaml::Reader topology = map.get("topology"))
    topology.complain("a fleet takes its place: leave \"topology\" or \"fleet\" away");
  refuse(map, {{"controller", "of a fleet it decides with \"mode: centralized\", leave this away"},
               {"attribute", "a fleet's updates have no octets, leave it away"},
               {"workload", "write fleet.load, fleet.arrivals and fleet.work"},
               {"background", "a fleet's sites have none, leave it away"},
               {"faults", "write fleet.outage, simulation.update_loss or fleet.crowd"}});
  refuse(map.get("service").open_map(), {{"port", kNotModelled},
                                         {"quota", "write fleet.capacity"},
                                         {"site_quotas", "write fleet.capacity, the cores of the sites in turn"},
                                         {"quota_period", kNotModelled}});
  refuse(
      map.get("metrics").open_map(),
      {{"steer_by", "write fleet.metric"}, {"declared", "write fleet.metric"}, {"prometheus", "write fleet.metric"}});
  refuse(map.get("simulation").open_map(), {{"link_delay", "write fleet.delay"},
                                            {"link_rate", kNotModelled},
                                            {"collecting", kNotModelled},
                                            {"deciding", kNotModelled},
                                            {"programming", kNotModelled},
                                            {"rest_processing", kNotModelled},
                                            {"request_overhead", kNotModelled},
                                            {"cpus", "write fleet.capacity"},
                                            {"link_loss", kNotModelled}});
}

void check_tests_of_fleets(const yaml::Reader& tests, const Catalogue& catalogue, bool fleet) {
  if (!tests.is_list()) return;
  std::vector<std::string> of_fleets;
  for (const TestDeclaration& test : catalogue.tests)
    if (test.of_fleets) of_fleets.push_back(test.name);
  for (const yaml::Reader& element : tests.list()) {
    const std::string name = test_of(element);
    const auto known = std::ranges::find(catalogue.tests, name, &TestDeclaration::name);
    if (known == catalogue.tests.end() || known->of_fleets == fleet) continue;
    element.complain(fleet
                         ? fmt::format("\"{}\" needs a topology: take {}, or write \"topology\" in place of \"fleet\"",
                                       name, one_of(of_fleets))
                         : fmt::format("\"{}\" measures fleets: write \"fleet\" in place of \"topology\"", name));
  }
}

void check_algorithm_of_fleets(const yaml::Reader& reader, const Scenario& scenario, const Catalogue& catalogue) {
  const yaml::Reader name = reader.is_map() ? reader.open_map().get("name") : reader;
  if (scenario.algorithm.is_library())
    name.complain("a library of your own runs in the emulator only: take an algorithm of `catsbench algorithms`");
  const auto known = std::ranges::find(catalogue.algorithms, scenario.algorithm.name, &AlgorithmDeclaration::name);
  if (known != catalogue.algorithms.end() && known->needs_values)
    name.complain(
        fmt::format("\"{}\" reads several metrics, and sites of a fleet tell one: take another one of "
                    "`catsbench algorithms`",
                    scenario.algorithm.name));
}

// How long the test measures: what the file says, else what it declares. Nothing: it is not asked for.
std::optional<Duration> measured(const Scenario& scenario, const Catalogue& catalogue) {
  constexpr const char* kMeasure = "measure_s";
  for (const TestDeclaration& test : catalogue.tests) {
    const TestRequest* request = scenario.test(test.name);
    if (!test.of_fleets || request == nullptr) continue;
    for (const Parameter& parameter : test.parameters)
      if (parameter.name == kMeasure) return from_seconds(request->parameters.value(kMeasure, parameter.value));
  }
  return std::nullopt;
}

// What happens outside the measured time shows nowhere.
void check_times(const yaml::Map& fleet, const Scenario& scenario, const Catalogue& catalogue) {
  const auto measure = measured(scenario, catalogue);
  if (!measure) return;
  const auto check = [&](const char* section, Duration at, Duration end) {
    if (at >= *measure || end > *measure)
      fleet.get(section).complain(
          fmt::format("it is not over within the {} that the test measures: write a larger "
                      "\"measure\", or an earlier time",
                      yaml::to_text(*measure)));
  };
  if (const auto& crowd = scenario.fleet->crowd) check("crowd", crowd->at, crowd->at + crowd->length);
  if (const auto& outage = scenario.fleet->outage)
    check("outage", outage->at, outage->at + outage->length.value_or(Duration(0)));
}

}  // namespace

void read_fleet(const yaml::Map& map, Scenario& scenario, TraceFiles& traces) {
  refuse_what_goes_with_a_topology(map);
  Fleet fleet = read_section(map.get("fleet"), scenario, traces, scenario.workload.traces);
  const yaml::Map service =
      map.get("service").map({"workers", "queue_limit", "port", "quota", "site_quotas", "quota_period"});
  read_workers(service.get("workers"), fleet);
  scenario.service.queue_limit =
      static_cast<int>(service.get("queue_limit").integer(scenario.service.queue_limit, 1, 1'000'000));

  const yaml::Reader window = map.get("metrics").map({"window", "steer_by", "declared", "prometheus"}).get("window");
  scenario.metrics.window = read_duration(window, std::min<Duration>(1s, scenario.interval), 1ms, 10min);
  if (scenario.interval > Duration(0) && scenario.metrics.window > scenario.interval)
    window.complain(fmt::format("{} is longer than the interval ({}): windows of a fleet's sites do not overlap",
                                window.text(), yaml::to_text(scenario.interval)));
  scenario.metrics.declared = fleet.declared();
  scenario.metrics.steer_by = scenario.metrics.declared.front().type;
  if (fleet.work.law == load::RandomDuration::Law::pareto && fleet.work.shape <= 2)
    scenario.warnings.push_back(
        fmt::format("fleet.work: a Pareto distribution of shape {:g} has no variance: what few trials measure is "
                    "mostly their longest",
                    fleet.work.shape));
  scenario.fleet = std::move(fleet);
}

void check_fleet(const yaml::Map& map, const Scenario& scenario, const Catalogue& catalogue) {
  const bool fleet = scenario.fleet.has_value();
  check_tests_of_fleets(map.get("tests"), catalogue, fleet);
  if (!fleet) return;
  if (scenario.engine == Engine::emulator)
    map.get("engine").complain("no machine can emulate a fleet: write \"engine: sim\", or leave it away");
  if (scenario.mode == Mode::hybrid)
    map.get("mode").complain("the one metric of a fleet cannot go two ways: take distributed or centralized");
  check_algorithm_of_fleets(map.get("algorithm"), scenario, catalogue);
  check_times(map.get("fleet").open_map(), scenario, catalogue);
}

}  // namespace cats::scenarios
