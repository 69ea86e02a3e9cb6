#include "scenarios/cases.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/yaml.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

constexpr int kMostSteps = 200;

// A map key, or the index of a list's element.
struct Step {
  std::string key;
  std::size_t index = 0;
  bool is_key() const { return !key.empty(); }
};
using Path = std::vector<Step>;

struct Axis {
  Path path;
  YAML::Node node;
};

struct Choice {
  Path path;
  std::size_t value = 0;
};

// Without the indices: "metrics.declared.of".
std::string pattern(const Path& path) {
  std::string text;
  for (const Step& step : path)
    if (step.is_key()) text += (text.empty() ? "" : ".") + step.key;
  return text;
}

// As people call it: "metrics.declared[3].normalisation.midpoint", of a test's own parameter "flows".
std::string name_of(const Path& path) {
  const bool of_a_test = path.size() > 3 && path.front().key == "tests";
  std::string text;
  for (std::size_t i = of_a_test ? 3 : 0; i < path.size(); ++i)
    text += path[i].is_key() ? (text.empty() ? "" : ".") + path[i].key : fmt::format("[{}]", path[i].index);
  return text;
}

bool is_list_by_nature(const Path& path) {
  static const std::set<std::string> lists = {"tests",
                                              "metrics.declared",
                                              "metrics.declared.of",
                                              "metrics.prometheus.exporter",
                                              "metrics.prometheus.sites",
                                              "workload.short.arrivals.states",
                                              "workload.short.arrivals.curve",
                                              "workload.flows.arrivals.states",
                                              "workload.flows.arrivals.curve",
                                              "fleet.arrivals.states",
                                              "fleet.arrivals.curve",
                                              "faults",
                                              "bounds",
                                              "name"};
  return lists.contains(pattern(path)) || (path.size() == 2 && path.front().key == "background");
}

bool is_range(const YAML::Node& node) { return node.IsMap() && node["from"] && node["to"]; }

// The first list or range, in file order, that stands for one value.
std::optional<Axis> first_axis(const YAML::Node& node, const Path& path) {
  const bool list = node.IsSequence();
  if (!path.empty() && ((list && !is_list_by_nature(path)) || is_range(node))) return Axis{path, node};
  const auto below = [&](const YAML::Node& child, Step step) {
    Path longer = path;
    longer.push_back(std::move(step));
    return first_axis(child, longer);
  };
  if (list)
    for (std::size_t i = 0; i < node.size(); ++i)
      if (auto found = below(node[i], {"", i})) return found;
  if (node.IsMap())
    for (const auto& entry : node)
      // Of a key that is given twice (the reader reports it) only the first can be replaced.
      if (entry.first.IsScalar() && !entry.first.Scalar().empty() && node[entry.first.Scalar()].is(entry.second))
        if (auto found = below(entry.second, {entry.first.Scalar()})) return found;
  return std::nullopt;
}

// Three significant digits: steps that people can write down.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10, 2 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

std::vector<double> steps_between(double from, double to, std::int64_t steps, bool logarithmic) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double share = steps == 1 ? 0 : static_cast<double>(i) / static_cast<double>(steps - 1);
    const bool end = i == 0 || i == steps - 1;
    const double value = logarithmic ? from * std::pow(to / from, share) : from + share * (to - from);
    values.push_back(end ? (i == 0 ? from : to) : rounded(value));
  }
  return values;
}

std::vector<YAML::Node> values_of_range(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"from", "to", "steps", "scale"});
  const std::string from = map.at("from").text();
  const std::string to = map.at("to").text();
  const std::int64_t steps = map.at("steps").integer(2, 2, kMostSteps);
  const bool logarithmic = map.get("scale").choice({"linear", "log"}, "linear") == "log";
  const auto first = yaml::parse_duration(from);
  const auto last = yaml::parse_duration(to);
  const bool durations = first && last;
  const auto [a, unit] = split_quantity(from);
  const auto [b, other_unit] = split_quantity(to);
  if (!durations && (!a || !b || unit != other_unit)) {
    reader.complain(fmt::format("\"{}\" and \"{}\" are no two values of one unit", from, to));
    return {};
  }
  const double lo = durations ? static_cast<double>(first->count()) : *a;
  const double hi = durations ? static_cast<double>(last->count()) : *b;
  if (logarithmic && (lo <= 0 || hi <= 0)) {
    reader.complain("\"scale: log\" needs values above zero");
    return {};
  }
  std::vector<YAML::Node> values;
  for (const double value : steps_between(lo, hi, steps, logarithmic))
    values.emplace_back(durations ? yaml::to_text(Duration(std::llround(value))) : fmt::format("{}{}", value, unit));
  return values;
}

