// Parameters as a registry declares them: validation, --help, the JSON Schema check and the documentation all read the
// same declaration.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace cats::scenarios {

enum class Kind {
  kDuration,  // "10s"                          → Duration
  kShare,     // "90%"                          → double 0…1
  kShares,    // "[20%, 50%, 80%]"              → vector<double>
  kPoints,    // "3 points", percentage points  → double
  kCount,     // whole number                   → int64
  kNumber,    // plain number, see `unit`       → double
  kFlag,      // true, false                    → bool
  kChoice,    // one of `choices`               → string
};

using Value = std::variant<bool, std::int64_t, double, Duration, std::string, std::vector<double>>;

struct Parameter {
  std::string name;
  Kind kind = Kind::kNumber;
  std::string fallback;  // the default, written as in a scenario file; "" means that the test derives it (see `help`)
  std::string lowest;    // bounds, written the same way; "" where there is none
  std::string highest;
  std::string help;
  std::string quick;                 // what --quick lowers the value to; "" leaves it alone
  std::string unit;                  // of kNumber, "" when it has none
  std::vector<std::string> choices;  // of kChoice
};

// The values of one test, algorithm or fault: every declared parameter that was given or has a default is there.
class Parameters {
 public:
  // These throw std::logic_error when there is no such value or it has another kind: a name misspelt in the program.
  Duration duration(const std::string& name) const;
  double share(const std::string& name) const;  // 0…1
  const std::vector<double>& shares(const std::string& name) const;
  double points(const std::string& name) const;
  std::int64_t count(const std::string& name) const;
  double number(const std::string& name) const;
  bool flag(const std::string& name) const;
  const std::string& text(const std::string& name) const;

  bool has(const std::string& name) const { return values_.contains(name); }
  void set(const std::string& name, Value value) { values_[name] = std::move(value); }
  const std::map<std::string, Value>& values() const { return values_; }
  // For the report: durations as text ("10s"), everything else as it is.
  nlohmann::ordered_json json() const;

 private:
  template <class T>
  const T& at(const std::string& name) const;

  std::map<std::string, Value> values_;
};

}  // namespace cats::scenarios
