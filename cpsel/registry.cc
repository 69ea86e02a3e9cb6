#include "cpsel/registry.h"

#include <algorithm>

#include "base/diagnostics.h"

// One line per algorithm, by name: CATS_ALGORITHM(x) is x() in cpsel/algorithms/x.cc.
#define CATS_ALGORITHMS(CATS_ALGORITHM) \
  CATS_ALGORITHM(bounded_hash)          \
  CATS_ALGORITHM(c3)                    \
  CATS_ALGORITHM(capacity)              \
  CATS_ALGORITHM(ecmp)                  \
  CATS_ALGORITHM(exp3)                  \
  CATS_ALGORITHM(global_min)            \
  CATS_ALGORITHM(global_min_local)      \
  CATS_ALGORITHM(inverse_load)          \
  CATS_ALGORITHM(load_interpretation)   \
  CATS_ALGORITHM(metadata_cost)         \
  CATS_ALGORITHM(p2c)                   \
  CATS_ALGORITHM(peak_ewma)             \
  CATS_ALGORITHM(pid)                   \
  CATS_ALGORITHM(pid_a80)               \
  CATS_ALGORITHM(prequal)               \
  CATS_ALGORITHM(round_robin)

namespace cats::cpsel {

namespace algorithms_of {
#define CATS_DECLARE(name) AlgorithmInfo name();
CATS_ALGORITHMS(CATS_DECLARE)
#undef CATS_DECLARE
}  // namespace algorithms_of

std::span<const AlgorithmInfo> algorithms() {
#define CATS_LIST(name) algorithms_of::name(),
  static const std::vector<AlgorithmInfo> all = {CATS_ALGORITHMS(CATS_LIST)};
#undef CATS_LIST
  return all;
}

const AlgorithmInfo* find_algorithm(std::string_view name) {
  const auto all = algorithms();
  const auto found = std::find_if(all.begin(), all.end(), [&](const AlgorithmInfo& a) { return a.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names;
  for (const AlgorithmInfo& one : algorithms()) names.push_back(one.name);
  return names;
}

Parameter refresh_parameter() {
  return {std::string(kRefresh), "ms", 20, 1, 10000, "how often the flow table's counts are read and weights computed"};
}

std::optional<std::string> warning_of(std::string_view algorithm, const Parameters& complete, Duration interval) {
  const AlgorithmInfo* info = find_algorithm(algorithm);
  return info == nullptr || !info->warning ? std::nullopt : info->warning(complete, interval);
}

Expected<Parameters> complete(std::string_view algorithm, const Parameters& given) {
  const AlgorithmInfo* info = find_algorithm(algorithm);
  const std::vector<std::string> names = algorithm_names();
  if (info == nullptr)
    return fail("no algorithm \"{}\"{}; there are {}", algorithm, did_you_mean(algorithm, names), one_of(names));
  Parameters all;
  std::vector<std::string> known;
  for (const Parameter& parameter : info->parameters) {
    all[parameter.name] = parameter.default_value;
    known.push_back(parameter.name);
  }
  for (const auto& [name, value] : given) {
    const auto declared = std::find_if(info->parameters.begin(), info->parameters.end(),
                                       [&, &key = name](const Parameter& p) { return p.name == key; });
    if (declared == info->parameters.end()) {
      if (known.empty()) return fail("{}: no parameter \"{}\": it takes none", algorithm, name);
      return fail("{}: no parameter \"{}\"{}; there are {}", algorithm, name, did_you_mean(name, known), one_of(known));
    }
    if (!(value >= declared->lo && value <= declared->hi))
      return fail("{}: {}: {} is not allowed, only {} to {}", algorithm, name, value, declared->lo, declared->hi);
    all[name] = value;
  }
  return all;
}

Expected<std::unique_ptr<Algorithm>> make_algorithm(std::string_view name, const Parameters& given) {
  const auto parameters = complete(name, given);
  if (!parameters) return tl::make_unexpected(parameters.error());
  const AlgorithmInfo& info = *find_algorithm(name);
  if (info.needs_replies) return fail("{} chooses for every flow by replies: it has no weights to give", name);
  return info.make(*parameters);
}

}  // namespace cats::cpsel
