#include "suite/report/event_fields.h"

#include <map>
#include <vector>

namespace cats::suite {
namespace {

using Json = nlohmann::json;

enum class Kind { integer, number, text, boolean, object, list, any };

struct Field {
  const char* name;
  Kind kind;
};

const std::map<std::string_view, std::vector<Field>>& required_fields() {
  using enum Kind;
  static const std::map<std::string_view, std::vector<Field>> fields{
      {"testbed", {{"sites", list}, {"ingresses", list}, {"steering", list}, {"receivers", list}}},
      {"trial_started",
       {{"trial", text}, {"test", text}, {"entry", text}, {"index", integer}, {"attempt", integer}, {"seed", integer}}},
      {"phase", {{"trial", text}, {"name", text}}},
      {"trial_ended", {{"trial", text}, {"void", any}}},
      {"host_idle", {{"trial", text}, {"share", number}}},
      {"sample",
       {{"source", text},
        {"window_start", integer},
        {"window_end", integer},
        {"raw", object},
        {"unquantised", object},
        {"accounting", object}}},
      {"metric_sent",
       {{"source", text},
        {"via", text},
        {"seq", integer},
        {"window_end", integer},
        {"values", object},
        {"known", any}}},
      {"hop_seen", {{"router", text}, {"tap", text}, {"source", text}, {"seq", integer}}},
      {"metric_received",
       {{"source", text},
        {"via", text},
        {"seq", integer},
        {"path", any},
        {"values", object},
        {"known", any},
        {"window_end", integer}}},
      {"decision", {{"id", integer}, {"inputs", list}, {"weights", object}}},
      {"route_installed", {{"decision", integer}, {"acked_ns", integer}}},
      {"flow", {{"tuple", object}, {"instance", any}, {"first_ns", integer}, {"gone_ns", any}}},
      {"multipath", {{"service", text}, {"seed", any}, {"next_hops", integer}}},
      {"site_usage", {{"trial", text}, {"source", text}, {"usage_ns", integer}}},
      {"load_changed", {{"source", text}, {"cores", number}}},
      {"burst",
       {{"rate", number}, {"batch", integer}, {"updates", integer}, {"first_seq", integer}, {"started_ns", integer}}},
      {"rest_sessions",
       {{"asked", integer}, {"held", integer}, {"refused", integer}, {"why", any}, {"clean", boolean}}},
      {"rest_released", {{"opened", integer}, {"held", integer}}},
      {"rest_load", {{"kind", text}, {"started_ns", integer}, {"messages", list}}},
      {"flows_held",
       {{"asked", integer},
        {"kept", integer},
        {"held", integer},
        {"refused", any},
        {"limit", integer},
        {"steered", integer}}},
      {"provisioned", {{"trial", text}, {"decision", integer}, {"asked_ns", integer}}},
      {"returned", {{"trial", text}, {"source", text}}},
      {"order_acknowledged", {{"router", text}, {"decision", integer}}},
      {"controller_state", {{"up", boolean}, {"why", text}}},
      {"manager_state", {{"up", boolean}, {"why", text}}},
      {"lost", {{"trial", text}, {"of", text}, {"part", text}}},
      {"restored", {{"trial", text}, {"of", text}, {"part", text}, {"started_ns", integer}}},
      {"link", {{"trial", text}, {"a", text}, {"b", text}, {"up", boolean}}},
      {"reachable", {{"trial", text}, {"ingress", text}, {"instances", list}}},
      {"topology", {{"nodes", list}, {"links", list}}},
      {"simulation_started", {{"files", object}}},
      {"world_started", {{"topology", text}}},
      {"fleet_window",
       {{"trial", text},
        {"flows", integer},
        {"served", integer},
        {"refused", integer},
        {"lost", integer},
        {"unsteered", integer},
        {"latency_sum_ns", integer},
        {"latency_p99_ns", any},
        {"peak_used", number},
        {"active", integer},
        {"active_var", number},
        {"active_imbalance", number}}},
      {"fleet_sums", {{"trial", text},           {"time_ns", integer},           {"flows", integer},
                      {"served", integer},       {"refused", integer},           {"lost", integer},
                      {"unsteered", integer},    {"there_before", integer},      {"there_after", integer},
                      {"capacity", list},        {"site_flows", list},           {"site_used_ns", list},
                      {"site_offered_ns", list}, {"latency_sum_ns", integer},    {"latency", list},
                      {"updates_sent", integer}, {"updates_delivered", integer}, {"updates_replaced", integer},
                      {"updates_lost", integer}, {"decisions", integer},         {"probes", integer}}},
  };
  return fields;
}

bool is(const Json& value, Kind kind) {
  switch (kind) {
    case Kind::integer:
      return value.is_number_integer();
    case Kind::number:
      return value.is_number();
    case Kind::text:
      return value.is_string();
    case Kind::boolean:
      return value.is_boolean();
    case Kind::object:
      return value.is_object();
    case Kind::list:
      return value.is_array();
    case Kind::any:
      break;
  }
  return true;
}

}  // namespace

const char* bad_field(const Json& line, std::string_view event) {
  const auto known = required_fields().find(event);
  if (known == required_fields().end()) return nullptr;
  for (const Field& field : known->second) {
    const auto found = line.find(field.name);
    if (found == line.end() || !is(*found, field.kind)) return field.name;
  }
  return nullptr;
}

}  // namespace cats::suite
