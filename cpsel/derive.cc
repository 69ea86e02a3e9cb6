#include <algorithm>
#include <cmath>
#include <set>

#include "cpsel/metrics.h"

namespace cats::cpsel {
namespace {

const Declaration* find(const std::vector<Declaration>& declarations, std::string_view type) {
  const auto found =
      std::find_if(declarations.begin(), declarations.end(), [&](const Declaration& d) { return d.type == type; });
  return found == declarations.end() ? nullptr : &*found;
}

bool is_score(std::string_view metric) {
  const MetricInfo* info = find_metric(metric);
  return info != nullptr && info->level != Level::l0;
}

// A term's own function, else the declaration's; a score as a term may do without.
const Normalisation* function_of(const Declaration& declaration, const Term& term) {
  if (term.normalisation) return &*term.normalisation;
  return declaration.normalisation ? &*declaration.normalisation : nullptr;
}

class Checker {
 public:
  explicit Checker(const std::vector<Declaration>& declarations) : declarations_(declarations) {}

  std::vector<DeclarationProblem> run() {
    std::set<std::string> seen;
    for (index_ = 0; index_ < declarations_.size(); ++index_) {
      const Declaration& d = declarations_[index_];
      const MetricInfo* info = find_metric(d.type);
      if (info == nullptr) {
        add("type", "no such metric");
        continue;
      }
      if (!seen.insert(d.type).second) add("type", "declared twice");
      fields(d, *info);
      if (info->level != Level::l0) score(d);
    }
    return std::move(found_);
  }

 private:
  void add(const std::string& field, const std::string& message) {
    found_.push_back({index_, field, fmt::format("{}: {}: {}", declarations_[index_].type, field, message)});
  }

  void fields(const Declaration& d, const MetricInfo& info) {
    if (!d.level)
      add("level", "must be declared");
    else if (*d.level != info.level)
      add("level", fmt::format("{} is not allowed, it is {}", to_text(*d.level), to_text(info.level)));
    if (d.unit && *d.unit != info.unit) add("unit", fmt::format("\"{}\" is not allowed, it is {}", *d.unit, info.unit));
    if (info.level == Level::l0) {
      if (!d.unit) add("unit", "must be declared");
      if (!d.format) add("format", "must be declared");
      if (!d.of.empty()) add("of", "an L0 metric is raw, not derived");
    }
    if (info.level != Level::l2 && !d.statistics) add("statistics", "must be declared");
    if (info.level == Level::l1 && !d.aggregation) add("aggregation", "must be declared");
    if (info.level == Level::l2 && d.of.size() > 1 && !d.aggregation)
      add("aggregation", "must be declared for several terms");
  }

  void score(const Declaration& d) {
    if (d.of.empty()) add("of", "must name what the score is derived from");
    const bool everywhere =
        std::all_of(d.of.begin(), d.of.end(), [&](const Term& term) { return function_of(d, term) != nullptr; });
    const bool any = d.normalisation || std::any_of(d.of.begin(), d.of.end(), [](const Term& t) {
                       return t.normalisation.has_value() || is_score(t.metric);
                     });
    if (!any && !d.of.empty()) add("normalisation", "must be declared");
    if (d.normalisation)
      if (const auto wrong = problem(*d.normalisation)) add("normalisation", *wrong);
    double weights = 0;
    for (const Term& term : d.of) {
      one_term(d, term, any && !everywhere);
      weights += term.weight;
    }
    if (d.aggregation == Aggregation::weighted && std::abs(weights - 1) > 1e-9)
      add("of", fmt::format("the weights sum to {}, not 1", weights));
    if (d.order == Order::aggregate_first) aggregate_first(d);
    if (circular(d)) add("of", "the score is derived from itself");
  }

