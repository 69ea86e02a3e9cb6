#include "collectors/prometheus_endpoint.h"

#include <chrono>

namespace cats::collectors {

PrometheusEndpoint::PrometheusEndpoint(const boost::asio::any_io_executor& executor, http::Endpoint endpoint,
                                       std::string path, std::vector<PrometheusRule> rules)
    : path_(std::move(path)),
      url_(endpoint.str() + path_),
      client_(executor, std::move(endpoint)),
      sampler_(std::move(rules)) {}

boost::asio::awaitable<Expected<std::map<std::string, double>>> PrometheusEndpoint::scrape(Duration timeout) {
  const http::Outcome outcome = co_await client_.request("GET", path_, "", timeout);
  if (!outcome.error.empty()) co_return fail("{}", outcome.error);
  if (outcome.status != 200) co_return fail("{}: is answered {}, not 200", url_, outcome.status);
  auto raw = sampler_.sample(outcome.body, std::chrono::steady_clock::now());
  if (!raw) co_return fail("{}: {}", url_, raw.error().message);
  co_return *std::move(raw);
}

}  // namespace cats::collectors
