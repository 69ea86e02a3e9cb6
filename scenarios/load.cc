#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "scenarios/cases.h"
#include "scenarios/control_plane.h"
#include "scenarios/guard.h"
#include "scenarios/read_fleet.h"
#include "scenarios/read_metrics.h"
#include "scenarios/read_prometheus.h"
#include "scenarios/read_sections.h"
#include "scenarios/read_simulation.h"
#include "scenarios/read_workload.h"
#include "scenarios/scenario.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr int kLeastTrials = 5;  // of the common rules
constexpr int kMostTrials = 1000;
constexpr std::int64_t kLargestSeed = (std::int64_t{1} << 53) - 1;  // exact in JSON everywhere

// What an interval that could not be read counts as: nothing is compared with it.
constexpr Duration kUnknown{};

class Loader {
 public:
  // `called` is how messages call the text, when it is not that of the file as it is.
  Loader(const Catalogue& catalogue, std::string file, TraceFiles traces, std::string called = "")
      : catalogue_(catalogue),
        path_(file),
        file_(called.empty() ? std::move(file) : std::move(called)),
        traces_(std::move(traces)) {}

  // `directory` is where the scenario lies; without it the topology is not looked at.
  Expected<Scenario> load(std::string text, const std::optional<std::filesystem::path>& directory) {
    Scenario scenario;
    scenario.file = path_;
    scenario.sha256 = sha256(text);
    scenario.text = std::move(text);
    std::string topology_problems;
    if (guarded(scenario.text, file_, diagnostics_)) {
      Diagnostics of_cases;
      const auto expansion = expand(scenario.text, file_, of_cases);
      if (!expansion) return fail("{}", printable(expansion.error().message));
      topology_problems = read_whole(expansion->base, directory, scenario);
      check_bounds_of(expansion->base, scenario);
      std::swap(of_cases, diagnostics_);
      if (topology_problems.empty()) topology_problems = read_cases(*expansion, directory, scenario);
      std::swap(of_cases, diagnostics_);
      add_new(of_cases);
    }
    if (diagnostics_.empty() && topology_problems.empty()) return scenario;
    const std::string own = problems();
    return fail("{}{}{}", own, own.empty() || topology_problems.empty() ? "" : "\n", topology_problems);
  }

 private:
  // Returns the topology's own problems.
  std::string read_whole(const YAML::Node& tree, const std::optional<std::filesystem::path>& directory,
                         Scenario& scenario) {
    const yaml::Reader root(tree, "", file_, diagnostics_, Place{file_, 1, 1});
    read(root, scenario);
    if (directory && scenario.algorithm.is_library()) find_library(root, *directory, scenario.algorithm);
    return directory ? read_topology(root, *directory, scenario) : "";
  }

  std::string read_cases(const Expansion& expansion, const std::optional<std::filesystem::path>& directory,
                         Scenario& scenario) {
    std::map<std::string, int> count;
    for (const CaseTree& tree : expansion.cases) ++count[tree.test];
    std::map<std::string, int> seen;
    for (const CaseTree& tree : expansion.cases) {
      auto alone = std::make_shared<Scenario>();
      alone->file = scenario.file;
      alone->text = scenario.text;
      alone->sha256 = scenario.sha256;
      if (std::string problems = read_whole(tree.tree, directory, *alone); !problems.empty()) return problems;
      const std::string label = count[tree.test] == 1 ? tree.test : fmt::format("{}#{}", tree.test, ++seen[tree.test]);
      for (const std::string& warning : alone->warnings)
        if (std::ranges::find(scenario.warnings, warning) == scenario.warnings.end())
          scenario.warnings.push_back(fmt::format("{}: {}", label, warning));
      scenario.cases.push_back({tree.test, label, tree.combination, std::move(alone)});
    }
    return "";
  }

  // What the cases add to the problems of the whole: the same value is read in each.
  void add_new(const Diagnostics& of_cases) {
    const std::vector<Diagnostic> of_the_whole = diagnostics_.list();
    for (const auto& diagnostic : of_cases.list()) {
      const bool known = std::ranges::any_of(of_the_whole, [&](const Diagnostic& other) {
        return other.place.line == diagnostic.place.line &&
               (other.place.column == diagnostic.place.column || other.message == diagnostic.message ||
                diagnostic.message.ends_with(kEmptyStudy));
      });
      if (!known) diagnostics_.add(diagnostic.place, diagnostic.message);
    }
  }