  void one_term(const Declaration& d, const Term& term, bool some_lack_a_function) {
    if (find(declarations_, term.metric) == nullptr) add("of", fmt::format("{} is not declared", term.metric));
    if (some_lack_a_function && function_of(d, term) == nullptr && !is_score(term.metric))
      add("normalisation", fmt::format("must be declared for {}", term.metric));
    if (term.normalisation)
      if (const auto wrong = problem(*term.normalisation))
        add("normalisation", fmt::format("of {}: {}", term.metric, *wrong));
    if (!(term.weight >= 0)) add("of", fmt::format("the weight of {} is {}, below 0", term.metric, term.weight));
  }

  void aggregate_first(const Declaration& d) {
    if (!d.normalisation) add("order", "aggregate-first needs one normalisation for the whole");
    std::set<std::string_view> units;
    for (const Term& term : d.of) {
      if (const MetricInfo* info = find_metric(term.metric)) units.insert(info->unit);
      if (term.normalisation) add("order", fmt::format("aggregate-first leaves no place for that of {}", term.metric));
    }
    if (units.size() > 1) add("order", "aggregate-first needs terms of one unit");
  }

  bool circular(const Declaration& d) const {
    std::set<std::string> reached;
    std::vector<const Declaration*> open = {&d};
    while (!open.empty()) {
      const Declaration* one = open.back();
      open.pop_back();
      for (const Term& term : one->of) {
        if (term.metric == d.type) return true;
        const Declaration* next = find(declarations_, term.metric);
        if (next != nullptr && reached.insert(term.metric).second) open.push_back(next);
      }
    }
    return false;
  }

  const std::vector<Declaration>& declarations_;
  std::size_t index_ = 0;
  std::vector<DeclarationProblem> found_;
};

class Derivation {
 public:
  Derivation(const std::vector<Declaration>& declarations, const Values& raw)
      : declarations_(declarations), raw_(raw) {}

  // The score before quantisation.
  Expected<double> score(const Declaration& d) {
    if (const auto known = known_.find(d.type); known != known_.end()) return known->second;
    std::vector<double> values;
    std::vector<double> weights;
    for (const Term& term : d.of) {
      Expected<double> value = value_of(d, term);
      if (!value) return value;
      const Normalisation* function = d.order == Order::normalise_first ? function_of(d, term) : nullptr;
      values.push_back(function != nullptr ? normalise(*function, *value) : *value);
      weights.push_back(term.weight);
    }
    if (values.empty()) return fail("{}: derived from nothing", d.type);
    double result = aggregate(d.aggregation.value_or(Aggregation::mean), values, weights);
    if (d.order == Order::aggregate_first && d.normalisation) result = normalise(*d.normalisation, result);
    return known_[d.type] = std::clamp(result, 0.0, 1.0);
  }

  Values known() && { return std::move(known_); }

 private:
  Expected<double> value_of(const Declaration& d, const Term& term) {
    if (is_score(term.metric)) {
      const Declaration* inner = find(declarations_, term.metric);
      if (inner == nullptr) return fail("{}: {} is not declared", d.type, term.metric);
      return score(*inner);
    }
    const auto found = raw_.find(term.metric);
    if (found == raw_.end()) return fail("{}: there is no value of {}", d.type, term.metric);
    return found->second;
  }

  const std::vector<Declaration>& declarations_;
  const Values& raw_;
  Values known_;
};

}  // namespace

std::vector<DeclarationProblem> problems(const std::vector<Declaration>& declarations) {
  return Checker(declarations).run();
}

Expected<Derived> derive(const std::vector<Declaration>& declarations, const Values& raw) {
  Derivation derivation(declarations, raw);
  for (const Declaration& d : declarations) {
    if (!is_score(d.type)) continue;
    const Expected<double> score = derivation.score(d);
    if (!score) return tl::make_unexpected(score.error());
  }
  Derived derived{std::move(derivation).known(), {}};
  for (const auto& [name, value] : derived.unquantised) derived.scores[name] = quantise(value);
  return derived;
}

}  // namespace cats::cpsel
