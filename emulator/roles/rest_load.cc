#include "emulator/roles/rest_load.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/json_fields.h"
#include "emulator/roles/agent.h"
#include "emulator/roles/rest_messages.h"
#include "http/channel.h"
#include "http/rest_client.h"

namespace cats::roles {
namespace {

constexpr std::size_t kOpeners = 8;  // sessions that are opened at a time
constexpr int kRefusals = 2;         // in a row, and nobody else opening: the server holds no more
constexpr Duration kRefusalPause = std::chrono::milliseconds(100);
constexpr std::size_t kMostSessions = 100'000;
constexpr double kHighestMessageRate = 100'000;
constexpr std::size_t kMostConnections = 10'000;

// An exception of a coroutine ends the process: what it did not do must not look like what the controller did not.
void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

class RestLoad {
 public:
  explicit RestLoad(const RestLoadConfig& config)
      : config_(config), agent_(config, "rest-load"), controller_(config.controller.endpoint()) {
    agent_.on_status([this] { return status(); });
    agent_.on_stop([this](const std::function<void()>& done) {
      ending_ = true;
      done();
    });
    agent_.control().on("sessions", [this](const nlohmann::json& request, control::Reply reply) {
      sessions(control::argument<std::size_t>(request, "count"), std::move(reply));
    });
    agent_.control().on("bad_messages", [this](const nlohmann::json& request, const control::Reply& reply) {
      const auto kinds = malformed_messages(controller_, config_.services.front());
      start("bad_messages", kinds, rate_of(request));
      reply.ok();
    });
    agent_.control().on("flood", [this](const nlohmann::json& request, const control::Reply& reply) {
      const auto connections = control::argument<std::size_t>(request, "connections");
      if (connections == 0 || connections > kMostConnections)
        throw UsageError(fmt::format("\"connections\": {} is not from 1 to {}", connections, kMostConnections));
      start("flood", std::vector<RestMessage>(connections, unauthenticated_message(controller_)), rate_of(request));
      reply.ok();
    });
    agent_.control().on("release", [this](const nlohmann::json&, control::Reply reply) { release(std::move(reply)); });
  }

  int run() { return agent_.run(); }

 private:
  // Sessions that are being opened. A session is held once its request was answered.
  struct Opening {
    std::size_t left = 0;  // still to be opened
    std::size_t openers = 0;
    std::size_t asked = 0;
    std::size_t refused = 0;
    std::string why = {};  // of the first refusal
    bool answered = true;  // every refusal was an answer with problem details
    control::Reply reply;
  };
  struct Load {
    std::string kind;
    double rate = 0;  // messages a second in all
    Instant started;
    std::size_t senders = 0;
    std::map<std::string, std::shared_ptr<RestTally>> tallies = {};
  };

  static double rate_of(const nlohmann::json& request) {
    const auto rate = control::argument<double>(request, "rate");
    if (!(rate > 0 && rate <= kHighestMessageRate))
      throw UsageError(fmt::format("\"rate\": {} is not above 0 and up to {}", rate, kHighestMessageRate));
    return rate;
  }

  nlohmann::ordered_json status() const {
    return {{"held", alive()}, {"load", load_ ? nlohmann::ordered_json(load_->kind) : nlohmann::ordered_json(nullptr)}};
  }

  std::size_t alive() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(held_, [](const auto& session) { return session->connected(); }));
  }

  // Holds `count` sessions in all: opens what is missing, until the server refuses.
  void sessions(std::size_t count, control::Reply reply) {
    if (count == 0 || count > kMostSessions)
      throw UsageError(fmt::format("\"count\": {} is not from 1 to {}", count, kMostSessions));
    if (opening_) throw UsageError("sessions are being opened already");
    opening_.emplace(Opening{.asked = count, .reply = std::move(reply)});
    opening_->left = count - std::min(count, held_.size());
    opening_->openers = std::min(kOpeners, opening_->left);
    if (opening_->openers == 0) return opened();
    for (std::size_t i = opening_->openers; i > 0; --i)
      boost::asio::co_spawn(agent_.io(), open_sessions(), [](std::exception_ptr error) { rethrow(error); });
  }

