#include "suite/plot/study.h"

#include <algorithm>
#include <cmath>

#include "base/yaml.h"
#include "scenarios/values.h"

namespace cats::suite::plot {
namespace {

std::string as_text(const nlohmann::ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// "", "%", "/s" or a word: "2001:db8::1" begins with a number and is none.
bool is_unit(std::string_view text) {
  return text == "%" || text == "/s" ||
         std::ranges::all_of(text, [](char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'); });
}

// The same in all of them; nothing when one is no number.
std::optional<std::string> unit_of_all(const std::vector<std::string>& values) {
  std::optional<std::string> unit;
  for (const std::string& value : values) {
    const auto quantity = quantity_of(value);
    if (!quantity || (unit && *unit != quantity->unit)) return std::nullopt;
    unit = quantity->unit;
  }
  return unit;
}

// Takes the entry's keys into `keys`, new ones at the end.
StudiedEntry entry_of(const TestResult& result, std::vector<std::string>& keys) {
  StudiedEntry entry{&result, {}};
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!entry.values.emplace(key, value).second) return;
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  };
  for (const auto& [key, value] : result.study.items()) add(key, as_text(value));
  add("algorithm", result.algorithm);
  add("interval", yaml::to_text(Duration(std::llround(result.interval_ms * 1e6))));
  add("mode", result.mode);
  add("engine", result.engine);
  return entry;
}

// Keys that differ, or that only some entries have.
std::vector<StudiedKey> differing(const std::vector<StudiedEntry>& entries, const std::vector<std::string>& names) {
  std::vector<StudiedKey> keys;
  for (const std::string& name : names) {
    StudiedKey key{name, {}, {}};
    bool everywhere = true;
    for (const StudiedEntry& entry : entries) {
      const std::string value = entry.value(name);
      everywhere = everywhere && entry.values.contains(name);
      if (entry.values.contains(name) && std::ranges::find(key.values, value) == key.values.end())
        key.values.push_back(value);
    }
    if (key.values.size() < 2 && everywhere) continue;
    key.unit = unit_of_all(key.values);
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

std::optional<Quantity> quantity_of(std::string_view text) {
  if (const auto duration = yaml::parse_duration(text)) return Quantity{to_seconds(*duration), "s"};
  const auto [value, unit] = scenarios::split_quantity(text);
  if (!value || !is_unit(unit)) return std::nullopt;
  return Quantity{*value, std::string(unit)};
}

std::string StudiedEntry::value(const std::string& key) const {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

const StudiedKey* Study::find(std::string_view key) const {
  const auto found = std::ranges::find(keys, key, &StudiedKey::name);
  return found == keys.end() ? nullptr : &*found;
}

std::vector<Study> studies_of(const Report& report) {
  std::vector<Study> studies;
  std::vector<std::vector<std::string>> names;  // of their keys
  for (const TestResult& result : report.tests) {
    auto found = std::ranges::find(studies, result.name, &Study::test);
    if (found == studies.end()) {
      studies.push_back({result.name, {}, {}});
      names.emplace_back();
      found = studies.end() - 1;
    }
    found->entries.push_back(entry_of(result, names[static_cast<std::size_t>(found - studies.begin())]));
  }
  for (std::size_t i = 0; i < studies.size(); ++i) studies[i].keys = differing(studies[i].entries, names[i]);
  return studies;
}

}  // namespace cats::suite::plot
