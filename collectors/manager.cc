#include "collectors/manager.h"

#include <nlohmann/json.hpp>

#include "collectors/metric_report_json.h"

namespace cats::collectors {
namespace {

using Json = nlohmann::ordered_json;
using http::not_allowed;
using http::problem;
using http::Response;

constexpr std::string_view kInstances = "/v1/instances/";
constexpr std::string_view kMetrics = "/metrics";

// The CSCI-ID of "/v1/instances/CSCI-ID/metrics"; nothing for another path.
std::optional<std::string> instance_of(std::string_view path) {
  if (!path.starts_with(kInstances) || !path.ends_with(kMetrics) || path.size() <= kInstances.size() + kMetrics.size())
    return std::nullopt;
  path.remove_prefix(kInstances.size());
  path.remove_suffix(kMetrics.size());
  return std::string(path);
}

}  // namespace

Manager::Manager(Config config, Callbacks callbacks)
    : config_(std::move(config)),
      callbacks_(std::move(callbacks)),
      reports_(config_.instances),
      feed_(std::make_shared<http::EventFeed>(config_.incarnation, config_.keep, [this] { return state(); })) {}

void Manager::handle(const http::Request& request, const http::Reply& reply) {
  http::admit(request, config_.tokens, reply, callbacks_.refused,
              [&](const http::Principal& principal, const http::Reply& told) { told(answer(request, principal)); });
}

Response Manager::answer(const http::Request& request, const http::Principal& principal) {
  if (const auto csci = instance_of(request.path)) {
    if (request.method != "PUT") return not_allowed(request, "PUT");
    return put_metrics(request, principal, *csci);
  }
  if (request.path != "/v1/health" && request.path != "/v1/metrics" && request.path != "/v1/metrics/events")
    return problem(404, "no such resource: " + request.path.substr(0, 80));
  if (request.method != "GET") return not_allowed(request, "GET");
  if (request.path == "/v1/health") return {200, Json({{"status", "up"}}).dump() + "\n"};
  if (principal.role != "controller" && principal.role != "operator")
    return problem(403, fmt::format("{} may publish its own metrics and read none", principal.name));
  if (request.path == "/v1/metrics/events") return {.feed = feed_};
  return {200, state() + "\n"};
}

Response Manager::put_metrics(const http::Request& request, const http::Principal& principal, const std::string& csci) {
  const auto address = IpAddress::parse(csci);
  Known* known = address ? reports_.find(*address) : nullptr;
  if (known == nullptr) return problem(404, "no such instance: " + csci.substr(0, 80));
  if (principal.role != "edge-server" || principal.name != known->instance.node)
    return problem(403, fmt::format("{} may not publish for {}", principal.name, known->instance.node));
  const auto json = nlohmann::json::parse(request.body, nullptr, false);
  if (json.is_discarded()) return problem(400, "the body is no JSON");
  auto report = report_from_json(json, config_.wall);
  if (!report) return problem(422, report.error().message);
  return accept(*known, *std::move(report), request.received);
}

Response Manager::accept(Known& known, MetricReport report, Instant received) {
  if (const auto accepted = LatestReports::accept(known, std::move(report), received); !accepted)
    return problem(409, accepted.error().message);
  if (callbacks_.accepted) callbacks_.accepted(known.instance, *known.report, received);
  return {204, ""};
}

Json Manager::describe(const Known& known) const {
  Json json{{"node", known.instance.node}, {"csci", known.instance.csci.str()}, {"cs_id", known.instance.cs_id.str()}};
  json["received_unix_ns"] = known.report ? Json(config_.wall.unix_ns(known.received)) : Json(nullptr);
  json["report"] = known.report ? to_json(*known.report, config_.wall) : Json(nullptr);
  return json;
}

std::string Manager::state() const {
  Json instances = Json::array();
  for (const auto& [csci, known] : reports_.all()) instances.push_back(describe(known));
  return Json({{"instances", instances}}).dump();
}

Expected<void> Manager::publish_synthetic(std::uint32_t first, std::size_t count, Instant now) {
  const auto reports = reports_.synthetic(first, count, now);
  if (!reports) return tl::make_unexpected(reports.error());
  Json instances = Json::array();
  for (const Known& synthetic : *reports) instances.push_back(describe(synthetic));
  feed_->publish("update", Json({{"instances", instances}}).dump());
  return {};
}

void Manager::tick() {
  Json instances = Json::array();
  for (const Known* known : reports_.take_changed()) instances.push_back(describe(*known));
  if (instances.empty()) return;
  feed_->publish("update", Json({{"instances", instances}}).dump());
  if (callbacks_.published) callbacks_.published(instances.size());
}

}  // namespace cats::collectors