// "pid", "200ms"; of a map its name, or itself on one line.
std::string text_of(const YAML::Node& value) {
  if (value.IsScalar()) return value.Scalar();
  if (value.IsMap() && value["name"] && value["name"].IsScalar()) return value["name"].Scalar();
  YAML::Emitter out;
  out.SetMapFormat(YAML::Flow);
  out.SetSeqFormat(YAML::Flow);
  out << value;
  return out.c_str();
}

YAML::Node at(const YAML::Node& root, const Path& path, std::size_t length) {
  YAML::Node node = root;
  for (std::size_t i = 0; i < length; ++i) node.reset(path[i].is_key() ? node[path[i].key] : node[path[i].index]);
  return node;
}

void put(const YAML::Node& root, const Path& path, const YAML::Node& value) {
  YAML::Node parent = at(root, path, path.size() - 1);
  if (path.back().is_key())
    parent[path.back().key] = value;
  else
    parent[path.back().index] = value;
}

// What belongs together: the keys of one distribution or process mean nothing to another.
bool is_whole(const YAML::Node& node) { return is_range(node) || node["distribution"] || node["process"]; }

void merge(YAML::Node target, const YAML::Node& from) {
  for (const auto& entry : from) {
    const std::string& key = entry.first.Scalar();
    if (target[key] && target[key].IsMap() && entry.second.IsMap() && !is_whole(entry.second))
      merge(target[key], entry.second);
    else
      target[key] = entry.second;
  }
}

// Takes the scenario's keys out of an entry of `tests`, and returns them.
YAML::Node take_own_values(const YAML::Node& entry) {
  YAML::Node own(YAML::NodeType::Map);
  if (!entry.IsMap() || entry.size() != 1) return own;
  YAML::Node values = entry.begin()->second;
  if (!values.IsMap()) return own;
  for (const std::string& key : keys_of_a_test())
    if (values[key]) {
      own[key] = values[key];
      values.remove(key);
    }
  return own;
}

std::string test_name(const YAML::Node& entry) {
  if (entry.IsScalar()) return entry.Scalar();
  const bool named = entry.IsMap() && entry.size() == 1 && entry.begin()->first.IsScalar();
  return named ? entry.begin()->first.Scalar() : "";
}

// Of a test that is named more than once, with values of its own, the first entry stands for all.
void drop_own_values(YAML::Node root) {
  YAML::Node kept(YAML::NodeType::Sequence);
  std::map<std::string, bool> seen;  // test → an entry of it had values of its own
  for (const auto& entry : root["tests"]) {
    const bool own = take_own_values(entry).size() > 0;
    const auto [known, is_new] = seen.try_emplace(test_name(entry), own);
    if (is_new || (!own && !known->second)) kept.push_back(entry);
    known->second = known->second || own;
  }
  if (kept.size() < root["tests"].size()) root["tests"] = kept;
}

class Expander {
 public:
  Expander(const std::string& text, const std::string& file, Diagnostics& diagnostics)
      : text_(text), file_(file), diagnostics_(diagnostics) {}

  Expansion expand() {
    Expansion expansion;
    const YAML::Node root = YAML::Load(text_);
    const bool has_tests = root.IsMap() && root["tests"] && root["tests"].IsSequence();
    const std::size_t entries = has_tests ? root["tests"].size() : 0;
    expansion.base = base(root, has_tests);
    for (std::size_t entry = 0; entry < entries; ++entry) {
      std::vector<Choice> choices;
      combine(entry, choices, nlohmann::ordered_json::object(), expansion.cases);
    }
    return expansion;
  }

 private:
  YAML::Node base(const YAML::Node& root, bool has_tests) {
    if (has_tests) drop_own_values(root);
    while (const auto axis = first_axis(root, {})) {
      const auto values = values_of(*axis);
      put(root, axis->path, values.empty() ? YAML::Node() : values.front());
    }
    return root;
  }

