// Run directories written by hand, of a trial in which something is lost: T = 1 s, three sites, times in ms.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/report/json.h"
#include "suite/trials.h"
#include "tests/suite/fake_run.h"
#include "topologies/views.h"

namespace cats::suite {

inline const std::vector<std::string> kSources{"2001:2:0:1001::2", "2001:2:0:1002::2", "2001:2:0:1003::2"};

class LossRun : public testing::Test {
 protected:
  // A trial from 10 s to 40 s. Of these nodes the first decides, the last listens.
  void begin(const std::string& test, scenarios::Mode mode, const std::string& decider, const std::string& listener) {
    test_ = test;
    scenario_ = fake_scenario();
    scenario_.mode = mode;
    scenario_.trials = {1, 1, 0};
    scenario_.tests = {{test, nlohmann::ordered_json::object()}};
    nlohmann::ordered_json sites = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < kSources.size(); ++i)
      sites.push_back({{"node", fmt::format("es{}", i + 1)},
                       {"csci", kSources[i]},
                       {"cs_id", kCsId},
                       {"egress", fmt::format("r{}", i + 2)},
                       {"quota_cores", 0.2}});
    nlohmann::ordered_json steering = nlohmann::ordered_json::array();
    steering.push_back({{"ingress", "r1"}, {"decider", decider}, {"listener", listener}});
    nlohmann::ordered_json receivers = nlohmann::ordered_json::array();
    if (decider == "r1") receivers.push_back({{"node", "r1"}, {"via", "bgp"}});
    if (listener == "sdn") receivers.push_back({{"node", "sdn"}, {"via", "rest"}});
    log(0, "runner", "testbed",
        {{"sites", sites}, {"ingresses", {"r1"}}, {"steering", steering}, {"receivers", receivers}, {"hosts", {"h1"}}});
    log(10000, "runner", "trial_started",
        {{"trial", id()},
         {"test", test},
         {"entry", test},
         {"index", 0},
         {"attempt", 0},
         {"seed", 1},
         {"mode", scenarios::to_string(mode)}});
    log(40000, "runner", "trial_ended", {{"trial", id()}, {"void", nullptr}});
  }

  std::string id() const { return test_ + ".0.0"; }

  // Lines may be written in any order: readers sort by time.
  void log(double ms, const std::string& node, const std::string& event, nlohmann::ordered_json fields) {
    nlohmann::ordered_json line = {{"t_ns", ns(ms)}, {"node", node}, {"event", event}};
    line.update(fields);
    files_["events/" + node + ".jsonl"] += line.dump() + "\n";
  }
  void runner(double ms, const std::string& event, nlohmann::ordered_json fields) {
    fields["trial"] = id();
    log(ms, "runner", event, std::move(fields));
  }
  void phase(double ms, const char* name) { runner(ms, "phase", {{"name", name}}); }

  void lost(double ms, const std::string& of, const char* part) { runner(ms, "lost", {{"of", of}, {"part", part}}); }
  void restored(double ms, const std::string& of, const char* part, double started) {
    runner(ms, "restored", {{"of", of}, {"part", part}, {"started_ns", ns(started)}});
  }