  void read(const yaml::Reader& root, Scenario& scenario) {
    if (!root.is_map()) {
      root.complain("a scenario is a map: name, topology, interval, metrics, algorithm, tests, …");
      return;
    }
    const yaml::Map map =
        root.map({"name",       "topology", "fleet",     "engine",    "simulation", "mode",    "controller", "seed",
                  "interval",   "refresh",  "age_limit", "attribute", "service",    "metrics", "algorithm",  "workload",
                  "background", "tests",    "trials",    "warm_up",   "cool_down",  "faults",  "bounds"});
    const bool fleet = map.has("fleet");
    scenario.name = read_name(map.at("name"));
    if (!fleet) scenario.topology = map.at("topology").string();
    scenario.engine = read_engine(map.get("engine"), fleet ? Engine::sim : Engine::emulator);
    scenario.simulation = read_simulation(map.get("simulation"));
    scenario.mode = read_choice(map.get("mode"), {Mode::distributed, Mode::centralized, Mode::hybrid}, scenario.mode);
    scenario.seed = static_cast<std::uint64_t>(map.get("seed").integer(1, 0, kLargestSeed));
    scenario.interval = read_duration(map.at("interval"), kUnknown, 10ms, 1h);
    read_refresh(map, scenario);
    if (fleet)
      read_fleet(map, scenario, traces_);
    else
      read_what_goes_with_a_topology(map, scenario);
    scenario.algorithm = read_algorithm(map.at("algorithm"), catalogue_);
    const auto warning = cpsel::warning_of(scenario.algorithm.name, scenario.algorithm.parameters, scenario.interval);
    if (warning) scenario.warnings.push_back(*warning);
    check_algorithm(map.get("algorithm"), scenario, catalogue_);
    scenario.tests = read_tests(map.at("tests"), catalogue_);
    read_trials(map, scenario);
    scenario.bounds = read_bounds(map.get("bounds"), catalogue_);
    if (!fleet) {
      check_workload(map, scenario);
      check_control_plane(map, scenario, catalogue_);
    }
    check_simulation(map, scenario, catalogue_);
    check_fleet(map, scenario, catalogue_);
  }

  void read_what_goes_with_a_topology(const yaml::Map& map, Scenario& scenario) {
    scenario.controller = read_control_plane(map.get("controller"));
    scenario.attribute = read_attribute(map.get("attribute"));
    scenario.service = read_service(map.get("service"));
    scenario.metrics = read_metrics_of(map.at("metrics"));
    scenario.workload = read_workload(map.get("workload"), traces_);
    warn_of_workload(scenario.workload, scenario.warnings);
    scenario.background = read_background(map.get("background"));
    scenario.faults = read_faults(map.get("faults"), catalogue_);
  }

