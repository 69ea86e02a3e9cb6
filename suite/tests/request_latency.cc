#include "suite/tests/request_latency.h"

#include <algorithm>
#include <map>
#include <utility>

namespace cats::suite {
namespace {

struct Span {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
};

std::vector<Span> spans_of(const std::vector<Reaction>& reactions, Duration stable, Period period) {
  std::map<std::int64_t, std::int64_t> reacted;  // step → when the last ingress had
  for (const Reaction& reaction : reactions) {
    const std::int64_t when = reaction.stages ? reaction.step.t_ns + reaction.total_ns() : reaction.step.ended_ns;
    std::int64_t& last = reacted[reaction.step.t_ns];
    last = std::max(last, when);
  }
  std::vector<Span> spans;
  for (const Reaction& reaction : reactions) {
    const std::int64_t step = reaction.step.t_ns;
    if (!spans.empty() && reaction.ingress != reactions.front().ingress) continue;  // each step once
    switch (period) {
      case Period::before:
        spans.push_back({step - stable.count(), step});
        break;
      case Period::during:
        spans.push_back({step, reacted[step]});
        break;
      case Period::after:
        spans.push_back({reacted[step], reaction.step.ended_ns});
        break;
    }
  }
  return spans;
}

}  // namespace

std::string_view to_string(Period period) {
  switch (period) {
    case Period::before:
      return "before";
    case Period::during:
      return "during";
    case Period::after:
      return "after";
  }
  return "";
}

double PeriodRequests::share_within(double limit_ms) const {
  const auto within =
      std::count_if(latencies_ms.begin(), latencies_ms.end(), [&](double latency) { return latency <= limit_ms; });
  return static_cast<double>(within) / static_cast<double>(all);
}

PeriodRequests requests_of(const RunData& data, const Trial& trial, const std::vector<Reaction>& reactions,
                           Duration stable, Period period) {
  const std::vector<Span> spans = spans_of(reactions, stable, period);
  std::map<std::pair<std::string, std::string>, bool> belongs;  // host, session
  for (const Session* session : data.sessions(trial.id))
    belongs[{session->host, session->session}] = std::ranges::any_of(spans, [&](const Span& span) {
      return span.from_ns <= session->started_ns && session->started_ns < span.to_ns;
    });
  PeriodRequests found;
  for (const Request* request : data.requests(trial.id)) {
    const auto session = belongs.find({request->host, request->session});
    if (session == belongs.end() || !session->second) continue;
    ++found.all;
    if (request->status == "ok" && request->done_ns)
      found.latencies_ms.push_back(to_ms(Duration(*request->done_ns - request->scheduled_ns)));
  }
  return found;
}

}  // namespace cats::suite
