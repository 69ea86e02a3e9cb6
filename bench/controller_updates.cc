// Metric updates per second that one core of a controller sustains, and what limits it. The goal is 100 000 in batches.
//
//   controller_updates [--benchmark_filter=tls:1]
//
// Events of an edge server manager arrive over a connection; what follows are the steps of
// emulator/roles/controller.cc, by the functions that it calls: server-sent event parser, JSON, selector, event log,
// decision, feed and order. An event has `batch` instances with four metrics each, in services of at most `service`
// instances; each service is decided about once an event. Orders are written and not sent: there is no router.
//
// The manager has a thread of its own, which is not counted: items_per_second is per second of this thread's CPU time.
// The percentages are shares of it: "json" reads an event, "decision" is the selector, "log" writes and flushes the
// event log, "order" is what goes out (feed, body of the order), "http" is what the others leave: sockets, TLS, HTTP
// and event parsing. event_stream_parsing measures the last of these alone. The label says what limits it: the largest
// share.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/event_log.h"
#include "bench/control_plane.h"
#include "collectors/manager.h"
#include "cpsel/decision_json.h"
#include "cpsel/registry.h"
#include "cpsel/selector.h"
#include "emulator/roles/controller_metrics.h"
#include "emulator/roles/southbound.h"
#include "http/rest_client.h"
#include "http/server.h"
#include "tests/support/raw_http.h"
#include "tests/support/temporary_directory.h"

namespace {

using namespace cats;
using namespace cats::bench;
using namespace std::chrono_literals;

constexpr std::size_t kAtOnce = 1024;       // instances that are under way, at least
constexpr std::size_t kDistinctEvents = 4;  // each has newer reports than the one before
constexpr std::size_t kChunk = 16 * 1024;   // octets of one read

http::Response ask(collectors::Manager& manager, const std::string& method, const std::string& path,
                   const std::string& token, const std::string& body = "") {
  http::Request request;
  request.method = method;
  request.path = path;
  request.bearer = token;
  request.body = body;
  request.received = now();
  std::optional<http::Response> response;
  manager.handle(request, [&](http::Response given) { response = std::move(given); });
  return std::move(response).value();
}

// The data of `update` events as the manager makes them.
std::vector<std::string> make_events(std::size_t instances, std::size_t per_service) {
  collectors::Manager manager(manager_config(instances, per_service), {});
  const auto feed = ask(manager, "GET", "/v1/metrics/events", "control").feed;
  auto position = feed->position("");
  static_cast<void>(feed->next(position));  // the snapshot
  std::vector<std::string> data;
  for (std::uint32_t sequence = 1; sequence <= kDistinctEvents; ++sequence) {
    for (std::size_t i = 0; i < instances; ++i)
      if (ask(manager, "PUT", target_of(i), "edge", report_of(i, sequence)).status != 204)
        throw MeasurementError("the manager refuses a report");
    manager.tick();
    data.push_back(http::EventParser().read(feed->next(position)).value().at(0).data);
  }
  return data;
}

// A manager that has events to tell, on a thread of its own.
class Teller {
 public:
  Teller(const std::vector<std::string>& events, http::TlsContext tls) : events_(events) {
    http::ServerConfig config;
    config.tls = std::move(tls);
    server_ = std::make_unique<http::Server>(
        thread_.io(), [this](const http::Request&, const http::Reply& reply) { reply({.feed = feed_}); },
        std::move(config));
    port_ = server_->listen(kHere, 0);
    thread_.start();
  }
  ~Teller() {
    thread_.stop();
    server_.reset();
  }
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;

  std::uint16_t port() const { return port_; }
  void tell(std::size_t count) {
    boost::asio::post(thread_.io(), [this, count] {
      for (std::size_t i = 0; i < count; ++i) feed_->publish("update", events_[told_++ % events_.size()]);
    });
  }

 private:
  const std::vector<std::string>& events_;
  std::size_t told_ = 0;
  support::IoThread thread_;
  std::shared_ptr<http::EventFeed> feed_ =
      std::make_shared<http::EventFeed>("bench", 2 * kAtOnce, [] { return R"({"instances": []})"; });
  std::unique_ptr<http::Server> server_;
  std::uint16_t port_ = 0;
};

// What the controller does with an event, but for the requests to its routers.
class Controller {
 public:
  Controller(std::size_t services, const std::filesystem::path& log) : log_(log, "sdn", clock_), last_(services) {
    for (std::size_t i = 0; i < services; ++i) {
      const IpAddress cs_id = service_address(i);
      cs_ids_.push_back(cs_id);
      services_[cs_id] = i;
      cpsel::ServiceSettings settings;
      settings.name = cs_id.str();
      settings.steer_by = "norm_fi";
      settings.age_limit = 10min;
      selector_.add_service(std::move(settings), *cpsel::find_algorithm("global-min"),
                            cpsel::make_algorithm("global-min", {}).value());
    }
  }

  bool connected() const { return connected_; }
  std::size_t updates() const { return updates_; }
  Stages& stages() { return stages_; }

