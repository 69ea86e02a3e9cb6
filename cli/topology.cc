#include "topologies/topology.h"

#include <algorithm>
#include <cstring>
#include <sched.h>
#include <unistd.h>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "emulator/kernel/leftovers.h"
#include "emulator/kernel/sysctl.h"
#include "emulator/plan/plan.h"
#include "emulator/run_state.h"
#include "emulator/world.h"
#include "topologies/generator.h"
#include "topologies/views.h"

namespace cats::cli {
namespace {

namespace fs = std::filesystem;
using topologies::Topology;

struct Options {
  std::string file;
  bool bare = false;
  bool dry_run = false;
  bool json = false;
  std::string out;
  std::vector<std::string> command;
  int sites = 0;
  int hosts = 1;
  int line = 0;
};

Topology load(const Session& session, const std::string& name) {
  const auto file = topologies::find_topology(name, session.shipped / "topologies");
  if (!file) throw UsageError(file.error().message);
  auto topology = topologies::load_topology(*file);
  if (!topology) throw UsageError(topology.error().str());
  return *std::move(topology);
}

// The networks that are up for a topology file, or called so.
std::vector<FoundRun> networks(const Session& session, const std::string& name) {
  std::vector<FoundRun> found;
  const auto file = topologies::find_topology(name, session.shipped / "topologies");
  for (auto& run : find_runs())
    if (run.id == name || run.name == name || (file && run.file == fs::absolute(*file)))
      found.push_back(std::move(run));
  return found;
}

FoundRun network(const Session& session, const std::string& name) {
  auto found = networks(session, name);
  if (found.empty()) throw UsageError(fmt::format("{} is not up: sudo catsbench topology up {}", name, name));
  if (found.size() > 1) {
    std::string ids;
    for (const auto& run : found) ids += (ids.empty() ? "" : ", ") + run.str();
    throw UsageError(fmt::format("{} is up more than once, name one of them by its id: {}", name, ids));
  }
  return found.front();
}

void up(const Session& session, const Options& options) {
  const Topology topology = load(session, options.file);
  if (options.dry_run) {
    fmt::print("{}", plan::text(plan::make_plan(topology, {.run = "RUN", .bare = options.bare})));
    return;
  }
  need_root("topology up");
  const Instant begun = MonotonicClock().now();
  RunState state = RunState::create("topology", topology.name, topology.file);
  if (!options.bare) kernel::raise_machine_settings(65536);
  ProgressLine progress;
  const fs::path logs = state.directory() / "logs";
  fs::create_directories(logs);
  World world(topology, {.run = state.id(),
                         .directory = state.directory(),
                         .logs = logs,
                         .outlive = true,
                         .progress = [&](const std::string& stage) { progress.show(stage); }});
  world.up(plan::make_plan(topology, {.run = state.id(), .bare = options.bare}));
  progress.clear();
  const double seconds = to_seconds(MonotonicClock().now() - begun);
  if (!options.bare) fmt::print("{}\n", topologies::table(topology));
  world.release();
  state.keep();
  fmt::print("{} is up after {:.2f} s as run {}: {} nodes, {} links\n", topology.name, seconds, state.id(),
             topology.nodes.size(), topology.links.size());
}

void down(const Session& session, const Options& options) {
  need_root("topology down");
  const FoundRun run = network(session, options.file);
  if (run.live) throw UsageError(fmt::format("{} belongs to a process that runs; end that instead", run.str()));
  const Instant begun = MonotonicClock().now();
  const auto removed = remove(run);
  fmt::print("{} is down after {:.2f} s: {} namespaces, {} processes\n", run.name,
             to_seconds(MonotonicClock().now() - begun), removed.namespaces, removed.processes);
}

void show(const Session& session, const Options& options) {
  const Topology topology = load(session, options.file);
  if (options.json)
    fmt::print("{}\n", topologies::json(topology).dump(2));
  else
    fmt::print("{}", topologies::table(topology));
}

void graph(const Session& session, const Options& options) {
  const Topology topology = load(session, options.file);
  const fs::path out = options.out.empty() ? fs::path(topology.name + ".svg") : fs::path(options.out);
  write_file(out, topologies::svg(topology));
  fmt::print("{}\n", out.string());
}

// Becomes the command, inside the node's namespace.
void exec(const Session& session, const Options& options) {
  need_root("topology exec");
  const FoundRun run = network(session, options.file);
  const auto exec = std::ranges::find(session.command_line, "exec");
  const std::string& node = *(exec + 2);
  std::vector<std::string> argv(exec + 3, session.command_line.end());
  if (argv.empty()) argv = {"bash"};
  std::vector<std::string> nodes;
  for (const auto& ns : kernel::find_namespaces())
    if (ns.run == run.id) nodes.push_back(ns.node);
  if (std::ranges::find(nodes, node) == nodes.end())
    throw UsageError(fmt::format("{} has no node \"{}\": there are {}", run.name, node, fmt::join(nodes, ", ")));
  if (argv.front() == "vtysh")
    argv.insert(argv.begin() + 1, {"--vty_socket", "/run/catsbench/" + run.id + "/" + node + "/frr"});
  const auto ns = kernel::Namespace::open(kernel::namespace_name(run.id, node));
  check(::setns(ns.fd(), CLONE_NEWNET), "enter {}", ns.name());
  std::vector<char*> pointers;
  for (auto& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execvp(pointers.front(), pointers.data());
  throw UsageError(fmt::format("{}: {}", argv.front(), std::strerror(errno)));
}

void generate(const Options& options) {
  if (options.line > 0 && options.sites > 0) throw UsageError("--line and --sites exclude each other");
  if (options.line == 0 && options.sites == 0) throw UsageError("say how many: --sites N [--hosts H], or --line N");
  fmt::print("{}", options.line > 0 ? topologies::generate_line(options.line)
                                    : topologies::generate_sites(options.sites, options.hosts));
}

}  // namespace

void add_topology(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* topology =
      app.add_subcommand("topology", "Build, show and enter networks from containerlab topology files");
  topology->require_subcommand(1);
  const auto sub = [&](const char* name, const char* help, auto action) {
    CLI::App* command = topology->add_subcommand(name, help);
    command->callback([&session, options, action] { action(session, *options); });
    return command;
  };
  const auto with_file = [&](CLI::App* command) {
    command->add_option("FILE", options->file, "a topology file, or the name of a shipped one (three-sites)")
        ->required();
    return command;
  };
  CLI::App* bring_up = with_file(sub("up", "Build the network; it stays until `topology down`", up));
  bring_up->add_flag("--dry-run", options->dry_run, "print what would be done, in order");
  bring_up->add_flag("--bare", options->bare, "namespaces, links and addresses alone");
  with_file(sub("down", "Remove the network", down));
  with_file(sub("show", "Nodes, addresses, links, services", show))->add_flag("--json", options->json, "for programs");
  with_file(sub("graph", "Write a picture (SVG)", graph))
      ->add_option("-o,--out", options->out, "the picture's file (default: NAME.svg here)");
  CLI::App* execute = with_file(sub("exec", "Run a command inside a node: exec three-sites r1 vtysh", exec));
  execute->add_option("COMMAND", options->command, "node, then the command (default: bash)")->required();
  // What follows the node is the command's own, options included: taken from the command line as it is.
  execute->prefix_command();
  CLI::App* generator =
      sub("generate", "Print a topology file of any size", [](const Session&, const Options& o) { generate(o); });
  generator->add_option("--sites", options->sites, "egress routers with an edge server each")
      ->check(CLI::Range(1, 250));
  generator->add_option("--hosts", options->hosts, "hosts (default 1)")->check(CLI::Range(0, 250));
  generator->add_option("--line", options->line, "transit routers in a line")->check(CLI::Range(2, 4000));
}

}  // namespace cats::cli
