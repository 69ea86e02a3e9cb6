// A host of users in virtual time: the load generator with the schedules, sessions, rows and outcomes of the emulator's
// (load/sessions.h), on a network of callbacks. Commands and samples are those of docs/control.md, docs/event-log.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/event_log.h"
#include "base/flow_tuple.h"
#include "base/scheduler.h"
#include "load/samples.h"
#include "load/sessions.h"
#include "sim/world/model.h"

namespace cats::sim {

class Host {
 public:
  struct HttpReply {
    unsigned status = 0;
    std::string instance = {};
    Duration queued{}, served{};  // with status 200
    bool reset = false;           // the far side broke the connection; nothing else is said
  };
  // The network, delays included: `done` is called once, when the host sees it, or never: then the load's timeout
  // decides. It may be called within the call. What comes after a timeout is ignored.
  struct Network {
    // SYN … SYN/ACK. False: refused, or no route.
    std::function<void(const FlowTuple&, std::function<void(bool connected)> done)> connect;
    std::function<void(const FlowTuple&, Duration work, std::function<void(const HttpReply&)> done)> request;
    // The host is through with this flow: once for each connect(), whatever came of it.
    std::function<void(const FlowTuple&)> close;
  };
  struct Config {
    std::string node;
    IpAddress address;                       // IPv6
    std::filesystem::path samples = {};      // directory of its CSV files
    std::optional<IpAddress> address4 = {};  // for services of IPv4
  };

  // Creates or appends to the CSV files. Throws SystemError.
  Host(Scheduler& scheduler, EventLog& events, Config config, Network network);
  ~Host();  // sessions that are open end without a word and without rows
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // load (event load_accepted), load_end, status, stop.
  void command(const nlohmann::json& request, const CommandReply& reply);
  // The far side broke the connection: a request that waits for its reply ends now, else the session finds it broken
  // when it next needs it. Nothing happens when the host has no such session.
  void reset(const FlowTuple& tuple);
  void flush() { samples_.flush(); }  // rows; throws SystemError

 private:
  enum class Wait : std::uint8_t { due, reply, connection, end };
  // A session that has not ended.
  struct Live {
    load::Session session;
    std::unique_ptr<Timer> timer;
    Wait waits = Wait::due;
    load::Due next = {};  // the request that is next or under way
    load::RequestRow row = {};
    std::optional<Instant> sent = {};
    std::uint64_t turn = 0;  // of what was asked of the network: a reply to an earlier one is late
    bool opened = false;
    bool reset = false;                   // by the far side, not noticed yet
    std::optional<FlowTuple> tuple = {};  // while the host has it
  };
  struct List {
    load::NextOpening next;
    std::unique_ptr<Timer> timer;
    std::optional<load::Opening> opening = {};  // the next; nothing when the list has ended
  };

  Expected<void> start(load::LoadDescription load);
  void end_load(std::function<void(const load::LoadCounts&)> done);
  void stop();
  void finish_if_done();

  void open_due(List& list);
  void add(load::Session session);
  void go_on(Live& live);
  bool due(Live& live);
  void open(Live& live);
  void connected(Live& live, bool done);
  bool send(Live& live);
  void answered(Live& live, const load::Reply& reply);
  void timed_out(Live& live);
  void wait(Live& live, Wait what, Instant until);
  void wake(Live& live);
  void linger(Live& live);
  void end(Live& live);
  void give_up(Live& live);
  std::optional<FlowTuple> tuple_for(const load::Session& session);

  Scheduler& scheduler_;
  EventLog& events_;
  Config config_;
  Network network_;
  load::Samples samples_;
  std::uint64_t sessions_ = 0;  // of loads that are over
  std::uint32_t next_port_ = 0;
  load::LoadStatus last_;
  std::vector<std::function<void(const load::LoadCounts&)>> ended_;

  // Of the load that runs.
  std::unique_ptr<load::Run> run_;
  std::unique_ptr<Timer> open_until_;  // a load without any session still lasts until its end
  bool is_open_ = false;
  std::vector<std::unique_ptr<List>> lists_;
  std::map<std::uint64_t, std::shared_ptr<Live>> live_;  // by number
  std::map<FlowTuple, std::weak_ptr<Live>> by_tuple_;
};

}  // namespace cats::sim