  std::vector<YAML::Node> values_of(const Axis& axis) const {
    if (axis.node.IsSequence()) {
      std::vector<YAML::Node> values;
      for (const auto& value : axis.node) values.push_back(value);
      return values;
    }
    const YAML::Mark mark = axis.node.Mark();
    return values_of_range(yaml::Reader(axis.node, name_of(axis.path), file_, diagnostics_,
                                        Place{file_, mark.is_null() ? 1 : mark.line + 1, mark.column + 1}));
  }

  // Nodes are references, and copies lose their places in the file: each tree is parsed anew.
  YAML::Node tree_of(std::size_t entry, const std::vector<Choice>& choices) const {
    YAML::Node root = YAML::Load(text_);
    const YAML::Node test = root["tests"][entry];
    merge(root, take_own_values(test));
    YAML::Node alone(YAML::NodeType::Sequence);
    alone.push_back(test);
    root["tests"] = alone;
    for (const Choice& choice : choices) {
      const auto values = values_of({choice.path, at(root, choice.path, choice.path.size())});
      put(root, choice.path, choice.value < values.size() ? values[choice.value] : YAML::Node());
    }
    return root;
  }

  void combine(std::size_t entry, std::vector<Choice>& choices, const nlohmann::ordered_json& combination,
               std::vector<CaseTree>& cases) {
    if (cases.size() > kMostCases) return;
    const YAML::Node tree = tree_of(entry, choices);
    const auto axis = first_axis(tree, {});
    if (!axis) {
      cases.push_back({test_name(tree["tests"][0]), combination, tree});
      if (cases.size() > kMostCases)
        diagnostics_.add(Place{file_, 1, 1}, fmt::format("the studied values make more than {} cases", kMostCases));
      return;
    }
    const auto values = values_of(*axis);
    if (values.empty() && axis->node.IsSequence()) {
      const YAML::Mark mark = axis->node.Mark();
      diagnostics_.add(Place{file_, mark.line + 1, mark.column + 1},
                       fmt::format("{}: {}", name_of(axis->path), kEmptyStudy));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      choices.push_back({axis->path, i});
      auto longer = combination;
      longer[name_of(axis->path)] = text_of(values[i]);
      combine(entry, choices, longer, cases);
      choices.pop_back();
    }
  }

  const std::string& text_;
  const std::string& file_;
  Diagnostics& diagnostics_;
};

}  // namespace

const std::vector<std::string>& keys_of_a_test() {
  static const std::vector<std::string> keys = {
      "interval", "refresh",   "age_limit", "service", "metrics",    "algorithm",  "workload",   "trials",
      "warm_up",  "cool_down", "mode",      "faults",  "background", "controller", "simulation", "fleet"};
  return keys;
}

Expected<Expansion> expand(const std::string& text, const std::string& file, Diagnostics& diagnostics) {
  try {
    return Expander(text, file, diagnostics).expand();
  } catch (const YAML::ParserException& error) {
    return fail("{}:{}:{}: not YAML: {}", file, error.mark.line + 1, error.mark.column + 1, error.msg);
  } catch (const YAML::Exception& error) {
    return fail("{}: {}", file, error.what());
  }
}

Expected<std::string> with_values(const std::string& text, const std::vector<std::string>& assignments) {
  if (assignments.empty()) return text;
  std::string assignment;
  try {
    YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return fail("a scenario is a map");
    for (const std::string& each : assignments) {
      assignment = each;
      const std::size_t equals = each.find('=');
      if (equals == std::string::npos || equals == 0)
        return fail("\"{}\" is no KEY=VALUE such as interval=200ms", each);
      YAML::Node parent = root;
      std::string rest = each.substr(0, equals);
      for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
        const std::string key = rest.substr(0, dot);
        if (!parent[key]) parent[key] = YAML::Node(YAML::NodeType::Map);
        if (!parent[key].IsMap()) return fail("\"{}\": {} is no map in the scenario", each, key);
        parent.reset(parent[key]);
        rest.erase(0, dot + 1);
      }
      parent[rest] = YAML::Load(each.substr(equals + 1));
    }
    return "# With values given on the command line; comments of the original are lost.\n" + YAML::Dump(root) + "\n";
  } catch (const YAML::Exception& error) {
    return fail("\"{}\": {}", assignment, error.msg);
  }
}

}  // namespace cats::scenarios
