#include "base/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace cats::yaml {
namespace {

struct Unit {
  std::string_view name;
  double ns;
};
constexpr std::array<Unit, 6> kUnits{{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}};

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

Place place_of(const YAML::Node& node, const std::string& file, const Place& fallback) {
  const YAML::Mark mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
  return mark.is_null() ? fallback : Place{file, mark.line + 1, mark.column + 1};
}

}  // namespace

Reader::Reader(const YAML::Node& node, std::string path, std::string file, Diagnostics& diagnostics, const Place& place)
    : node_(node),
      path_(std::move(path)),
      file_(std::move(file)),
      diagnostics_(&diagnostics),
      place_(place_of(node_, file_, place)) {}

bool Reader::present() const { return node_.IsDefined() && !node_.IsNull(); }

std::string Reader::text() const { return node_.IsDefined() && node_.IsScalar() ? node_.Scalar() : ""; }

void Reader::complain(const std::string& message) const {
  diagnostics_->add(place_, path_.empty() ? message : path_ + ": " + message);
}

bool Reader::expect_scalar(const char* what) const {
  if (!present()) return false;
  if (node_.IsScalar()) return true;
  complain(fmt::format("expected {}, found a {}", what, node_.IsMap() ? "map" : "list"));
  return false;
}

std::string Reader::string(const std::string& fallback) const {
  return expect_scalar("text") ? node_.Scalar() : fallback;
}

bool Reader::boolean(bool fallback) const {
  if (!expect_scalar("true or false")) return fallback;
  if (text() == "true") return true;
  if (text() == "false") return false;
  complain(fmt::format("\"{}\" is not true or false", text()));
  return fallback;
}

std::int64_t Reader::integer(std::int64_t fallback, std::int64_t lo, std::int64_t hi) const {
  if (!expect_scalar("a whole number")) return fallback;
  const std::string digits = text();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    complain(fmt::format("\"{}\" is not a whole number", digits));
    return fallback;
  }
  if (value < lo || value > hi) {
    complain(fmt::format("{} is out of range: allowed are {} to {}", value, lo, hi));
    return fallback;
  }
  return value;
}

double Reader::number(double fallback, double lo, double hi) const {
  if (!expect_scalar("a number")) return fallback;
  const auto value = parse_number(text());
  if (!value) {
    complain(fmt::format("\"{}\" is not a number", text()));
    return fallback;
  }
  if (*value < lo || *value > hi) {
    complain(fmt::format("{} is out of range: allowed are {} to {}", *value, lo, hi));
    return fallback;
  }
  return *value;
}

Duration Reader::duration(Duration fallback) const {
  if (!expect_scalar("a duration such as 200ms or 1s")) return fallback;
  const auto parsed = parse_duration(text());
  if (parsed) return *parsed;
  complain(parsed.error().message);
  return fallback;
}

double Reader::share(double fallback) const {
  if (!expect_scalar("a share such as 20%")) return fallback;
  std::string digits = text();
  const bool percent = digits.ends_with('%');
  if (percent) digits.pop_back();
  const auto value = parse_number(digits);
  const double result = value.value_or(-1) / (percent ? 100 : 1);
  if (result >= 0 && result <= 1) return result;
  complain(fmt::format("\"{}\" is not a share: allowed are 0% to 100%, or 0 to 1", text()));
  return fallback;
}

std::string Reader::choice(const std::vector<std::string>& allowed, const std::string& fallback) const {
  if (!expect_scalar(one_of(allowed).c_str())) return fallback;
  if (std::ranges::find(allowed, text()) != allowed.end()) return text();
  complain(fmt::format("\"{}\" is unknown: allowed are {}{}", text(), one_of(allowed), did_you_mean(text(), allowed)));
  return fallback;
}

std::vector<Reader> Reader::list() const {
  std::vector<Reader> elements;
  if (!present()) return elements;
  if (!node_.IsSequence()) {
    complain("expected a list");
    return elements;
  }
  for (std::size_t i = 0; i < node_.size(); ++i)
    elements.emplace_back(node_[i], fmt::format("{}[{}]", path_, i), file_, *diagnostics_, place_);
  return elements;
}

Map Reader::open_map() const {
  Map map;
  map.absent_ = Reader(YAML::Node(YAML::NodeType::Undefined), path_, file_, *diagnostics_, place_);
  if (!present()) return map;
  if (!node_.IsMap()) {
    complain("expected a map");
    return map;
  }
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) {
      Reader(entry.first, path_, file_, *diagnostics_, place_).complain("a key must be text");
      continue;
    }
    const std::string& key = entry.first.Scalar();
    const Place key_place = place_of(entry.first, file_, place_);
    Reader value(entry.second, path_.empty() ? key : path_ + "." + key, file_, *diagnostics_, key_place);
    if (!seen.insert(key).second) diagnostics_->add(key_place, fmt::format("{}: given twice", value.path_));
    map.entries_.emplace_back(key, std::move(value));
  }
  return map;
}

Map Reader::map(std::initializer_list<std::string> known) const { return map(std::vector<std::string>(known)); }

Map Reader::map(std::vector<std::string> known) const {
  Map map = open_map();
  for (const auto& entry : node_.IsDefined() && node_.IsMap() ? node_ : YAML::Node()) {
    if (!entry.first.IsScalar() || std::ranges::find(known, entry.first.Scalar()) != known.end()) continue;
    diagnostics_->add(place_of(entry.first, file_, place_),
                      fmt::format("{}unknown key \"{}\": allowed are {}{}", path_.empty() ? "" : path_ + ": ",
                                  entry.first.Scalar(), one_of(known), did_you_mean(entry.first.Scalar(), known)));
  }
  return map;
}

Reader Map::get(const std::string& key) const {
  for (const auto& [name, value] : entries_)
    if (name == key) return value;
  return *absent_;
}

Reader Map::at(const std::string& key) const {
  Reader value = get(key);
  if (!value.present()) absent_->complain(fmt::format("\"{}\" is missing", key));
  return value;
}

Expected<Reader> load(const std::string& text, const std::string& file, Diagnostics& diagnostics) {
  try {
    return Reader(YAML::Load(text), "", file, diagnostics, Place{file, 1, 1});
  } catch (const YAML::Exception& error) {
    const Place place =
        error.mark.is_null() ? Place{file, 1, 1} : Place{file, error.mark.line + 1, error.mark.column + 1};
    return fail("{}: not YAML: {}", place.str(), error.msg);
  }
}

Expected<Duration> parse_duration(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto value = parse_number(text.substr(0, digits));
  const auto unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  if (!value || unit == kUnits.end() || *value * unit->ns > 9e18)
    return fail("\"{}\" is not a duration: write a number with ns, us, ms, s, min or h, such as 200ms", text);
  return Duration(static_cast<std::int64_t>(std::llround(*value * unit->ns)));
}

std::string to_text(Duration duration) {
  const Unit* best = &kUnits[0];
  for (const auto& unit : kUnits)
    if (duration.count() % static_cast<std::int64_t>(unit.ns) == 0 && duration.count() != 0) best = &unit;
  return fmt::format("{}{}", duration.count() / static_cast<std::int64_t>(best->ns),
                     duration.count() == 0 ? "s" : best->name);
}

}  // namespace cats::yaml
