#include "base/json_fields.h"

#include <cmath>

#include <fmt/format.h>

namespace cats {
namespace json_field {

std::optional<std::string> read(const nlohmann::json& value, std::string& out) {
  if (!value.is_string()) return "a string";
  out = value.get<std::string>();
  return std::nullopt;
}

std::optional<std::string> read(const nlohmann::json& value, bool& out) {
  if (!value.is_boolean()) return "true or false";
  out = value.get<bool>();
  return std::nullopt;
}

std::optional<std::string> read(const nlohmann::json& value, double& out) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) return "a number";
  out = value.get<double>();
  return std::nullopt;
}

std::optional<std::string> read(const nlohmann::json& value, IpAddress& out) {
  if (!value.is_string()) return "an IP address";
  const auto parsed = IpAddress::parse(value.get<std::string>());
  if (!parsed) return "an IP address";
  out = *parsed;
  return std::nullopt;
}

std::optional<std::string> read(const nlohmann::json& value, Duration& out) {
  std::int64_t ns = 0;
  if (read(value, ns) || ns < 0) return "nanoseconds (an integer, not negative)";
  out = Duration(ns);
  return std::nullopt;
}

std::optional<std::string> read(const nlohmann::json& value, Instant& out) {
  std::int64_t ns = 0;
  if (read(value, ns)) return "an instant in nanoseconds (an integer)";
  out = from_ns(ns);
  return std::nullopt;
}

std::optional<std::string> read(const nlohmann::json& value, nlohmann::json& out) {
  out = value;
  return std::nullopt;
}

std::optional<std::string> read_integer(const nlohmann::json& value, std::uint64_t lo_magnitude, std::uint64_t hi,
                                        std::int64_t& signed_out, std::uint64_t& unsigned_out) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= hi) {
    unsigned_out = value.get<std::uint64_t>();
    return std::nullopt;
  }
  if (value.is_number_integer() && !value.is_number_unsigned()) {
    const std::int64_t number = value.get<std::int64_t>();
    const std::uint64_t magnitude = number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : 0;
    if (number >= 0 && static_cast<std::uint64_t>(number) <= hi) {
      unsigned_out = static_cast<std::uint64_t>(number);
      return std::nullopt;
    }
    if (number < 0 && magnitude <= lo_magnitude) {
      signed_out = number;
      return std::nullopt;
    }
  }
  return fmt::format("an integer from {}{} to {}", lo_magnitude > 0 ? "-" : "", lo_magnitude, hi);
}

}  // namespace json_field

JsonFields::JsonFields(const nlohmann::json& object, std::string path)
    : JsonFields(object, std::move(path), std::make_shared<Shared>()) {}

JsonFields::JsonFields(const nlohmann::json& object, std::string path, std::shared_ptr<Shared> shared)
    : object_(&object),
      path_(std::move(path)),
      shared_(std::move(shared)),
      unread_(std::make_shared<std::set<std::string>>()) {
  shared_->unread.emplace_back(path_, unread_);
  if (!object.is_object()) {
    shared_->problems.push_back(fmt::format("{} is not an object", path_.empty() ? "the file" : path_));
    return;
  }
  for (const auto& [key, value] : object.items()) unread_->insert(key);
}

const nlohmann::json* JsonFields::take(const std::string& key) {
  if (!has(key)) return nullptr;
  unread_->erase(key);
  return &object_->at(key);
}

bool JsonFields::has(const std::string& key) const { return object_->is_object() && object_->contains(key); }

std::optional<JsonFields> JsonFields::object(const std::string& key) {
  const nlohmann::json* member = take(key);
  if (member == nullptr || member->is_null()) return std::nullopt;
  return JsonFields(*member, name_of(key), shared_);
}

std::vector<JsonFields> JsonFields::objects(const std::string& key) {
  std::vector<JsonFields> all;
  const nlohmann::json* member = take(key);
  if (member == nullptr) {
    problem(key, "is missing");
  } else if (!member->is_array()) {
    problem(key, "is not an array");
  } else {
    for (std::size_t i = 0; i < member->size(); ++i)
      all.push_back(JsonFields(member->at(i), fmt::format("{}[{}]", name_of(key), i), shared_));
  }
  return all;
}

std::string JsonFields::name_of(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

void JsonFields::problem(const std::string& key, const std::string& what) {
  shared_->problems.push_back(name_of(key) + " " + what);
}

std::optional<std::string> JsonFields::finish() {
  std::string text;
  const auto add = [&text](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  for (const auto& what : shared_->problems) add(what);
  for (const auto& [path, keys] : shared_->unread)
    for (const auto& key : *keys) add((path.empty() ? key : path + "." + key) + " is not known");
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace cats
