#include "suite/part_server.h"

#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"
#include "suite/part_messages.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr auto kLook = std::chrono::milliseconds(1);
constexpr int kAtOnce = 64;  // messages, before this process looks after its own threads again

// What the others need of the run directory: not what comes of the run.
std::vector<std::string> inputs_of(const fs::path& run_directory) {
  static const std::set<std::string> outcome{"events", "samples", "logs", "parts", "report.json"};
  std::vector<std::string> inputs;
  for (const auto& top : fs::directory_iterator(run_directory)) {
    const std::string name = top.path().filename().string();
    if (outcome.contains(name)) continue;
    if (top.is_regular_file()) inputs.push_back(name);
    if (!top.is_directory()) continue;
    for (const auto& file : fs::recursive_directory_iterator(top.path()))
      if (file.is_regular_file()) inputs.push_back(file.path().lexically_relative(run_directory).string());
  }
  return inputs;
}

}  // namespace

PartServer::PartServer(Ranks& ranks, fs::path run_directory, fs::path parts, Handlers handlers)
    : ranks_(ranks),
      run_directory_(std::move(run_directory)),
      parts_(std::move(parts)),
      handlers_(std::move(handlers)) {}

void PartServer::serve() {
  for (int i = 0; i < kAtOnce; ++i) {
    const auto message = ranks_.poll();
    if (!message) return;
    const PartMessage said = parsed(*message);
    const std::string kind = said.kind();
    if (kind == "join") {
      join(message->from, said.head.at("threads").get<unsigned>());
      continue;
    }
    if (kind == "ask") {
      answer(message->from, said.head);
      continue;
    }
    const auto part = given_.find(said.head.at("number").get<std::size_t>());
    if (part == given_.end()) continue;  // of one that was given up
    const fs::path begun = parts_ / begun_name(part->second.trial);
    if (kind == "file") {
      take_in(said, begun);
    } else if (kind == "done") {
      fs::rename(begun, parts_ / directory_name(part->second.trial));
      const std::size_t number = part->first;
      given_.erase(part);
      handlers_.complete(number);
    } else {
      handlers_.failed(part->first, fmt::format("rank {}: {}", message->from, said.head.at("why").get<std::string>()));
    }
  }
}

void PartServer::join(int rank, unsigned threads) {
  threads_ += threads;
  send_files(ranks_, rank, run_directory_, inputs_of(run_directory_), nlohmann::json::object());
  send(ranks_, rank, {{"kind", "begin"}});
}

void PartServer::answer(int to, const nlohmann::json& ask) {
  if (stopping_) {
    told_.insert(to);
    return send(ranks_, to, {{"kind", "stop"}});
  }
  if (ask.at("idle").get<std::size_t>() > 0) {
    if (auto part = handlers_.next()) {
      const std::size_t number = part->number;
      fs::remove_all(parts_ / begun_name(part->trial));
      send(ranks_, to,
           {{"kind", "part"},
            {"number", number},
            {"entry", part->trial.entry.label},
            {"index", part->trial.index},
            {"begins_ns", to_ns(part->begins)},
            {"ends_ns", to_ns(part->ends)}});
      given_.insert_or_assign(number, *std::move(part));
      return;
    }
  }
  nlohmann::json wait = {{"kind", "wait"}};
  if (last_) wait["give_up_after"] = *last_;
  send(ranks_, to, wait);
}

void PartServer::stop() {
  stopping_ = true;
  given_.clear();
  while (static_cast<int>(told_.size()) + 1 < ranks_.size()) {
    serve();
    throw_if_interrupted();
    std::this_thread::sleep_for(kLook);
  }
  ranks_.finish();
}

}  // namespace cats::suite
