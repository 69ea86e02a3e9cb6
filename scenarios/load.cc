#include <algorithm>
#include <set>

#include "base/file.h"
#include "scenarios/guard.h"
#include "scenarios/read_metrics.h"
#include "scenarios/read_sections.h"
#include "scenarios/scenario.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr int kLeastTrials = 5;                                     // of the common rules
constexpr std::int64_t kLargestSeed = (std::int64_t{1} << 53) - 1;  // exact in JSON everywhere

// What an interval that could not be read counts as: nothing is compared with it.
constexpr Duration kUnknown{};

class Loader {
 public:
  Loader(const Catalogue& catalogue, std::string file) : catalogue_(catalogue), file_(std::move(file)) {}

  // `directory` is where the scenario lies; without it the topology is not looked at.
  Expected<Scenario> load(std::string text, const std::optional<std::filesystem::path>& directory) {
    Scenario scenario;
    scenario.file = file_;
    scenario.sha256 = sha256(text);
    scenario.text = std::move(text);
    std::string topology_problems;
    if (guarded(scenario.text, file_, diagnostics_)) {
      const auto root = yaml::load(scenario.text, file_, diagnostics_);
      if (!root) return fail("{}", printable(root.error().message));
      read(*root, scenario);
      if (directory) topology_problems = read_topology(*root, *directory, scenario);
    }
    if (diagnostics_.empty() && topology_problems.empty()) return scenario;
    const std::string own = problems();
    return fail("{}{}{}", own, own.empty() || topology_problems.empty() ? "" : "\n", topology_problems);
  }

 private:
  void read(const yaml::Reader& root, Scenario& scenario) {
    if (!root.is_map()) {
      root.complain("a scenario is a map: name, topology, interval, metrics, algorithm, tests, …");
      return;
    }
    const yaml::Map map =
        root.map({"name", "topology", "mode", "seed", "interval", "refresh", "age_limit", "attribute", "service",
                  "metrics", "algorithm", "workload", "tests", "trials", "warm_up", "cool_down", "faults"});
    scenario.name = read_name(map.at("name"));
    scenario.topology = map.at("topology").string();
    scenario.mode = read_mode(map.get("mode"));
    scenario.seed = static_cast<std::uint64_t>(map.get("seed").integer(1, 0, kLargestSeed));
    scenario.interval = read_duration(map.at("interval"), kUnknown, 10ms, 1h);
    read_refresh(map, scenario);
    scenario.attribute = read_attribute(map.get("attribute"));
    scenario.service = read_service(map.get("service"));
    scenario.metrics = read_metrics_of(map.at("metrics"));
    scenario.algorithm = read_algorithm(map.at("algorithm"), catalogue_);
    scenario.workload = read_workload(map.get("workload"));
    scenario.tests = read_tests(map.at("tests"), catalogue_);
    check_workload(map, scenario);
    read_trials(map, scenario);
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

  static Mode read_mode(const yaml::Reader& reader) {
    const std::string mode = reader.choice({"distributed", "centralized", "hybrid"}, "distributed");
    if (mode != "distributed") reader.complain(fmt::format("\"{}\" is not available yet: write distributed", mode));
    return Mode::distributed;
  }

  static Metrics read_metrics_of(const yaml::Reader& reader) {
    return reader.present() ? read_metrics(reader) : Metrics{};
  }

  static void read_refresh(const yaml::Map& map, Scenario& scenario) {
    const bool every = map.get("refresh").choice({"every-interval", "on-change"}, "every-interval") != "on-change";
    scenario.refresh = every ? Refresh::every_interval : Refresh::on_change;
    const yaml::Reader limit = map.get("age_limit");
    if (every) scenario.age_limit = read_duration(limit, 4 * scenario.interval, 10ms, 4h);
    if (!every && limit.present())
      limit.complain("\"refresh: on-change\" has no age limit: metrics that do not change are not sent");
    if (every && limit.present() && scenario.interval != kUnknown && *scenario.age_limit <= scenario.interval)
      limit.complain(fmt::format("{} is not longer than the interval ({}): every instance would expire between updates",
                                 limit.text(), yaml::to_text(scenario.interval)));
  }

  static void check_workload(const yaml::Map& map, const Scenario& scenario) {
    const TestRequest* continuity = scenario.test("session-continuity");
    if (continuity == nullptr) return;
    if (!scenario.workload.persistent)
      map.at("tests").complain("session-continuity needs workload.persistent: sessions to keep");
    if (!scenario.workload.brief)
      map.at("tests").complain("session-continuity needs workload.short: new sessions show where the C-PS steers");
  }

  static void read_trials(const yaml::Map& map, Scenario& scenario) {
    scenario.trials = static_cast<int>(map.get("trials").integer(kLeastTrials, 1, 1000));
    if (scenario.trials < kLeastTrials)
      scenario.warnings.push_back(
          fmt::format("trials: {}: the common rules ask for at least {}", scenario.trials, kLeastTrials));
    const Duration least = least_warm_up(scenario);
    scenario.warm_up = read_duration(map.get("warm_up"), least, 0s, 24h);
    if (scenario.warm_up < least)
      scenario.warnings.push_back(
          fmt::format("warm_up: {}: the common rules ask for max(5T, 5 mean flow durations, 10s), here {}",
                      yaml::to_text(scenario.warm_up), yaml::to_text(least)));
    scenario.cool_down = read_duration(map.get("cool_down"), 2s, 0s, 1h);
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
    auto network = topologies::load_topology(*found);
    if (!network) return network.error().str();
    check_service(map.get("service"), *network);
    check_faults(map.get("faults"), catalogue_, *network);
    scenario.network = std::move(*network);
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
  std::string file_;
  Diagnostics diagnostics_;
};

}  // namespace

Expected<Scenario> parse_scenario(std::string_view text, const std::string& file, const Catalogue& catalogue) {
  return Loader(catalogue, file).load(std::string(text), std::nullopt);
}

Expected<Scenario> load_scenario(const std::filesystem::path& file, const Catalogue& catalogue) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return fail("{}: no such file", file.string());
  try {
    return Loader(catalogue, file.string()).load(read_file(file), file.parent_path());
  } catch (const SystemError& error) {
    return fail("{}", error.what());
  }
}

}  // namespace cats::scenarios
