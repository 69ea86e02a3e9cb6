// Reading a JSON object strictly: configurations and commands have no unknown, missing or ill-typed member. Everything
// wrong is collected, so that one message names it all.
//
//   JsonFields fields(json, "host");
//   config.node = fields.get<std::string>("node");
//   config.port = fields.get<std::uint16_t>("port", 80);  // absent: the fallback
//   if (auto bgp = fields.object("bgp")) …                // members named "host.bgp.…" in messages
//   if (auto wrong = fields.finish()) return fail("{}", *wrong);
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/ip.h"

namespace cats {

namespace json_field {

// Each returns what was expected when `value` is something else, and leaves `out` alone.
std::optional<std::string> read(const nlohmann::json& value, std::string& out);
std::optional<std::string> read(const nlohmann::json& value, bool& out);
std::optional<std::string> read(const nlohmann::json& value, double& out);  // finite
std::optional<std::string> read(const nlohmann::json& value, IpAddress& out);
std::optional<std::string> read(const nlohmann::json& value, Duration& out);  // integer nanoseconds, not negative
std::optional<std::string> read(const nlohmann::json& value, Instant& out);   // integer nanoseconds of CLOCK_MONOTONIC
std::optional<std::string> read(const nlohmann::json& value, nlohmann::json& out);
std::optional<std::string> read_integer(const nlohmann::json& value, std::uint64_t lo_magnitude, std::uint64_t hi,
                                        std::int64_t& signed_out, std::uint64_t& unsigned_out);

template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) std::optional<std::string> read(const nlohmann::json& value,
                                                                                            T& out) {
  using Limits = std::numeric_limits<T>;
  constexpr std::uint64_t below_zero = std::is_signed_v<T> ? static_cast<std::uint64_t>(Limits::max()) + 1 : 0;
  std::int64_t negative = 0;
  std::uint64_t positive = 0;
  auto expected = read_integer(value, below_zero, static_cast<std::uint64_t>(Limits::max()), negative, positive);
  if (!expected) out = negative < 0 ? static_cast<T>(negative) : static_cast<T>(positive);
  return expected;
}

}  // namespace json_field

class JsonFields {
 public:
  // `path` is how messages call the object; empty for a whole file.
  JsonFields(const nlohmann::json& object, std::string path);

  // A missing or ill-typed member is a problem; T{} is returned then.
  template <class T>
  T get(const std::string& key) {
    T value{};
    if (const nlohmann::json* member = take(key))
      read_into(key, *member, value);
    else
      problem(key, "is missing");
    return value;
  }
  template <class T>
  T get(const std::string& key, T fallback) {
    if (const nlohmann::json* member = take(key)) read_into(key, *member, fallback);
    return fallback;
  }
  template <class T>
  std::optional<T> maybe(const std::string& key) {
    const nlohmann::json* member = take(key);
    if (member == nullptr || member->is_null()) return std::nullopt;
    T value{};
    read_into(key, *member, value);
    return value;
  }
  // An object inside; its problems are this one's. Nothing, and no problem, when the member is absent or null.
  std::optional<JsonFields> object(const std::string& key);
  // The elements of an array of objects; absent is a problem.
  std::vector<JsonFields> objects(const std::string& key);

  bool has(const std::string& key) const;
  // For what a type alone does not say: "host.port is zero".
  void problem(const std::string& key, const std::string& what);
  // Members nobody asked for become problems. All problems on one line, or nothing. Sub-objects are finished with it.
  std::optional<std::string> finish();

 private:
  struct Shared {
    std::vector<std::string> problems;
    std::vector<std::pair<std::string, std::shared_ptr<std::set<std::string>>>> unread;  // by path
  };
  JsonFields(const nlohmann::json& object, std::string path, std::shared_ptr<Shared> shared);
  const nlohmann::json* take(const std::string& key);
  std::string name_of(const std::string& key) const;
  template <class T>
  void read_into(const std::string& key, const nlohmann::json& member, T& value) {
    if (auto expected = json_field::read(member, value)) problem(key, "is " + member.dump() + ", not " + *expected);
  }

  const nlohmann::json* object_;
  std::string path_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<std::set<std::string>> unread_;
};

}  // namespace cats
