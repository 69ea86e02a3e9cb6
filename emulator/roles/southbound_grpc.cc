// Static routes as transactions of FRR's gRPC northbound (frr-northbound.proto of FRR's own source package).
#include <chrono>
#include <string_view>

#include "base/file.h"
#include "emulator/kernel/process.h"
#include "emulator/roles/southbound_frr.h"

#ifdef CATS_FRR_GRPC
#include <frr-northbound.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#endif

namespace cats::roles {
namespace {

constexpr const char* kMakeIt = "`sudo cmake/frr-grpc.sh` makes it, in about 4 minutes; build catsbench again after it";

}  // namespace

#ifndef CATS_FRR_GRPC

std::unique_ptr<Southbound> frr_grpc_southbound(const boost::asio::any_io_executor& /*executor*/, FrrRouter /*router*/,
                                                Southbound::Callbacks /*callbacks*/) {
  throw UsageError(
      fmt::format("the southbound driver frr-grpc needs FRR's gRPC module, which Debian's package lacks: {}", kMakeIt));
}

std::filesystem::path frr_grpc_module() {
  throw UsageError(fmt::format("FRR's gRPC module is not there, and Debian's package lacks it: {}", kMakeIt));
}

#else

namespace {

namespace asio = boost::asio;
namespace northbound = ::frr;
using Stub = northbound::Northbound::Stub;

// Longer than a busy machine keeps FRR from answering: its gRPC server ends when a call is given up.
constexpr auto kGrpcAnswers = std::chrono::seconds(5);

// As FRR's own command line writes such routes: table 0 is the one of the VRF, 1 a static route's distance.
std::string route_path(const IpAddress& cs_id) {
  return fmt::format(
      "/frr-routing:routing/control-plane-protocols/control-plane-protocol[type='frr-staticd:staticd'][name='staticd']"
      "[vrf='default']/frr-staticd:staticd/route-list[prefix='{}'][afi-safi='frr-routing:{}-unicast']",
      IpPrefix::host(cs_id), cs_id.is_v6() ? "ipv6" : "ipv4");
}
std::string next_hop_path(const IpAddress& cs_id, const std::string& interface) {
  return fmt::format(
      "{}/path-list[table-id='0'][distance='1']/frr-nexthops/"
      "nexthop[nh-type='ifindex'][vrf='default'][gateway=''][interface='{}']",
      route_path(cs_id), interface);
}

std::shared_ptr<grpc::Channel> channel_to(const FrrRouter::Listener& staticd) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // the time that a connection may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  return grpc::CreateCustomChannel(staticd.str(), grpc::InsecureChannelCredentials(), arguments);
}

class GrpcStaticRoutes final : public StaticRoutes {
 public:
  explicit GrpcStaticRoutes(const FrrRouter::Listener& staticd)
      : name_("gRPC at " + staticd.str()), stub_(northbound::Northbound::NewStub(channel_to(staticd))) {}

  // The calls of a transaction follow each other on a thread of their own: once begun it comes to its end.
  asio::awaitable<OrderOutcome> set(IpAddress cs_id, Interfaces interfaces) override {
    auto transaction = [this, cs_id, interfaces]() -> asio::awaitable<OrderOutcome> {
      co_return transact(cs_id, interfaces);
    };
    OrderOutcome change = co_await asio::co_spawn(thread_, std::move(transaction), asio::use_awaitable);
    co_return change;
  }

  void close() override { thread_.join(); }