  // Several at a time. A server counts connections that it is about to refuse too, so what was refused beside others is
  // tried again by the last opener alone.
  boost::asio::awaitable<void> open_sessions() {
    boost::asio::steady_timer pause(agent_.io());
    int in_a_row = 0;
    while (opening_->left > 0 && !ending_) {
      --opening_->left;
      const auto session = std::make_shared<http::RestClient>(agent_.io().get_executor(), controller_);
      const http::Outcome outcome = co_await session->request("GET", "/v1/health", "", kRestPatience);
      // A connection that ends with its answer is no session.
      if (outcome.ok() && session->connected()) {
        held_.push_back(session);
        in_a_row = 0;
        continue;
      }
      ++opening_->left;
      opening_->answered = opening_->answered && outcome.error.empty();
      if (opening_->refused++ == 0) opening_->why = outcome.ok() ? "the connection was ended" : outcome.why();
      if (opening_->openers > 1 || ++in_a_row == kRefusals) break;
      pause.expires_after(kRefusalPause);
      co_await pause.async_wait(http::no_throw);
    }
    if (--opening_->openers == 0) opened();
  }

  void opened() {
    const control::Reply reply = opening_->reply;
    const nlohmann::ordered_json result = {
        {"asked", opening_->asked},
        {"held", alive()},
        {"refused", opening_->refused},
        {"why", opening_->why.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(opening_->why)},
        {"clean", opening_->answered}};
    opening_.reset();
    agent_.events().write("rest_sessions", result);
    reply.ok(result);
  }

  // One sender per message of the list; together they send `rate` a second, evenly.
  void start(const std::string& kind, const std::vector<RestMessage>& messages, double rate) {
    if (load_) throw UsageError(fmt::format("\"{}\" runs already", load_->kind));
    const Instant now = std::chrono::steady_clock::now();
    load_.emplace(Load{.kind = kind, .rate = rate, .started = now});
    load_->senders = messages.size();
    const Duration spacing = from_seconds(1 / rate);
    const Duration gap = spacing * static_cast<std::int64_t>(messages.size());
    Instant first = now;
    for (const RestMessage& message : messages) {
      std::shared_ptr<RestTally>& tally = load_->tallies[message.kind];
      if (!tally) tally = std::make_shared<RestTally>();
      boost::asio::co_spawn(agent_.io(),
                            send_messages(
                                agent_.io().get_executor(), message, first, gap, [this] { return ending_; }, tally),
                            [this](std::exception_ptr error) {
                              rethrow(error);
                              if (--load_->senders == 0) load_ended();
                            });
      first += spacing;
    }
  }

  // Ends the load and the sessions; what they came to is in the event log and the reply.
  void release(control::Reply reply) {
    if (opening_) throw UsageError("sessions are being opened");
    if (releasing_) throw UsageError("a release is under way");
    released_ = {{"held", alive()}, {"opened", held_.size()}};
    if (!held_.empty()) agent_.events().write("rest_released", released_);
    for (const auto& session : held_) session->close();
    held_.clear();
    if (!load_) return reply.ok(released_);
    ending_ = true;
    releasing_ = std::move(reply);
  }

  void load_ended() {
    nlohmann::ordered_json messages = nlohmann::ordered_json::array();
    for (const auto& [kind, tally] : load_->tallies) messages.push_back(to_json(kind, *tally));
    const nlohmann::ordered_json result = {{"kind", load_->kind},
                                           {"rate", load_->rate},
                                           {"started_ns", to_ns(load_->started)},
                                           {"messages", std::move(messages)}};
    agent_.events().write("rest_load", result);
    load_.reset();
    ending_ = false;
    if (!releasing_) return;
    const control::Reply reply = *std::exchange(releasing_, std::nullopt);
    released_["load"] = result;
    reply.ok(released_);
  }

  RestLoadConfig config_;
  Agent agent_;
  http::Endpoint controller_;
  std::vector<std::shared_ptr<http::RestClient>> held_;
  std::optional<Opening> opening_;
  std::optional<Load> load_;
  bool ending_ = false;  // senders finish what they have under way
  std::optional<control::Reply> releasing_;
  nlohmann::ordered_json released_;
};

}  // namespace

Expected<RestLoadConfig> parse_rest_load(const nlohmann::json& json) {
  JsonFields fields(json, "rest-load");
  RestLoadConfig config;
  read_agent(fields, config);
  if (auto controller = fields.object("controller"))
    config.controller = read_rest_peer(*controller);
  else
    fields.problem("controller", "is missing");
  const auto services = fields.get<nlohmann::json>("services");
  if (!services.is_array() || services.empty()) fields.problem("services", "is no list of CS-IDs");
  if (services.is_array())
    for (const nlohmann::json& service : services) {
      const auto address = IpAddress::parse(service.is_string() ? service.get<std::string>() : "");
      if (address)
        config.services.push_back(*address);
      else
        fields.problem("services", "holds " + service.dump() + ", no address");
    }
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

int run_rest_load(const RestLoadConfig& config) { return RestLoad(config).run(); }

}  // namespace cats::roles
