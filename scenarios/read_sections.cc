#include "scenarios/read_sections.h"

#include <algorithm>
#include <limits>
#include <set>

#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr int kSubTlvTypeMost = 65534;    // 65535 is reserved
constexpr int kSubTlvTypeLeast = 8;       // below are the metadata draft's own
constexpr Duration kShortestQuota = 1ms;  // what the kernel's CFS bandwidth control takes

int read_int(const yaml::Reader& reader, int fallback, int lo, int hi) {
  return static_cast<int>(reader.integer(fallback, lo, hi));
}

template <class Declarations>
std::vector<std::string> names_of(const Declarations& declarations) {
  std::vector<std::string> names;
  names.reserve(declarations.size());
  for (const auto& one : declarations) names.push_back(one.name);
  return names;
}

template <class Declarations>
const typename Declarations::value_type* find_named(const Declarations& declarations, const std::string& name) {
  const auto found = std::ranges::find_if(declarations, [&](const auto& one) { return one.name == name; });
  return found == declarations.end() ? nullptr : &*found;
}

const FaultDeclaration* find_fault(const Catalogue& catalogue, const std::string& kind) {
  const auto found = std::ranges::find(catalogue.faults, kind, &FaultDeclaration::kind);
  return found == catalogue.faults.end() ? nullptr : &*found;
}

std::vector<std::string> fault_keys(const FaultDeclaration& declaration) {
  std::vector<std::string> keys = {"kind", "node"};
  keys.reserve(keys.size() + 1 + declaration.parameters.size());
  if (declaration.needs_instance) keys.emplace_back("instance");
  for (const auto& parameter : declaration.parameters) keys.push_back(parameter.key());
  return keys;
}

std::vector<std::string> nodes_with(const topologies::Topology& network, const std::string& role) {
  std::vector<std::string> names;
  for (const auto& node : network.nodes)
    if (topologies::role_name(node.role) == role) names.push_back(node.name);
  return names;
}

void check_node(const yaml::Reader& reader, const topologies::Topology& network, const std::string& role) {
  if (!reader.present() || !reader.is_scalar()) return;
  const std::vector<std::string> names = nodes_with(network, role);
  if (std::ranges::find(names, reader.text()) != names.end()) return;
  reader.complain(fmt::format("\"{}\" is no {} of topology {}: there are {}{}", reader.text(), role, network.name,
                              names.empty() ? "none" : one_of(names), did_you_mean(reader.text(), names)));
}

// The keys of a map must be edge servers.
void check_edge_servers(const yaml::Reader& reader, const topologies::Topology& network) {
  if (!reader.present() || !reader.is_map()) return;
  const std::vector<std::string> names = nodes_with(network, "edge-server");
  for (const auto& [node, value] : reader.open_map().entries())
    if (std::ranges::find(names, node) == names.end())
      value.complain(fmt::format("\"{}\" is no edge-server of topology {}: there are {}{}", node, network.name,
                                 names.empty() ? "none" : one_of(names), did_you_mean(node, names)));
}

BackgroundLoad read_background_load(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"shape", "start", "end", "cores", "initial", "period", "neighbour"});
  BackgroundLoad load;
  load.shape = map.get("shape").choice({"step", "ramp", "square"}, "step");
  load.start = read_duration(map.get("start"), 0s, 0s, 24h);
  if (map.has("end")) load.end = read_duration(map.get("end"), 24h, 0s, 24h);
  load.cores = read_cores(map.at("cores"), 0);
  load.from = read_cores(map.get("initial"), 0);
  load.period = read_duration(map.get("period"), 0s, 200ms, 1h);
  load.neighbour = map.get("neighbour").boolean(false);
  if (load.end && *load.end <= load.start) map.get("end").complain("is not after \"start\"");
  if (load.shape == "ramp" && !load.end) reader.complain("a ramp needs \"end\"");
  if ((load.shape == "square") != map.has("period"))
    reader.complain("\"period\" goes with \"shape: square\", and is needed there");
  if (load.shape != "ramp" && map.has("initial")) map.get("initial").complain("goes with \"shape: ramp\"");
  return load;
}

