// Reading YAML with places. A Reader wraps one node of a file: each getter that finds something wrong adds a diagnostic
// and returns the fallback, so that one pass reports everything.
//
//   auto root = yaml::load_file(path, diagnostics);            // Expected: a file that is no YAML
//   auto map = root->map({"name", "mode", "tests"});           // unknown keys are reported, with near misses
//   std::string name = map.at("name").string();                // missing: reported at the map's place
//   Duration t = map.get("interval").duration(1s);             // missing: the fallback
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/clock.h"
#include "base/diagnostics.h"
#include "base/error.h"

namespace cats::yaml {

class Map;

class Reader {
 public:
  // `path` is how the node is called in messages: "workload.rate".
  Reader(const YAML::Node& node, std::string path, std::string file, Diagnostics& diagnostics, const Place& place);

  bool present() const;  // there is such a node and it is not null
  explicit operator bool() const { return present(); }
  Place place() const { return place_; }
  const std::string& path() const { return path_; }
  bool is_map() const { return node_.IsMap(); }
  bool is_list() const { return node_.IsSequence(); }
  bool is_scalar() const { return node_.IsScalar(); }
  std::string text() const;  // the scalar as written, "" when not a scalar

  // Adds "<place>: <path>: <message>".
  void complain(const std::string& message) const;

  // A missing node is reported by at() already, and left at its fallback by get().
  std::string string(const std::string& fallback = "") const;
  bool boolean(bool fallback = false) const;
  std::int64_t integer(std::int64_t fallback = 0, std::int64_t lo = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t hi = std::numeric_limits<std::int64_t>::max()) const;
  double number(double fallback = 0, double lo = -std::numeric_limits<double>::infinity(),
                double hi = std::numeric_limits<double>::infinity()) const;
  // "200ms", "1s", "5us", "2m"; a number without unit is reported. Not negative.
  Duration duration(Duration fallback = {}) const;
  // "20%" or a number 0…1; the result is 0…1.
  double share(double fallback = 0) const;
  // One of `allowed`, else reported with the list and a near miss.
  std::string choice(const std::vector<std::string>& allowed, const std::string& fallback = "") const;

  std::vector<Reader> list() const;  // elements; a missing node is an empty list; a scalar is reported
  Map map(std::initializer_list<std::string> known) const;
  Map map(std::vector<std::string> known) const;
  Map open_map() const;  // any key allowed (labels, node names)

 private:
  bool expect_scalar(const char* what) const;

  YAML::Node node_;
  std::string path_;
  std::string file_;
  Diagnostics* diagnostics_;
  Place place_;
};

class Map {
 public:
  Reader get(const std::string& key) const;  // may be absent
  Reader at(const std::string& key) const;   // absence is reported
  bool has(const std::string& key) const { return get(key).present(); }
  const std::vector<std::pair<std::string, Reader>>& entries() const& { return entries_; }  // in file order
  // By value: a loop over `reader.open_map().entries()` outlives the map.
  std::vector<std::pair<std::string, Reader>> entries() && { return std::move(entries_); }

 private:
  friend class Reader;
  std::vector<std::pair<std::string, Reader>> entries_;
  std::optional<Reader> absent_;
};

// Parses `text`; `file` is how messages call it. Not YAML: an error naming file:line:column. Duplicate keys in a map
// are reported when the map is read.
Expected<Reader> load(const std::string& text, const std::string& file, Diagnostics& diagnostics);

// "1s", "250ms", "1.5s": the shortest text that duration() reads back.
std::string to_text(Duration duration);
Expected<Duration> parse_duration(std::string_view text);

}  // namespace cats::yaml
