// A host on the engine, in virtual time, with a network of callbacks that answers as the test says.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

#include "base/file.h"
#include "sim/engine.h"
#include "sim/scheduler.h"
#include "sim/world/host.h"
#include "tests/support/csv.h"
#include "tests/support/temporary_directory.h"

namespace cats::sim::test {

using nlohmann::json;
using support::number;
using support::read_csv;
using support::Row;
using namespace std::chrono_literals;

inline constexpr Duration kWay = 200us;  // one way

class HostTest : public testing::Test {
 protected:
  HostTest() {
    engine_.run_until(kWorldBegins);
    make_host({.node = "h1", .address = IpAddress::of("2001:2::5"), .samples = directory_.path()});
  }

  void make_host(Host::Config config) {
    host_.reset();
    host_ = std::make_unique<Host>(
        scheduler_, log_, std::move(config),
        Host::Network{
            .connect =
                [this](const FlowTuple& tuple, std::function<void(bool)> done) {
                  opened_.push_back(tuple);
                  if (!answers_connects_) return;
                  if (refuses_at_once_) return done(false);
                  after(2 * kWay, [this, done] { done(!refuses_); });
                },
            .request =
                [this](const FlowTuple& tuple, Duration work, std::function<void(const Host::HttpReply&)> done) {
                  requests_.push_back({tuple, work, engine_.now()});
                  after(2 * kWay + think_,
                        [this, done] { done({.status = status_, .instance = "i1", .queued = 5ns, .served = 6ns}); });
                },
            .close = [this](const FlowTuple& tuple) { closed_.push_back(tuple); }});
  }

  load::LoadDescription load() const {
    load::LoadDescription load;
    load.trial = "t1";
    load.seed = 3;
    load.service = IpAddress::of("2001:2::100");
    load.port = 8080;
    load.timeout = 2s;
    load.start = engine_.now() + 100ms;
    load.duration = 400ms;
    load.work = load::RandomDuration::fixed(321us);
    return load;
  }
  void after(Duration wait, std::function<void()> what) { engine_.call_at(engine_.now() + wait, std::move(what)); }
  void run_for(Duration time) { engine_.run_until(engine_.now() + time); }
  // Time goes on until it is answered.
  nlohmann::ordered_json call(const json& request) {
    std::optional<Expected<nlohmann::ordered_json>> answer;
    host_->command(request, [&](Expected<nlohmann::ordered_json> got) { answer.emplace(std::move(got)); });
    for (int i = 0; i < 100 && !answer; ++i) run_for(20ms);
    if (!answer) throw std::runtime_error("no answer");
    if (!*answer) throw std::runtime_error((*answer).error().message);
    return **answer;
  }
  std::string refusal(const json& request) {
    try {
      call(request);
    } catch (const std::runtime_error& refused) {
      return refused.what();
    }
    return "";
  }
  void accept(const load::LoadDescription& load) { call(command_of(load)); }
  static json command_of(const load::LoadDescription& load) {
    json request = json::parse(load::to_json(load).dump());
    request["do"] = "load";
    return request;
  }
  // The whole of it.
  void run(const load::LoadDescription& load) {
    accept(load);
    run_for(100ms + load.duration + load.timeout + 1s);
    ASSERT_FALSE(call({{"do", "status"}})["running"].get<bool>());
  }

  std::vector<Row> requests() const { return rows("requests"); }
  std::vector<Row> sessions() const { return rows("sessions"); }
  std::vector<Row> loads() const { return rows("load"); }
  std::vector<Row> rows(const std::string& what) const {
    host_->flush();
    return read_csv(directory_ / ("h1." + what + ".csv"));
  }
  std::vector<std::string> statuses() const {
    std::vector<std::string> all;
    for (const Row& row : requests()) all.push_back(row.at("status"));
    return all;
  }

  struct Asked {
    FlowTuple tuple;
    Duration work;
    Instant at;
  };

  support::TemporaryDirectory directory_;
  Engine engine_;
  VirtualScheduler scheduler_{engine_};
  EventLog log_{directory_ / "h1.jsonl", "h1", scheduler_};
  Duration think_{};
  unsigned status_ = 200;
  bool answers_connects_ = true;
  bool refuses_ = false;
  bool refuses_at_once_ = false;
  std::vector<FlowTuple> opened_, closed_;
  std::vector<Asked> requests_;
  std::unique_ptr<Host> host_;
};

}  // namespace cats::sim::test
