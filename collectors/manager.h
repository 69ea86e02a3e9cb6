// The edge server manager (draft-yl-bmwg-cats-02, figure 1): edge servers tell it their metrics (I3), a controller
// reads them or follows them (I4). Requests in, replies out; whoever owns it gives it a server and a clock.
//
//   PUT /v1/instances/CSCI-ID/metrics   a report (metric_report_json.h) by the edge server of that instance: 204
//   GET /v1/metrics                     what is known of every instance, by a controller or an operator
//   GET /v1/metrics/events              the same as server-sent events: `snapshot`, then an `update` every T with those
//                                       instances that reported meanwhile; resumes after Last-Event-ID
//   GET /v1/health                      by anybody with a token
//
// Refusals are problem details: 401 no token, 403 not yours, 404, 405, 409 older than what is known, 422 what is wrong
// with the report. What is refused changes nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/ip.h"
#include "collectors/latest_reports.h"
#include "collectors/metric_mapping.h"
#include "http/admission.h"

namespace cats::collectors {

// Outlives the server that gives it requests.
class Manager {
 public:
  using Instance = LatestReports::Instance;
  struct Config {
    std::vector<Instance> instances;
    http::Tokens tokens;
    std::string incarnation;  // another one each time it starts
    WallClock wall;
    std::size_t keep = 1024;  // events that a subscriber can be behind
  };
  struct Callbacks {
    std::function<void(const Instance&, const MetricReport&, Instant received)> accepted = {};
    http::Refused refused = {};
    std::function<void(std::size_t instances)> published = {};
  };

  Manager(Config config, Callbacks callbacks);

  void handle(const http::Request& request, const http::Reply& reply);
  // Every T: publishes an event with what was accepted since the last one, if anything.
  void tick();
  // Test traffic: publishes an event with `count` reports that no edge server sent (LatestReports::synthetic).
  Expected<void> publish_synthetic(std::uint32_t first, std::size_t count, Instant now);

 private:
  using Known = LatestReports::Known;

  http::Response answer(const http::Request& request, const http::Principal& principal);
  http::Response put_metrics(const http::Request& request, const http::Principal& principal, const std::string& csci);
  http::Response accept(Known& known, MetricReport report, Instant received);
  nlohmann::ordered_json describe(const Known& known) const;
  std::string state() const;

  Config config_;
  Callbacks callbacks_;
  LatestReports reports_;
  std::shared_ptr<http::EventFeed> feed_;
};

}  // namespace cats::collectors
