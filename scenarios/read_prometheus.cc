#include "scenarios/read_prometheus.h"

#include <algorithm>

namespace cats::scenarios {
namespace {

using collectors::PrometheusRule;

std::vector<std::string> read_texts(const yaml::Reader& reader) {
  std::vector<std::string> texts;
  if (!reader.present()) return texts;
  for (const yaml::Reader& one : reader.list()) texts.push_back(one.string());
  if (reader.is_list() && texts.empty()) reader.complain("is empty: leave it away");
  return texts;
}

PrometheusRule read_rule(const std::string& metric, const yaml::Reader& reader) {
  PrometheusRule rule;
  rule.metric = metric;
  const yaml::Map map = reader.map({"family", "labels", "take", "combine", "scale", "offset"});
  if (!reader.is_map()) return rule;
  rule.family = map.at("family").string();
  if (map.has("family") && rule.family.empty()) map.get("family").complain("name a metric of the exporter");
  if (const yaml::Reader labels = map.get("labels"); labels.present())
    for (const auto& [name, value] : labels.open_map().entries()) rule.labels[name] = value.string();
  const std::string take = map.get("take").choice(collectors::take_words());
  if (!take.empty()) rule.take = collectors::take_of(take);
  const std::string combine = map.get("combine").choice(collectors::combine_words());
  if (!combine.empty()) rule.combine = collectors::combine_of(combine);
  rule.scale = map.get("scale").number(rule.scale);
  rule.offset = map.get("offset").number(rule.offset);
  if (map.has("scale") && rule.scale == 0) map.get("scale").complain("0 makes a constant of every value");
  return rule;
}

}  // namespace

std::optional<Metrics::Prometheus> read_prometheus(const yaml::Reader& reader,
                                                   const std::vector<cpsel::Declaration>& declared) {
  if (!reader.present()) return std::nullopt;
  const yaml::Map map = reader.map({"endpoint", "mapping", "exporter", "sites"});
  if (!reader.is_map()) return std::nullopt;
  Metrics::Prometheus prometheus;
  const yaml::Reader endpoint = map.at("endpoint");
  if (const std::string url = endpoint.string(); !url.empty()) {
    auto source = collectors::parse_prometheus_url(url);
    if (source)
      prometheus.source = *std::move(source);
    else
      endpoint.complain(source.error().message);
  }
  const yaml::Reader mapping = map.at("mapping");
  const auto rules = mapping.map(collectors::mappable_metrics()).entries();
  if (mapping.present() && mapping.is_map() && rules.empty()) mapping.complain("map at least one metric");
  const auto known = collectors::mappable_metrics();
  for (const auto& [metric, rule] : rules) {
    if (std::ranges::find(known, metric) == known.end()) continue;  // which was reported
    prometheus.source.rules.push_back(read_rule(metric, rule));
    if (std::ranges::find(declared, metric, &cpsel::Declaration::type) == declared.end())
      rule.complain(fmt::format("{} is mapped but not declared", metric));
  }
  prometheus.exporter = read_texts(map.get("exporter"));
  prometheus.sites = read_texts(map.get("sites"));
  return prometheus;
}

void check_prometheus(const yaml::Reader& metrics, const topologies::Topology& network) {
  const auto below = [](const yaml::Reader& reader, const char* key) {
    return reader.present() && reader.is_map() ? std::optional(reader.open_map().get(key)) : std::nullopt;
  };
  const auto prometheus = below(metrics, "prometheus");
  const auto sites = prometheus ? below(*prometheus, "sites") : std::nullopt;
  if (!sites || !sites->present() || !sites->is_list()) return;
  std::vector<std::string> names;
  for (const topologies::Node* node : network.with_role(topologies::Role::kEdgeServer)) names.push_back(node->name);
  for (const yaml::Reader& site : sites->list())
    if (site.is_scalar() && std::ranges::find(names, site.text()) == names.end())
      site.complain(fmt::format("\"{}\" is no edge-server of topology {}: there are {}{}", site.text(), network.name,
                                names.empty() ? "none" : one_of(names), did_you_mean(site.text(), names)));
}

}  // namespace cats::scenarios
