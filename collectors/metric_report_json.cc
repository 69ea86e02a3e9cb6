#include "collectors/metric_report_json.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/json_fields.h"
#include "cpsel/metrics.h"

namespace cats::collectors {
namespace {

bool is_metric(std::string_view name) { return cpsel::find_metric(name) != nullptr || name == "traffic_period_s"; }

std::map<std::string, double> values_of(const nlohmann::json& json, JsonFields& fields) {
  std::map<std::string, double> values;
  if (!json.is_object() || json.empty()) fields.problem("values", "is no object with at least one metric");
  if (!json.is_object()) return values;
  for (const auto& [name, value] : json.items()) {
    if (!is_metric(name))
      fields.problem("values." + name.substr(0, 40), "is no metric");
    else if (!value.is_number() || !std::isfinite(value.get<double>()))
      fields.problem("values." + name, "is no number");
    else
      values[name] = value.get<double>();
  }
  return values;
}

// At least one, each once.
bool plain_values(PlainJson& text, std::map<std::string, double>& values) {
  if (!text.take('{')) return false;
  do {
    const auto name = text.key();
    if (!name || !is_metric(*name)) return false;
    const auto value = text.number();
    const std::size_t before = values.size();
    if (!value) return false;
    values.try_emplace(values.end(), std::string(*name), *value);
    if (values.size() == before) return false;
  } while (text.take(','));
  return text.take('}');
}

}  // namespace

nlohmann::ordered_json sent_event(const IpAddress& source, std::string_view via, const MetricReport& report) {
  nlohmann::ordered_json fields = {{"source", source.str()}, {"via", via}, {"seq", nullptr}, {"window_end", nullptr}};
  if (report.stamp) {
    fields["seq"] = report.stamp->sequence;
    fields["window_end"] = to_ns(report.stamp->window_end);
  }
  fields["values"] = report.values;
  fields["known"] = report.known ? nlohmann::ordered_json(*report.known) : nlohmann::ordered_json(nullptr);
  return fields;
}

nlohmann::ordered_json to_json(const MetricReport& report, const WallClock& wall) {
  nlohmann::ordered_json json;
  if (report.stamp) {
    json["sequence"] = report.stamp->sequence;
    json["window_end_unix_ns"] = wall.unix_ns(report.stamp->window_end);
  }
  json["values"] = report.values;
  json["known"] = report.known ? nlohmann::ordered_json(*report.known) : nlohmann::ordered_json(nullptr);
  return json;
}

Expected<MetricReport> report_from_json(const nlohmann::json& json, const WallClock& wall) {
  if (!json.is_object()) return fail("a report is an object");
  JsonFields fields(json, "");
  MetricReport report;
  const auto sequence = fields.get<std::uint32_t>("sequence");
  const auto window_end = fields.get<std::int64_t>("window_end_unix_ns");
  if (window_end < 0) fields.problem("window_end_unix_ns", "is negative");
  report.stamp = Stamp{sequence, wall.instant(std::max<std::int64_t>(window_end, 0))};
  report.values = values_of(fields.get<nlohmann::json>("values"), fields);
  report.known = fields.maybe<std::uint32_t>("known");
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return report;
}

std::optional<MetricReport> report_from_plain(PlainJson& text, const WallClock& wall) {
  std::optional<std::uint32_t> sequence;
  std::optional<std::int64_t> window_end;
  bool known = false;
  MetricReport report;
  if (!text.take('{')) return std::nullopt;
  do {
    const auto name = text.key();
    bool good = false;  // of its type, and the first of its name
    if (name == "sequence")
      good = !sequence && (sequence = text.integer<std::uint32_t>());
    else if (name == "window_end_unix_ns")
      good = !window_end && (window_end = text.integer<std::int64_t>());
    else if (name == "values")
      good = report.values.empty() && plain_values(text, report.values);
    else if (name == "known")
      good = !std::exchange(known, true) && (text.take_null() || (report.known = text.integer<std::uint32_t>()));
    if (!good) return std::nullopt;
  } while (text.take(','));
  if (!text.take('}') || !sequence || !window_end || report.values.empty()) return std::nullopt;
  report.stamp = Stamp{*sequence, wall.instant(*window_end)};
  return report;
}

}  // namespace cats::collectors
