// A Prometheus exposition endpoint that is asked over HTTP, and what prometheus.h makes of its answers. For code that
// lives on Asio.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "collectors/prometheus.h"
#include "http/endpoint.h"
#include "http/rest_client.h"

namespace cats::collectors {

class PrometheusEndpoint {
 public:
  // `path` as exporters have it: "/metrics". `window` as PrometheusSampler has it.
  PrometheusEndpoint(const boost::asio::any_io_executor& executor, http::Endpoint endpoint, std::string path,
                     std::vector<PrometheusRule> rules, Duration window = {});

  // Raw metrics by name, of one scrape; its instant is when the answer was there. One at a time. After an error rates
  // are missing once more, as at first. Error: no answer
  // within `timeout`, a status other than 200, or what PrometheusSampler refuses; it begins with the endpoint's
  // address.
  boost::asio::awaitable<Expected<std::map<std::string, double>>> scrape(Duration timeout);

 private:
  Expected<std::map<std::string, double>> read(const http::Outcome& outcome);

  std::string path_;
  std::string url_;
  http::RestClient client_;
  PrometheusSampler sampler_;
};

}  // namespace cats::collectors
