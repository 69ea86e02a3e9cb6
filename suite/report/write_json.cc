#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "suite/report/json.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

bool flat(const Json& json) {
  for (const Json& element : json)
    if (element.is_structured()) return false;
  return true;
}

void append(std::string& out, const Json& json, std::size_t indent);

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) throw std::logic_error("a number of the report is not finite");
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

void append_list(std::string& out, const Json& list, std::size_t indent) {
  const bool one_line = flat(list);
  const std::string line = one_line ? "" : "\n" + std::string(indent + 2, ' ');
  out += '[';
  bool first = true;
  for (const Json& element : list) {
    if (!first) out += one_line ? ", " : ",";
    first = false;
    out += line;
    append(out, element, indent + 2);
  }
  if (!one_line) out += "\n" + std::string(indent, ' ');
  out += ']';
}

void append_object(std::string& out, const Json& object, std::size_t indent) {
  if (object.empty()) {
    out += "{}";
    return;
  }
  out += '{';
  bool first = true;
  for (const auto& [key, value] : object.items()) {
    out += first ? "\n" : ",\n";
    first = false;
    out += std::string(indent + 2, ' ') + Json(key).dump() + ": ";
    append(out, value, indent + 2);
  }
  out += "\n" + std::string(indent, ' ') + '}';
}

void append(std::string& out, const Json& json, std::size_t indent) {
  if (json.is_number_float())
    append_number(out, json.get<double>());
  else if (json.is_array())
    append_list(out, json, indent);
  else if (json.is_object())
    append_object(out, json, indent);
  else
    out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string write_json(const Json& json) {
  std::string out;
  append(out, json, 0);
  out += '\n';
  return out;
}

}  // namespace cats::suite
