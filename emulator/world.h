// A topology as a real network on this machine: namespaces, links, addresses, SRv6 and FRRouting, built by applying a
// plan.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "emulator/frr/neighbors.h"
#include "emulator/frr/router.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/kernel/namespace.h"
#include "emulator/kernel/netlink.h"
#include "emulator/plan/plan.h"
#include "topologies/topology.h"

namespace cats {

struct WorldOptions {
  std::string run;                    // id, part of every name
  std::filesystem::path directory;    // /run/catsbench/RUN: <node>/frr with sockets and configuration
  std::filesystem::path logs;         // of the daemons
  std::string vty_password = {};      // of daemons that other nodes reach
  bool outlive = false;               // the network stays when this process ends, after release()
  std::chrono::seconds deadline{30};  // for each stage that waits
  std::function<void(const std::string& stage)> progress = [](const std::string&) {};
};

class World {
 public:
  World(const topologies::Topology& topology, WorldOptions options);
  ~World();
  World(World&&) = delete;
  World& operator=(World&&) = delete;

  // Throws SystemError, UsageError, or MeasurementError when a daemon or neighbor is not up in time (which neighbor of
  // which router is in which state). What was made is removed with the object.
  void up(const plan::Plan& plan);
  // The network stays; only its owner's memory of it goes.
  void release();

  const topologies::Topology& topology() const { return topology_; }
  const kernel::Namespace& ns(const std::string& node) const { return namespaces_.at(node); }
  kernel::Netlink& netlink(const std::string& node);

  // The FRR daemons of a router, killed together, and started anew with the same configuration: returns when they
  // answer. The kernel keeps the routes of killed daemons; a zebra that starts removes those that FRR had installed,
  // and installs them again as it learns them. Throw MeasurementError, also for a node without FRR.
  void lose_routing(const std::string& node);
  void restore_routing(const std::string& node);
  // All links between two nodes, down or up at both ends; up: returns when they are RUNNING. The kernel drops IPv6
  // addresses and routes with an interface that goes down: what the topology and the agents had there comes back with
  // it. Tunnels that name it only as a device to the core move to another link of the node to the core meanwhile,
  // where there is one. Throws MeasurementError when there is no such link.
  void set_link(const std::string& a, const std::string& b, bool up);
  void bring_links_up();  // all that are down

  const frr::Router& router(const std::string& node) const { return routers_.at(node); }
  // Every protocol neighbor that the topology implies, agents and edge servers included.
  std::vector<frr::NeighborState> neighbors() const;
  // The first FRR daemon that has ended, else "".
  std::string dead_daemon();

  const std::filesystem::path& logs() const { return options_.logs; }
  std::filesystem::path node_directory(const std::string& node) const { return options_.directory / node; }
  // The control group of a node, made when first asked for.
  const kernel::Cgroup& cgroup(const std::string& node);
  // Where each router's bgpd connects to with BMP, on [::1] of its namespace.
  static std::uint16_t bmp_port();
  // Where a daemon of a router of the network in `directory` is asked.
  static std::filesystem::path vty_socket(const std::filesystem::path& directory, const std::string& node,
                                          const std::string& daemon);

 private:
  struct Apply;

  void know_daemons(const plan::Plan& plan);
  frr::Router make_router(const std::string& node);

  void wait(const plan::WaitNeighbors& operation);
  frr::Router& routing(const std::string& node);
  void take_down(const topologies::LinkEnd& end);
  void bring_up(const topologies::LinkEnd& end);

  const topologies::Topology& topology_;
  bool released_ = false;
  WorldOptions options_;
  std::map<std::string, kernel::Cgroup> cgroups_;
  std::map<std::string, kernel::Namespace> namespaces_;      // by node
  std::map<std::string, const kernel::Namespace*> by_name_;  // the same by their own names
  std::map<std::string, kernel::Netlink> netlinks_;          // by namespace name
  std::map<std::string, frr::Router> routers_;
  std::map<std::string, std::map<std::string, frr::DaemonAccess>> daemons_;  // by router, as the plan starts them
  // Of interfaces that are down, by node and name: the routes over them that are not FRR's.
  std::map<std::pair<std::string, std::string>, std::vector<kernel::Route>> down_;
};

}  // namespace cats
