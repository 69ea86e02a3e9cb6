#include "suite/compare_runs.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "suite/comparisons.h"

namespace cats::suite {
namespace {

using nlohmann::ordered_json;
using Matches = std::function<bool(const TestResult&, const TestResult&)>;

std::string text(const ordered_json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end() || found->is_null()) return "unknown";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

void note(std::vector<std::string>& notes, const std::string& what, const ordered_json& a, const ordered_json& b,
          const char* key) {
  if (const std::string x = text(a, key), y = text(b, key); x != y)
    notes.push_back(fmt::format("{}: {} against {}", what, x, y));
}

bool same_kind(const TestResult& a, const TestResult& b) {
  return a.name == b.name && a.mode == b.mode && a.engine == b.engine && a.algorithm == b.algorithm;
}

bool same(const TestResult& a, const TestResult& b) {
  return same_kind(a, b) && a.interval_ms == b.interval_ms && a.parameters == b.parameters && a.study == b.study &&
         a.metrics == b.metrics;
}

class Matcher {
 public:
  Matcher(const Report& a, const Report& b) {
    for (const TestResult& entry : a.tests) a_.push_back(&entry);
    for (const TestResult& entry : b.tests) b_.push_back(&entry);
  }

  // Takes out those of A that match exactly one of B, which matches no other of A.
  void match(const Matches& matches) {
    for (const TestResult*& a : a_) {
      const auto count = [&](const TestResult* b) {
        return std::ranges::count_if(a_, [&](const auto* x) { return x && matches(*x, *b); });
      };
      const auto matching = [&](const TestResult* b) { return b != nullptr && matches(*a, *b); };
      if (a == nullptr || std::ranges::count_if(b_, matching) != 1) continue;
      const auto b = std::ranges::find_if(b_, matching);
      if (count(*b) != 1) continue;
      pairs.emplace_back(std::exchange(a, nullptr), std::exchange(*b, nullptr));
    }
  }

  static std::vector<std::string> titles(const std::vector<const TestResult*>& left) {
    std::vector<std::string> names;
    for (const TestResult* entry : left)
      if (entry != nullptr) names.push_back(title(*entry));
    return names;
  }

  std::vector<std::string> left_of_a() const { return titles(a_); }
  std::vector<std::string> left_of_b() const { return titles(b_); }

  std::vector<std::pair<const TestResult*, const TestResult*>> pairs;

 private:
  std::vector<const TestResult*> a_, b_;
};

}  // namespace

std::vector<std::string> differences(const Report& a, const Report& b) {
  std::vector<std::string> notes;
  note(notes, "scenario", a.scenario, b.scenario, "name");
  if (notes.empty()) note(notes, "scenario file (SHA-256)", a.scenario, b.scenario, "sha256");
  note(notes, "topology (SHA-256)", a.topology, b.topology, "sha256");
  note(notes, "quick", a.run, b.run, "quick");
  constexpr std::array<std::pair<const char*, const char*>, 5> kMachine{{{"CPU", "cpu_model"},
                                                                         {"CPUs", "cpus"},
                                                                         {"kernel", "kernel"},
                                                                         {"virtualised", "virtualised"},
                                                                         {"clock source", "clock_source"}}};
  for (const auto& [what, key] : kMachine) note(notes, what, a.environment, b.environment, key);
  return notes;
}

RunComparison compare_runs(const Report& a, const Report& b) {
  Matcher matcher(a, b);
  matcher.match(same);
  matcher.match(same_kind);
  RunComparison result;
  for (const auto& [left, right] : matcher.pairs) {
    const std::size_t first = result.comparisons.size();
    for (const auto& [figure, ignored] : left->figures) {
      if (right->find(figure) == nullptr) continue;
      Comparison comparison = compare_figure(*left, *right, figure, true);
      comparison.a = "A";
      comparison.b = "B";
      comparison.conditions = {{"algorithm", left->algorithm},
                               {"mode", left->mode},
                               {"engine", left->engine},
                               {"interval_ms", left->interval_ms},
                               {"parameters", left->parameters}};
      result.comparisons.push_back(std::move(comparison));
    }
    adjust(result.comparisons.begin() + static_cast<std::ptrdiff_t>(first), result.comparisons.end());
    result.entries.push_back({left, right, first, result.comparisons.size()});
  }
  result.only_a = matcher.left_of_a();
  result.only_b = matcher.left_of_b();
  return result;
}

std::string title(const TestResult& entry) {
  return fmt::format("{}, {}, {}, T = {:g} ms", entry.name, entry.mode, entry.algorithm, entry.interval_ms);
}

}  // namespace cats::suite