std::optional<Fault> read_fault(const yaml::Reader& reader, const Catalogue& catalogue) {
  if (!reader.is_map()) {
    reader.complain("expected a map such as {kind: lost-update, node: es1}");
    return std::nullopt;
  }
  std::vector<std::string> kinds;
  kinds.reserve(catalogue.faults.size());
  for (const auto& declaration : catalogue.faults) kinds.push_back(declaration.kind);
  const std::string kind = reader.open_map().at("kind").choice(kinds);
  const FaultDeclaration* declaration = find_fault(catalogue, kind);
  if (declaration == nullptr) return std::nullopt;
  const yaml::Map map = reader.map(fault_keys(*declaration));
  Fault fault{kind, map.get("node").string(), "", nlohmann::ordered_json::object()};
  if (declaration->needs_instance) fault.instance = map.at("instance").string();
  for (const auto& parameter : declaration->parameters) {
    fault.parameters[parameter.name] = parameter.value;
    const yaml::Reader value = map.get(parameter.key());
    if (!value.present()) continue;
    const auto number = parse_value(parameter, value.text());
    if (number)
      fault.parameters[parameter.name] = *number;
    else
      value.complain(number.error().message);
  }
  return fault;
}

}  // namespace

std::optional<std::pair<std::string, std::optional<yaml::Reader>>> read_named(const yaml::Reader& reader) {
  if (reader.is_scalar()) return std::pair(reader.text(), std::optional<yaml::Reader>());
  if (reader.is_map()) {
    const auto entries = reader.open_map().entries();
    if (entries.size() == 1) return std::pair(entries[0].first, std::optional(entries[0].second));
  }
  reader.complain("expected a name, or one name with its parameters");
  return std::nullopt;
}

Attribute read_attribute(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"mode", "capability_code", "cats_metric_type", "cats_stamp_type"});
  Attribute attribute;
  attribute.transit = map.get("mode").choice({"transit", "standard"}, "transit") == "transit";
  attribute.capability_code = read_int(map.get("capability_code"), attribute.capability_code, 64, 238);
  const yaml::Reader metric = map.get("cats_metric_type");
  const yaml::Reader stamp = map.get("cats_stamp_type");
  attribute.cats_metric_type = read_int(metric, attribute.cats_metric_type, kSubTlvTypeLeast, kSubTlvTypeMost);
  attribute.cats_stamp_type = read_int(stamp, attribute.cats_stamp_type, kSubTlvTypeLeast, kSubTlvTypeMost);
  if (attribute.cats_metric_type == attribute.cats_stamp_type)
    (stamp.present() ? stamp : metric)
        .complain(fmt::format("CATS Metric and CATS Stamp cannot both be sub-TLV {}", attribute.cats_stamp_type));
  return attribute;
}

Service read_service(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"port", "workers", "queue_limit", "quota", "site_quotas", "quota_period"});
  Service service;
  service.port = read_int(map.get("port"), service.port, 1, 65535);
  service.workers = read_int(map.get("workers"), service.workers, 1, 256);
  service.queue_limit = read_int(map.get("queue_limit"), service.queue_limit, 1, 1000000);
  service.quota_cores = read_cores(map.get("quota"), service.quota_cores);
  const yaml::Reader period = map.get("quota_period");
  service.quota_period = read_duration(period, service.quota_period, 1ms, 1s);
  for (const auto& [node, quota] : map.get("site_quotas").open_map().entries())
    service.site_quotas[node] = read_cores(quota, service.quota_cores);

  double smallest = service.quota_cores;
  for (const auto& [node, quota] : service.site_quotas) smallest = std::min(smallest, quota);
  if (smallest * to_seconds(service.quota_period) < to_seconds(kShortestQuota) * 0.999999)
    (period.present()   ? period
     : map.has("quota") ? map.get("quota")
                        : reader)
        .complain(fmt::format("{:g}% of {} is less than the kernel's shortest quota, 1ms: take a longer quota_period",
                              smallest * 100, yaml::to_text(service.quota_period)));
  return service;
}

std::map<std::string, std::vector<BackgroundLoad>> read_background(const yaml::Reader& reader) {
  std::map<std::string, std::vector<BackgroundLoad>> background;
  if (!reader.present()) return background;
  for (const auto& [node, list] : reader.open_map().entries())
    for (const auto& element : list.list()) background[node].push_back(read_background_load(element));
  return background;
}

