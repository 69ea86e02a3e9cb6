#include "collectors/prometheus_endpoint.h"

#include <chrono>

namespace cats::collectors {

PrometheusEndpoint::PrometheusEndpoint(const boost::asio::any_io_executor& executor, http::Endpoint endpoint,
                                       std::string path, std::vector<PrometheusRule> rules, Duration window)
    : path_(std::move(path)),
      url_(endpoint.str() + path_),
      client_(executor, std::move(endpoint)),
      sampler_(std::move(rules), window) {}

boost::asio::awaitable<Expected<std::map<std::string, double>>> PrometheusEndpoint::scrape(Duration timeout) {
  auto raw = read(co_await client_.request("GET", path_, "", timeout));
  if (!raw) sampler_.forget();
  co_return raw;
}

Expected<std::map<std::string, double>> PrometheusEndpoint::read(const http::Outcome& outcome) {
  if (!outcome.error.empty()) return fail("{}", outcome.error);
  if (outcome.status != 200) return fail("{}: is answered {}, not 200", url_, outcome.status);
  auto raw = sampler_.sample(outcome.body, std::chrono::steady_clock::now());
  if (!raw) return fail("{}: {}", url_, raw.error().message);
  return raw;
}

}  // namespace cats::collectors