 private:
  template <class Request, class Response>
  grpc::Status call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kGrpcAnswers);
    return (stub_.get()->*method)(&context, request, &response);
  }

  OrderOutcome failed(std::string_view step, const grpc::Status& status) const {
    const auto code = status.error_code();
    // INVALID_ARGUMENT is FRR's for what does not validate; UNAVAILABLE, when somebody else is configuring it.
    if (code == grpc::StatusCode::INVALID_ARGUMENT || code == grpc::StatusCode::RESOURCE_EXHAUSTED)
      return {fmt::format("FRR refuses to {}: {}", step, status.error_message()), true};
    return {fmt::format("{}: {}: {}", name_, step, status.error_message()), false};
  }

  OrderOutcome transact(const IpAddress& cs_id, const Interfaces& interfaces) {
    northbound::CreateCandidateResponse candidate;
    const grpc::Status created = call(&Stub::CreateCandidate, northbound::CreateCandidateRequest(), candidate);
    if (!created.ok()) return failed("create a candidate", created);
    OrderOutcome change = edit(candidate, cs_id, interfaces);
    if (change.failure.empty()) change = commit(candidate);
    // A candidate is a copy of the whole configuration, and FRR keeps it until it is told. What fails here did not
    // change what came of the transaction, but the next one would not be known to work either.
    northbound::DeleteCandidateRequest done;
    northbound::DeleteCandidateResponse deleted;
    done.set_candidate_id(candidate.candidate_id());
    const grpc::Status status = call(&Stub::DeleteCandidate, done, deleted);
    if (!status.ok() && change.failure.empty()) change = failed("delete the candidate", status);
    return change;
  }

  // The route as it is wanted takes the place of the one that the candidate has: only what differs is a change to FRR.
  OrderOutcome edit(const northbound::CreateCandidateResponse& candidate, const IpAddress& cs_id,
                    const Interfaces& interfaces) {
    northbound::EditCandidateResponse edited;
    northbound::EditCandidateRequest removal;
    removal.set_candidate_id(candidate.candidate_id());
    removal.add_delete_()->set_path(route_path(cs_id));
    grpc::Status status = call(&Stub::EditCandidate, removal, edited);
    // There is none yet.
    const bool absent = status.error_code() == grpc::StatusCode::INVALID_ARGUMENT &&
                        status.error_message().starts_with("Failed to remove");
    if (!status.ok() && !absent) return failed("remove the route from the candidate", status);
    if (interfaces.empty()) return {};
    northbound::EditCandidateRequest update;
    update.set_candidate_id(candidate.candidate_id());
    for (const std::string& interface : interfaces) update.add_update()->set_path(next_hop_path(cs_id, interface));
    status = call(&Stub::EditCandidate, update, edited);
    return status.ok() ? OrderOutcome{} : failed("edit the candidate", status);
  }

  // ALL is validation, preparation and, when a step fails, abortion: FRR 8.4 uses a transaction after its end when a
  // client orders these one by one and then deletes the candidate.
  OrderOutcome commit(const northbound::CreateCandidateResponse& candidate) {
    northbound::CommitRequest request;
    northbound::CommitResponse committed;
    request.set_candidate_id(candidate.candidate_id());
    request.set_comment("catsbench");
    request.set_phase(northbound::CommitRequest::VALIDATE);
    grpc::Status status = call(&Stub::Commit, request, committed);
    if (!status.ok()) return failed("validate the candidate", status);
    request.set_phase(northbound::CommitRequest::ALL);
    status = call(&Stub::Commit, request, committed);
    const bool unchanged = status.error_code() == grpc::StatusCode::ABORTED;  // "No changes to apply"
    return status.ok() || unchanged ? OrderOutcome{} : failed("commit the candidate", status);
  }

  std::string name_;
  std::unique_ptr<Stub> stub_;
  asio::thread_pool thread_{1};
};

}  // namespace

std::unique_ptr<Southbound> frr_grpc_southbound(const asio::any_io_executor& executor, FrrRouter router,
                                                Southbound::Callbacks callbacks) {
  auto routes = std::make_unique<GrpcStaticRoutes>(router.staticd);
  return frr_southbound(executor, std::move(router), std::move(routes), std::move(callbacks));
}

// A module of another build of FRR would be loaded, and fail in ways of its own.
std::filesystem::path frr_grpc_module() {
  const std::filesystem::path directory = CATS_FRR_GRPC_DIR;
  std::filesystem::path file = directory / "grpc.so";
  if (!std::filesystem::exists(file) || !std::filesystem::exists(directory / "version"))
    throw UsageError(fmt::format("{} is not there: {}", file.string(), kMakeIt));
  const std::string made_for = read_file(directory / "version");
  const std::string installed = kernel::run_program({"dpkg-query", "-W", "-f", "${Version}\n", "frr"}).out;
  if (made_for != installed)
    throw UsageError(fmt::format("{} was made for FRR {}, installed is {}: {}", file.string(),
                                 made_for.substr(0, made_for.find('\n')), installed.substr(0, installed.find('\n')),
                                 kMakeIt));
  return file;
}

#endif

}  // namespace cats::roles
