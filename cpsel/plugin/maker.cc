#include "cpsel/plugin/maker.h"

#include <utility>

namespace cats::plugin {
namespace {

// A library of the user's that keeps choosing what it chose last once it has failed.
class Guarded final : public cpsel::Algorithm {
 public:
  Guarded(std::unique_ptr<cpsel::Algorithm> algorithm, std::function<void(const std::string&)> on_failure)
      : algorithm_(std::move(algorithm)), on_failure_(std::move(on_failure)) {}

  cpsel::Choice choose(const cpsel::Snapshot& snapshot) override {
    if (algorithm_) try {
        return algorithm_->choose(snapshot);
      } catch (const PluginFailed& failure) {
        algorithm_.reset();
        on_failure_(failure.what());
      }
    cpsel::Choice choice;
    for (const cpsel::Candidate& one : snapshot.candidates) choice.weights.push_back(one.last_weight);
    return choice;
  }

 private:
  std::unique_ptr<cpsel::Algorithm> algorithm_;
  std::function<void(const std::string&)> on_failure_;
};

}  // namespace

cpsel::MadeAlgorithm make_algorithm(const cpsel::ChosenAlgorithm& chosen, const PluginHost& host,
                                    std::function<void(const std::string& why)> on_failure) {
  if (chosen.library.empty()) return cpsel::make_registered(chosen);
  auto plugin = std::make_unique<PluginAlgorithm>(chosen.library, chosen.parameters, host);
  return {plugin_info(chosen.name, chosen.parameters),
          std::make_unique<Guarded>(std::move(plugin), std::move(on_failure))};
}

}  // namespace cats::plugin
