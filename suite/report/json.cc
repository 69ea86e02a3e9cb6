#include "suite/report/json.h"

#include <functional>

#include "suite/report/engines_table.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

// The members of Figure that are plain numbers over its samples.
struct SampleMember {
  const char* name;
  std::optional<double> Figure::*member;
};
constexpr SampleMember kSampleMembers[] = {{"min", &Figure::min},   {"median", &Figure::median}, {"max", &Figure::max},
                                           {"mean", &Figure::mean}, {"sd", &Figure::sd},         {"p50", &Figure::p50},
                                           {"p90", &Figure::p90},   {"p99", &Figure::p99}};

Json to_json(const TrialResult& trial) {
  Json figures = Json::object();
  for (const auto& [figure, value] : trial.figures) figures[figure] = number_to_json(value);
  Json json = {{"index", trial.index}, {"seed", trial.seed}, {"started_ns", trial.started_ns}, {"figures", figures}};
  if (trial.error) json["error"] = *trial.error;
  return json;
}

TrialResult trial_from_json(const Json& json) {
  TrialResult trial;
  json.at("index").get_to(trial.index);
  json.at("seed").get_to(trial.seed);
  json.at("started_ns").get_to(trial.started_ns);
  for (const auto& [figure, value] : json.at("figures").items())
    trial.figures.emplace_back(figure, number_from_json(value));
  if (json.contains("error")) trial.error = json.at("error").get<std::string>();
  return trial;
}

Verdict verdict_from_json(const Json& json) {
  const auto verdict = parse_verdict(json.get<std::string>());
  if (!verdict) throw std::invalid_argument("unknown verdict \"" + json.get<std::string>() + "\"");
  return *verdict;
}

Figure figure_from_json(const Json& json) {
  Figure figure;
  json.at("unit").get_to(figure.unit);
  json.at("statistic").get_to(figure.statistic);
  figure.value = number_from_json(json.at("value"));
  if (const Json& ci = json.at("ci95"); !ci.is_null())
    figure.ci95 = stats::Interval{ci.at(0).get<double>(), ci.at(1).get<double>()};
  json.at("ci_method").get_to(figure.ci_method);
  json.at("trials").get_to(figure.trials);
  json.at("samples").get_to(figure.samples);
  for (const auto& [name, member] : kSampleMembers) figure.*member = number_from_json(json.at(name));
  if (json.contains("bound"))
    figure.bound = stats::Bound{json["bound"].at("op").get<std::string>(), json["bound"].at("value").get<double>()};
  if (json.contains("theory")) figure.theory = json["theory"];
  json.at("observed").get_to(figure.observed);
  if (json.contains("labels")) figure.labels = json["labels"];
  if (json.contains("verdict")) figure.verdict = verdict_from_json(json["verdict"]);
  if (json.contains("reason")) json["reason"].get_to(figure.reason);
  if (json.contains("data")) json["data"].get_to(figure.data);
  return figure;
}

TestResult test_from_json(const Json& json) {
  TestResult result;
  json.at("name").get_to(result.name);
  json.at("mode").get_to(result.mode);
  json.at("engine").get_to(result.engine);
  json.at("algorithm").get_to(result.algorithm);
  json.at("interval_ms").get_to(result.interval_ms);
  result.parameters = json.at("parameters");
  result.study = json.value("study", Json::object());
  result.metrics = json.at("metrics");
  result.load_offered = number_from_json(json.at("load").at("offered"));
  result.load_achieved = number_from_json(json.at("load").at("achieved"));
  json.at("void_trials").get_to(result.void_trials);
  result.verdict = verdict_from_json(json.at("verdict"));
  json.at("reason").get_to(result.reason);
  for (const auto& [name, figure] : json.at("figures").items())
    result.figures.emplace_back(name, figure_from_json(figure));
  for (const Json& trial : json.at("trials")) result.trials.push_back(trial_from_json(trial));
  return result;
}

}  // namespace

Json number_to_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

std::optional<double> number_from_json(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional<double>(json.get<double>());
}