  static std::string read_name(const yaml::Reader& reader) {
    std::string name = reader.string();
    if (!reader.present() || !reader.is_scalar()) return name;
    const bool plain = !name.empty() && name.size() <= 40 && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!plain) reader.complain(fmt::format("\"{}\": write at most 40 lower-case letters, digits and hyphens", name));
    return name;
  }

  static Metrics read_metrics_of(const yaml::Reader& reader) {
    return reader.present() ? read_metrics(reader) : Metrics{};
  }

  static void read_refresh(const yaml::Map& map, Scenario& scenario) {
    const bool every = map.get("refresh").choice({"every-interval", "on-change"}, "every-interval") != "on-change";
    scenario.refresh = every ? Refresh::every_interval : Refresh::on_change;
    const yaml::Reader limit = map.get("age_limit");
    if (every && (limit.present() || !map.has("fleet")))
      scenario.age_limit = read_duration(limit, 4 * scenario.interval, 10ms, 4h);
    if (!every && limit.present())
      limit.complain("\"refresh: on-change\" has no age limit: metrics that do not change are not sent");
    if (every && limit.present() && scenario.interval != kUnknown && *scenario.age_limit <= scenario.interval)
      limit.complain(fmt::format("{} is not longer than the interval ({}): every instance would expire between updates",
                                 limit.text(), yaml::to_text(scenario.interval)));
  }

  static void check_workload(const yaml::Map& map, const Scenario& scenario) {
    if (scenario.test("service-latency") != nullptr && !scenario.workload.brief)
      map.at("tests").complain("service-latency needs workload.short: new sessions feel where the C-PS steers");
    for (const char* name : {"session-continuity", "cps-failover", "router-failover"}) {
      const std::string test = name;
      if (scenario.test(test) == nullptr) continue;
      if (!scenario.workload.persistent)
        map.at("tests").complain(test + " needs workload.persistent: sessions to keep");
      if (!scenario.workload.brief)
        map.at("tests").complain(test + " needs workload.short: new sessions show where the C-PS steers");
    }
  }

  // "8", or {min: 8, max: 50, ci_width: 5%}.
  static Trials read_trial_counts(const yaml::Reader& reader) {
    if (!reader.is_map()) {
      const auto number = static_cast<int>(reader.integer(kLeastTrials, 1, kMostTrials));
      return {number, number, 0};
    }
    const yaml::Map map = reader.map({"min", "max", "ci_width"});
    Trials trials;
    trials.min = static_cast<int>(map.at("min").integer(kLeastTrials, 2, kMostTrials));
    trials.max = static_cast<int>(map.at("max").integer(trials.min, 2, kMostTrials));
    trials.ci_width = map.at("ci_width").share(0.05);
    if (map.has("max") && trials.max < trials.min)
      map.get("max").complain(fmt::format("{} is less than min: {}", trials.max, trials.min));
    if (map.has("ci_width") && trials.ci_width == 0) map.get("ci_width").complain("no interval is that narrow");
    return trials;
  }

  void check_bounds_of(const YAML::Node& tree, const Scenario& scenario) {
    const yaml::Reader root(tree, "", file_, diagnostics_, Place{file_, 1, 1});
    if (!root.is_map()) return;
    std::vector<std::string> names;
    for (const TestRequest& request : scenario.tests) names.push_back(request.name);
    check_bounds(root.open_map().get("bounds"), catalogue_, names);
  }

  static void read_trials(const yaml::Map& map, Scenario& scenario) {
    scenario.trials = read_trial_counts(map.get("trials"));
    if (scenario.trials.min < kLeastTrials)
      scenario.warnings.push_back(
          fmt::format("trials: {}: the common rules ask for at least {}", scenario.trials.min, kLeastTrials));
    const Duration least = least_warm_up(scenario);
    scenario.warm_up = read_duration(map.get("warm_up"), least, 0s, 24h);
    if (scenario.warm_up < least)
      scenario.warnings.push_back(
          fmt::format("warm_up: {}: the common rules ask for max(5T, 5 mean flow durations, 10s), here {}",
                      yaml::to_text(scenario.warm_up), yaml::to_text(least)));
    scenario.cool_down = read_duration(map.get("cool_down"), 2s, 0s, 1h);
  }

  static void find_library(const yaml::Reader& root, const std::filesystem::path& directory, Algorithm& algorithm) {
    std::error_code ignored;
    algorithm.library = std::filesystem::absolute(directory / algorithm.name, ignored).lexically_normal();
    if (!std::filesystem::is_regular_file(algorithm.library, ignored))
      root.open_map()
          .get("algorithm")
          .complain(fmt::format("\"{}\": there is no file {}", algorithm.name, algorithm.library.string()));
  }

  // Returns the topology's own problems.
  std::string read_topology(const yaml::Reader& root, const std::filesystem::path& directory, Scenario& scenario) {
    if (!root.is_map() || scenario.topology.empty()) return "";
    const yaml::Map map = root.open_map();
    std::error_code ignored;
    const std::filesystem::path beside = directory / scenario.topology;
    const auto found = std::filesystem::is_regular_file(beside, ignored)
                           ? Expected<std::filesystem::path>(beside)
                           : topologies::find_topology(scenario.topology, catalogue_.topologies);
    if (!found) {
      map.get("topology").complain(found.error().message);
      return "";
    }
    scenario.topology_file = *found;
    const auto [known, is_new] = networks_.try_emplace(*found);
    if (is_new) {
      auto network = topologies::load_topology(*found);
      if (!network) return network.error().str();
      known->second = std::move(*network);
    }
    check_control_nodes(map.get("mode"), scenario.mode, *known->second);
    check_service(map.get("service"), *known->second);
    check_background(map.get("background"), *known->second);
    check_prometheus(map.get("metrics"), *known->second);
    check_faults(map.get("faults"), catalogue_, *known->second);
    scenario.network = known->second;
    return "";
  }

  // Sections are read more than once, so that a problem may be found twice.
  std::string problems() const {
    Diagnostics unique;
    std::set<std::string> seen;
    for (const auto& diagnostic : diagnostics_.list())
      if (seen.insert(diagnostic.str()).second) unique.add(diagnostic.place, printable(diagnostic.message));
    return unique.str();
  }

  const Catalogue& catalogue_;
  std::filesystem::path path_;
  std::string file_;
  TraceFiles traces_;
  Diagnostics diagnostics_;
  std::map<std::filesystem::path, std::optional<topologies::Topology>> networks_;  // by file
};

std::string one_line(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

Expected<Scenario> parse_scenario(std::string_view text, const std::string& file, const Catalogue& catalogue,
                                  const std::filesystem::path& run_directory) {
  TraceFiles traces = run_directory.empty() ? TraceFiles() : TraceFiles::copied(run_directory);
  return Loader(catalogue, file, std::move(traces)).load(std::string(text), std::nullopt);
}

Expected<Scenario> load_scenario(const std::filesystem::path& file, const Catalogue& catalogue,
                                 const std::vector<std::string>& assignments) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return fail("{}: no such file", file.string());
  try {
    const std::string text = read_file(file);
    const TraceFiles traces = TraceFiles::beside(file);
    auto scenario = Loader(catalogue, file.string(), traces).load(text, file.parent_path());
    if (!scenario || assignments.empty()) return scenario;
    auto changed = with_values(text, assignments);
    if (!changed) return fail("{}: {}", file.string(), changed.error().message);
    return Loader(catalogue, file.string(), traces, fmt::format("{} with {}", file.string(), one_line(assignments)))
        .load(*changed, file.parent_path());
  } catch (const SystemError& error) {
    return fail("{}", error.what());
  }
}

}  // namespace cats::scenarios