namespace {

// An algorithm of the user's: what its parameters mean, only it knows.
Algorithm read_library(const yaml::Reader& name, const std::optional<yaml::Reader>& parameters) {
  Algorithm algorithm;
  algorithm.name = name.string();
  if (!algorithm.name.ends_with(".so"))
    name.complain(fmt::format("\"{}\" is no shared library: its name must end in .so", algorithm.name));
  if (!parameters) return algorithm;
  if (!parameters->is_map()) {
    parameters->complain("parameters are a map of names and numbers");
    return algorithm;
  }
  constexpr double kMost = std::numeric_limits<double>::max();
  for (const auto& [key, value] : parameters->open_map().entries())
    algorithm.parameters[key] = key == cpsel::kRefresh
                                    ? value.number(0, cpsel::refresh_parameter().lo, cpsel::refresh_parameter().hi)
                                    : value.number(0, -kMost, kMost);
  return algorithm;
}

}  // namespace

Algorithm read_algorithm(const yaml::Reader& reader, const Catalogue& catalogue) {
  Algorithm algorithm;
  if (!reader.present()) return algorithm;
  std::optional<yaml::Reader> parameters;
  const yaml::Map map = reader.is_scalar() ? yaml::Map() : reader.map({"name", "parameters"});
  // No assignment: it would put the name in the place of the whole.
  const yaml::Reader name = reader.is_scalar() ? reader : map.at("name");
  if (!reader.is_scalar() && map.has("parameters")) parameters.emplace(map.get("parameters"));
  if (name.present() && name.is_scalar() && name.text().find('/') != std::string::npos)
    return read_library(name, parameters);
  algorithm.name = name.choice(names_of(catalogue.algorithms));
  const AlgorithmDeclaration* declaration = find_named(catalogue.algorithms, algorithm.name);
  if (declaration == nullptr) return algorithm;
  for (const auto& parameter : declaration->parameters) algorithm.parameters[parameter.name] = parameter.value;
  if (!parameters) return algorithm;
  const nlohmann::ordered_json given = read_parameters(*parameters, declaration->parameters);
  for (const auto& [key, value] : given.items()) algorithm.parameters[key] = value.get<double>();
  return algorithm;
}

std::vector<TestRequest> read_tests(const yaml::Reader& reader, const Catalogue& catalogue) {
  std::vector<TestRequest> tests;
  std::set<std::string> seen;
  const std::vector<std::string> names = names_of(catalogue.tests);
  for (const auto& element : reader.list()) {
    const auto named = read_named(element);
    if (!named) continue;
    const auto& [name, parameters] = *named;
    const TestDeclaration* declaration = find_named(catalogue.tests, name);
    if (declaration == nullptr) {
      element.complain(
          fmt::format("\"{}\" is unknown: allowed are {}{}", name, one_of(names), did_you_mean(name, names)));
      continue;
    }
    if (!seen.insert(name).second) element.complain(fmt::format("\"{}\" is asked for twice", name));
    TestRequest request{name, nlohmann::ordered_json::object()};
    if (parameters) request.parameters = read_parameters(*parameters, declaration->parameters);
    tests.push_back(std::move(request));
  }
  if (reader.is_list() && reader.list().empty()) reader.complain(fmt::format("name at least one of {}", one_of(names)));
  return tests;
}

std::vector<Fault> read_faults(const yaml::Reader& reader, const Catalogue& catalogue) {
  std::vector<Fault> faults;
  for (const auto& element : reader.list())
    if (auto fault = read_fault(element, catalogue)) faults.push_back(std::move(*fault));
  return faults;
}

void check_service(const yaml::Reader& reader, const topologies::Topology& network) {
  if (!reader.present() || !reader.is_map()) return;
  check_edge_servers(reader.open_map().get("site_quotas"), network);
}

void check_background(const yaml::Reader& reader, const topologies::Topology& network) {
  check_edge_servers(reader, network);
}

void check_faults(const yaml::Reader& reader, const Catalogue& catalogue, const topologies::Topology& network) {
  if (!reader.present() || !reader.is_list()) return;
  for (const auto& element : reader.list()) {
    if (!element.is_map()) continue;
    const yaml::Map map = element.open_map();
    const FaultDeclaration* declaration = find_fault(catalogue, map.get("kind").text());
    if (declaration == nullptr) continue;
    check_node(map.get("node"), network, declaration->role);
    if (declaration->needs_instance) check_node(map.get("instance"), network, "edge-server");
  }
}

std::string test_of(const yaml::Reader& element) {
  if (element.is_scalar()) return element.text();
  if (!element.is_map()) return "";
  const auto entries = element.open_map().entries();
  return entries.size() == 1 ? entries.front().first : "";
}

}  // namespace cats::scenarios