Json to_json(const Figure& figure) {
  Json json = {{"unit", figure.unit}, {"statistic", figure.statistic}, {"value", number_to_json(figure.value)}};
  json["ci95"] = figure.ci95 ? Json::array({figure.ci95->lo, figure.ci95->hi}) : Json(nullptr);
  json["ci_method"] = figure.ci_method;
  json["trials"] = figure.trials;
  json["samples"] = figure.samples;
  for (const auto& [name, member] : kSampleMembers) json[name] = number_to_json(figure.*member);
  if (figure.bound) json["bound"] = {{"op", figure.bound->op}, {"value", figure.bound->value}};
  if (!figure.theory.is_null()) json["theory"] = figure.theory;
  json["observed"] = figure.observed;
  if (!figure.labels.is_null()) json["labels"] = figure.labels;
  if (figure.verdict) json["verdict"] = name(*figure.verdict);
  if (!figure.reason.empty()) json["reason"] = figure.reason;
  if (!figure.data.empty()) json["data"] = figure.data;
  return json;
}

Json to_json(const TestResult& result) {
  Json json = {
      {"name", result.name},
      {"mode", result.mode},
      {"engine", result.engine},
      {"algorithm", result.algorithm},
      {"interval_ms", result.interval_ms},
      {"parameters", result.parameters},
      {"study", result.study},
      {"metrics", result.metrics},
      {"load", {{"offered", number_to_json(result.load_offered)}, {"achieved", number_to_json(result.load_achieved)}}},
      {"void_trials", result.void_trials},
      {"verdict", name(result.verdict)},
      {"reason", result.reason}};
  if (!result.load_offered || !result.load_achieved) json["load"]["reason"] = "the test sends no requests";
  Json& figures = json["figures"] = Json::object();
  for (const auto& [figure_name, figure] : result.figures) figures[figure_name] = to_json(figure);
  Json& trials = json["trials"] = Json::array();
  for (const TrialResult& trial : result.trials) trials.push_back(to_json(trial));
  return json;
}

Json to_json(const Report& report) {
  Json json = {{"schema", report_schema},
               {"run", report.run},
               {"scenario", report.scenario},
               {"topology", report.topology},
               {"clock", report.clock},
               {"environment", report.environment},
               {"declarations", report.declarations},
               {"duts", report.duts},
               {"preflight", report.preflight}};
  Json& tests = json["tests"] = Json::array();
  for (const TestResult& result : report.tests) tests.push_back(to_json(result));
  Json& comparisons = json["comparisons"] = Json::array();
  for (const Comparison& comparison : report.comparisons) comparisons.push_back(to_json(comparison));
  for (const Agreement& one : agreements(report.tests)) json["agreement"].push_back(to_json(one));
  Json& bounds = json["bounds"] = Json::array();
  for (const BoundResult& bound : report.bounds) bounds.push_back(to_json(bound));
  Json& warnings = json["warnings"] = Json::array();
  for (const Warning& warning : report.warnings)
    warnings.push_back({{"test", warning.test}, {"figure", warning.figure}, {"text", warning.text}});
  return json;
}

Expected<Report> report_from_json(const Json& json) {
  try {
    if (const auto schema = json.at("schema").get<std::string>(); schema != report_schema)
      return fail("report.json: schema {}: this program reads {}", schema, report_schema);
    Report report;
    const std::pair<const char*, Json Report::*> parts[] = {
        {"run", &Report::run},     {"scenario", &Report::scenario},       {"topology", &Report::topology},
        {"clock", &Report::clock}, {"environment", &Report::environment}, {"declarations", &Report::declarations},
        {"duts", &Report::duts},   {"preflight", &Report::preflight},
    };
    for (const auto& [name, part] : parts) report.*part = json.at(name);
    for (const Json& test : json.at("tests")) report.tests.push_back(test_from_json(test));
    for (const Json& comparison : json.at("comparisons"))
      report.comparisons.push_back(comparison_from_json(comparison));
    for (const Json& bound : json.at("bounds")) report.bounds.push_back(bound_from_json(bound));
    for (const Json& warning : json.at("warnings"))
      report.warnings.push_back({warning.at("test").get<std::string>(), warning.at("figure").get<std::string>(),
                                 warning.at("text").get<std::string>()});
    return report;
  } catch (const std::exception& error) {
    return fail("report.json: {}", error.what());
  }
}

Expected<Report> parse_report(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail("report.json: not JSON");
  return report_from_json(json);
}

}  // namespace cats::suite
