// A C-PS in virtual time, with an event log that a test reads.
#pragma once

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/event_log.h"
#include "cpsel/chosen_algorithm.h"
#include "cpsel/selector.h"
#include "sim/engine.h"
#include "sim/scheduler.h"
#include "tests/support/temporary_directory.h"

namespace cats::cpsel::test {

using nlohmann::json;
using namespace std::chrono_literals;

class SelectionTest : public testing::Test {
 protected:
  static constexpr Instant kBegins{1000s};

  SelectionTest() { engine_.run_until(kBegins); }

  void run(Duration since) { engine_.run_until(kBegins + since); }

  std::vector<json> events(const std::string& name = "") const {
    const auto all = read_events(directory_ / "c-ps.jsonl");
    if (!all) throw std::runtime_error(all.error().message);
    std::vector<json> found;
    std::ranges::copy_if(*all, std::back_inserter(found),
                         [&](const json& event) { return name.empty() || event["event"] == name; });
    return found;
  }

  static MadeAlgorithm make(const ChosenAlgorithm& chosen, const std::function<void(const std::string&)>&) {
    return make_registered(chosen);
  }
  // A sample that was taken now.
  Report report(double utilisation, std::uint32_t sequence) const {
    return {{{"cpu_utilisation", utilisation}}, sequence, engine_.now(), 1, "2001:2::5"};
  }

  support::TemporaryDirectory directory_;
  sim::Engine engine_;
  sim::VirtualScheduler scheduler_{engine_};
  EventLog log_{directory_ / "c-ps.jsonl", "c-ps", engine_};
};

}  // namespace cats::cpsel::test