  void on_event(const http::StreamEvent& event) {
    stages_.start();
    connected_ = true;
    log_.together([&] { take(event.data); });
    stages_.lap(kLog);
  }

 private:
  enum Stage : std::size_t { kHttp, kJson, kDecision, kOrder, kLog };

  void take(const std::string& data) {
    const Instant received = now();
    std::vector<roles::MetricUpdate> updates = roles::read_updates(
        data, services_, wall(), [](const std::string& why) { throw MeasurementError("a bad event: " + why); });
    stages_.lap(kJson);
    const std::size_t told = updates.size();
    roles::learn(updates, selector_, received);
    if (updates.size() != told) throw MeasurementError("a report tells nothing new");
    stages_.lap(kDecision);
    roles::log_received(log_, updates, selector_, received);
    stages_.lap(kLog);
    for (const std::size_t service : roles::services_of(updates)) {
      const cpsel::Decision decision = selector_.choose(service, received);
      stages_.lap(kDecision);
      apply(decision);
    }
    updates_ += told;
  }

  void apply(const cpsel::Decision& decision) {
    const std::string told = cpsel::decision_text(decision);
    log_.write_object("decision", told);
    stages_.lap(kLog);
    feed_.publish("decision", told);
    last_[decision.service] = decision;
    benchmark::DoNotOptimize(roles::order_text(roles::order_of(decision, cs_ids_[decision.service], wall())));
    stages_.lap(kOrder);
    benchmark::DoNotOptimize(selector_.next_tick());
    stages_.lap(kDecision);
  }

  MonotonicClock clock_;
  EventLog log_;
  cpsel::Selector selector_{1};
  std::vector<IpAddress> cs_ids_;
  std::map<IpAddress, std::size_t> services_;
  std::vector<std::optional<cpsel::Decision>> last_;
  http::EventFeed feed_{"bench", 1024, [] { return std::string("[]"); }};
  Stages stages_{{"http", "json", "decision", "order", "log"}};
  bool connected_ = false;
  std::size_t updates_ = 0;
};

const std::vector<std::string>& events_of(std::size_t batch, std::size_t per_service) {
  static std::map<std::pair<std::size_t, std::size_t>, std::vector<std::string>> made;
  auto& events = made[{batch, per_service}];
  if (events.empty()) events = make_events(batch, per_service);
  return events;
}

void controller_updates(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  const auto per_service = std::min(batch, static_cast<std::size_t>(state.range(1)));
  const bool tls = state.range(2) != 0;
  const std::size_t events = (kAtOnce + batch - 1) / batch;
  const support::TemporaryDirectory directory;
  Controller controller(batch / per_service, directory / "events.jsonl");
  Teller teller(events_of(batch, per_service), tls ? keys().server : nullptr);
  boost::asio::io_context io{1};
  std::string failure;
  const auto on_event = [&](const http::StreamEvent& event) {
    try {
      controller.on_event(event);
    } catch (const std::exception& error) {
      failure = error.what();
    }
  };
  const auto on_state = [&](bool up, const std::string& why) {
    if (!up) failure = "the feed ended: " + why;
  };
  http::EventSource source(io.get_executor(),
                           {.address = kHere, .port = teller.port(), .tls = tls ? keys().client : nullptr},
                           "/v1/metrics/events", {.event = on_event, .state = on_state});
  source.start();
  while (!controller.connected() && failure.empty()) io.run_one();
  controller.stages().begin();
  for ([[maybe_unused]] auto one : state) {
    const std::size_t expected = controller.updates() + events * batch;
    teller.tell(events);
    while (controller.updates() < expected && failure.empty()) io.run_one();
    if (failure.empty()) continue;
    state.SkipWithError(failure.c_str());
    break;
  }
  if (failure.empty()) controller.stages().tell(state, controller.updates());
}
BENCHMARK(controller_updates)
    ->ArgNames({"batch", "service", "tls"})
    ->ArgsProduct({{1, 10, 100, 1000}, {10}, {0, 1}})
    ->Args({1000, 1000, 1})
    ->Unit(benchmark::kMillisecond);

// The event parser alone, on chunks as a connection gives them: its part of "http" above.
void event_stream_parsing(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  http::EventFeed feed("bench", 2 * kDistinctEvents, [] { return std::string("{}"); });
  auto position = feed.position("");
  static_cast<void>(feed.next(position));
  for (const std::string& data : events_of(batch, std::min<std::size_t>(batch, 10))) feed.publish("update", data);
  std::string stream;
  for (std::string part = feed.next(position); !part.empty(); part = feed.next(position)) stream += part;
  std::size_t events = 0;
  for ([[maybe_unused]] auto one : state) {
    http::EventParser parser;
    for (std::size_t at = 0; at < stream.size(); at += kChunk)
      events += parser.read(std::string_view(stream).substr(at, kChunk)).value().size();
  }
  if (events != static_cast<std::size_t>(state.iterations()) * kDistinctEvents)
    return state.SkipWithError("events are missing");
  state.SetItemsProcessed(static_cast<std::int64_t>(events * batch));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}
BENCHMARK(event_stream_parsing)->ArgName("batch")->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