  // A decision that is in force 1 ms later; `ends`: of the windows that it used, by source.
  void decide(double ms, int number, const std::vector<double>& ends, const std::string& note = "") {
    nlohmann::ordered_json inputs = nlohmann::ordered_json::array();
    nlohmann::ordered_json weights = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < ends.size(); ++i) {
      inputs.push_back({{"csci", kSources[i]}, {"seq", 1}, {"window_end", ns(ends[i])}, {"eligible", true}});
      weights[kSources[i]] = i == 0 ? 1.0 : 0.0;
    }
    nlohmann::ordered_json fields = {{"id", number}, {"service", kCsId}, {"inputs", inputs}, {"weights", weights}};
    if (!note.empty()) fields["note"] = note;
    log(ms, "r1", "decision", fields);
    log(ms + 1, "r1", "route_installed", {{"decision", number}, {"acked_ns", ns(ms + 1)}, {"changed", 0}});
  }

  void received(double ms, const std::string& node, const char* via, std::size_t source, int seq, double end) {
    log(ms, node, "metric_received",
        {{"source", kSources[source]},
         {"via", via},
         {"seq", seq},
         {"path", 0},
         {"values", nlohmann::ordered_json::object()},
         {"known", nullptr},
         {"window_end", ns(end)}});
  }

  // One session that stays, and one short one a second, all answered by the first instance.
  void workload(const char* outcome = "closed", std::size_t moved_to = 0, double opened = 11000) {
    std::string requests =
        "trial,scheduled_ns,sent_ns,done_ns,instance,status,session,kind,queue_ns,service_ns,work_us\n";
    std::string sessions = "trial,session,kind,started_ns,connected_ns,closed_ns,source,port,service,outcome\n" +
                           fmt::format("{},0,persistent,{},{},{},2001:2::9,2000,{},{}\n", id(), ns(opened),
                                       ns(opened + 1), ns(36100), kCsId, outcome);
    int count = 0;
    const auto request = [&](double ms, int session, const char* kind, std::size_t instance) {
      requests += fmt::format("{},{},{},{},{},ok,{},{},0,0,500\n", id(), ns(ms), ns(ms), ns(ms + 5), kSources[instance],
                              session, kind);
      ++count;
    };
    for (double ms = opened + 100; ms < 36000; ms += 1000) request(ms, 0, "persistent", ms > 30000 ? moved_to : 0);
    for (int i = 1; i < 20; ++i) {
      const double ms = 15000 + 1000 * i;
      request(ms, i, "short", 0);
      sessions += fmt::format("{},{},short,{},{},{},2001:2::9,{},{},closed\n", id(), i, ns(ms), ns(ms + 1), ns(ms + 10),
                              2000 + i, kCsId);
    }
    files_["samples/h1.requests.csv"] = requests;
    files_["samples/h1.sessions.csv"] = sessions;
    files_["samples/h1.load.csv"] = "trial,start_ns,end_ns,offered,sent,answered\n" +
                                    fmt::format("{},{},{},{},{},{}\n", id(), ns(10500), ns(36000), count, count, count);
  }

  const TestResult& analysed() {
    for (const auto& [name, text] : files_) {
      std::filesystem::create_directories((directory_ / name).parent_path());
      write_file(directory_ / name, text);
    }
    auto data = RunData::load(directory_.path());
    if (!data) throw std::runtime_error(data.error().message);
    analysis_ = analyse(*data, scenario_);
    return analysis_.tests.at(0);
  }

  double value(const std::string& figure) const {
    const Figure* found = analysis_.tests.at(0).find(figure);
    if (found != nullptr && found->value) return *found->value;
    ADD_FAILURE() << "no value of " << figure;
    return -1;
  }
  std::optional<Verdict> verdict(const std::string& figure) const {
    const Figure* found = analysis_.tests.at(0).find(figure);
    return found == nullptr ? std::nullopt : found->verdict;
  }
  std::string warned() const {
    std::string text;
    for (const Warning& warning : analysis_.warnings) text += warning.text + "\n";
    return text;
  }

  // What other code, in another language, says of the report: "the same digits\n".
  std::string recomputed() const {
    Report report;
    report.tests = analysis_.tests;
    if (scenario_.network) report.topology = topologies::json(*scenario_.network);
    const std::filesystem::path file = directory_ / "report.json";
    write_file(file, write_json(to_json(report)));
    return support::run(
               {"/usr/bin/python3", "-B", kTestFolder + "recompute.py", directory_.path().string(), file.string()})
        .output;
  }

  static std::int64_t ns(double ms) { return static_cast<std::int64_t>(ms * 1e6); }

  static constexpr const char* kCsId = "2001:2:0:c5::1";
  std::string test_;
  scenarios::Scenario scenario_;
  Analysis analysis_;

 private:
  support::TemporaryDirectory directory_;
  std::map<std::string, std::string> files_;
};

}  // namespace cats::suite
