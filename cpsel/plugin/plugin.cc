#include "cpsel/plugin/plugin.h"

#include <algorithm>
#include <cmath>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "cpsel/plugin/message.h"

namespace cats::plugin {
namespace {

using nlohmann::json;

json describe(const cpsel::Candidate& one) {
  return {{"id", one.id.str()},
          {"load", one.load},
          {"capacity", one.capacity},
          {"age_s", to_seconds(one.age)},
          {"last_weight", one.last_weight},
          {"report", one.report},
          {"flows_since_report", one.flows_since_report.value_or(-1)},
          {"flows_before_report", one.flows_before_report.value_or(-1)},
          {"metrics", *one.metrics}};
}

json describe(const cpsel::Snapshot& snapshot) {
  json candidates = json::array();
  for (const cpsel::Candidate& one : snapshot.candidates) candidates.push_back(describe(one));
  return {{"candidates", std::move(candidates)},
          {"dt_s", to_seconds(snapshot.dt)},
          {"arrivals", snapshot.arrivals.value_or(-1)},
          {"random", snapshot.random.bits()}};
}

// Why the answer is no sharing of new flows, if it is none.
std::string problem(const json& answer, const cpsel::Snapshot& snapshot) {
  if (answer.contains("error")) return answer.at("error").get<std::string>();
  const auto weights = answer.at("weights").get<std::vector<double>>();
  if (weights.size() != snapshot.candidates.size())
    return fmt::format("it gave {} weights for {} instances", weights.size(), snapshot.candidates.size());
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i]) || weights[i] < 0)
      return fmt::format("the weight of {} is {}", snapshot.candidates[i].id.str(), weights[i]);
    sum += weights[i];
  }
  if (std::abs(sum - 1) > kPluginSumTolerance) return fmt::format("its weights sum to {}, not 1", sum);
  return "";
}

Fd open_output(const std::filesystem::path& file) {
  if (file.empty()) return {};
  return Fd(check(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "open {}", file.string()));
}

bool readable(int socket, Instant deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - MonotonicClock().now());
    pollfd waiting{socket, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, std::max(0, static_cast<int>(left.count())));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) throw SystemError(errno, "wait for an algorithm");
  }
}

}  // namespace

PluginAlgorithm::PluginAlgorithm(std::filesystem::path library, const cpsel::Parameters& parameters,
                                 const PluginHost& host, PluginLimits limits)
    : library_(std::move(library)), limits_(limits) {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair for {}", library_.string());
  socket_ = Fd(ends[0]);
  const Fd theirs(ends[1]);
  const Fd output = open_output(host.output);
  const int out = output ? output.get() : STDOUT_FILENO;
  process_ = start_process({.argv = {host.catsd, "plugin", library_},
                            .standard = StandardFiles{theirs.get(), out, output ? out : STDERR_FILENO}});
  std::string refusal;
  try {
    const json answer = ask({{"parameters", parameters}}, limits_.start);
    if (answer.contains("error")) refusal = answer.at("error").get<std::string>();
  } catch (const PluginFailed& failure) {
    refusal = failure.what();
  }
  if (!refusal.empty()) throw UsageError(fmt::format("algorithm {}: {}", library_.string(), refusal));
}

cpsel::Choice PluginAlgorithm::choose(const cpsel::Snapshot& snapshot) {
  const json answer = ask(describe(snapshot), limits_.answer);
  try {
    if (const std::string wrong = problem(answer, snapshot); !wrong.empty()) give_up(wrong);
    return {false, answer.at("weights").get<std::vector<double>>()};
  } catch (const json::exception&) {
    give_up("its process did not answer with weights");
  }
}

json PluginAlgorithm::ask(const json& question, Duration limit) {
  if (!socket_) throw PluginFailed("it has failed before");
  const Instant deadline = MonotonicClock().now() + limit;
  if (!send_message(socket_.get(), question)) give_up("");
  if (!readable(socket_.get(), deadline)) give_up(fmt::format("it did not answer within {} s", to_seconds(limit)));
  std::optional<json> answer;
  try {
    answer = receive_message(socket_.get());
  } catch (const json::exception&) {
    give_up("its process did not answer with weights");
  }
  if (!answer) give_up("");
  return *std::move(answer);
}

// An empty reason: the process is gone, and its exit status says why.
void PluginAlgorithm::give_up(const std::string& reason) {
  socket_.reset();
  std::string text = reason;
  if (text.empty()) {
    const ExitStatus status = process_.stop();
    text = (status.signal != 0 ? "it crashed: " : "it ended: ") + status.str();
  }
  process_ = Process();  // killed, if it still runs
  throw PluginFailed(text);
}

cpsel::AlgorithmInfo plugin_info(const std::string& name, const cpsel::Parameters& parameters) {
  return {.name = name,
          .help = "a library of the user's",
          .parameters = {},
          .needs_flow_counts = parameters.contains(std::string(cpsel::kRefresh)),
          .make = {}};
}

}  // namespace cats::plugin
