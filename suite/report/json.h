// report.json: the model as JSON and back. Names and shapes: docs/report.md, suite/report/report.schema.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "suite/report/model.h"

namespace cats::suite {

// A number, or null.
nlohmann::ordered_json number_to_json(const std::optional<double>& value);
std::optional<double> number_from_json(const nlohmann::ordered_json& json);

nlohmann::ordered_json to_json(const Figure& figure);
nlohmann::ordered_json to_json(const TestResult& result);
nlohmann::ordered_json to_json(const Report& report);

// Errors name the member. A schema other than report_schema is refused.
Expected<Report> report_from_json(const nlohmann::ordered_json& json);
Expected<Report> parse_report(std::string_view text);

// Two spaces of indentation; floats in the shortest form that reads back the same. Throws std::logic_error on NaN and
// infinity.
std::string write_json(const nlohmann::ordered_json& json);

}  // namespace cats::suite
