#include "topologies/clab_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "topologies/clab_keys.h"

namespace cats::topologies {
namespace {

// Endpoints that containerlab connects to something outside of the lab.
const std::vector<std::string> kOutside{"host", "macvlan", "mgmt-net", "dummy", "vxlan", "vxlan-stitch"};
const std::vector<std::string> kImpairments{"cats-delay", "cats-jitter", "cats-loss", "cats-rate"};

constexpr const char* kNoOutside =
    "test traffic never leaves the run's namespaces, so a link must connect two nodes of this file";

bool is_name(const std::string& name, const std::string& also) {
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || also.find(c) != also.npos;
  }) && also.find(name.front()) == also.npos;
}

void check_shape(const yaml::Reader& value, Shape shape) {
  switch (shape) {
    case Shape::kText:
      value.string();
      break;
    case Shape::kTexts:
      for (const auto& element : value.list()) element.string();
      break;
    case Shape::kBoolean:
      value.boolean();
      break;
    case Shape::kWhole:
      value.integer();
      break;
    case Shape::kNumber:
      value.number(0, 0);
      break;
    case Shape::kMap:
      value.open_map();
      break;
    case Shape::kList:
      value.list();
      break;
  }
}

yaml::Map read_map(const yaml::Reader& reader, const std::vector<Key>& keys) {
  yaml::Map map = reader.map(names(keys));
  for (const auto& [name, value] : map.entries()) {
    const auto key = std::ranges::find(keys, name, &Key::name);
    if (key != keys.end() && name != "labels") check_shape(value, key->shape);
  }
  return map;
}

// What one of defaults, kind, group and node says; in this order each overrides what came before.
struct Settings {
  std::optional<yaml::Reader> kind;
  std::optional<yaml::Reader> group;
  std::optional<yaml::Reader> network_mode;
  std::string image;
  std::map<std::string, Given> labels;

  static Settings read(const yaml::Reader& reader) {
    const yaml::Map map = read_map(reader, node_keys());
    Settings settings;
    if (map.has("kind")) settings.kind = map.get("kind");
    if (map.has("group")) settings.group = map.get("group");
    if (map.has("network-mode")) settings.network_mode = map.get("network-mode");
    settings.image = map.get("image").text();
    for (const auto& [key, value] : map.get("labels").open_map().entries()) {
      const std::string text = value.string();
      if (text.empty() && (value.is_scalar() || !value.present())) value.complain("a label must not be empty");
      settings.labels[key] = {text, value.place()};
    }
    return settings;
  }

  void override_with(const Settings& other) {
    if (other.kind) kind = other.kind;
    if (other.group) group = other.group;
    if (other.network_mode) network_mode = other.network_mode;
    if (!other.image.empty()) image = other.image;
    for (const auto& [key, value] : other.labels) labels[key] = value;
  }
};

class ClabReader {
 public:
  explicit ClabReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  ClabFile read(const yaml::Reader& root) {
    const yaml::Map top = root.map({"name", "prefix", "mgmt", "topology"});
    const yaml::Reader name = top.at("name");
    file_.name = name.string();
    file_.place = root.place();
    if (name.present() && !is_name(file_.name, "-._"))
      name.complain(
          fmt::format("\"{}\" is not a name: allowed are letters, digits and \"-._\", beginning with a letter or digit",
                      file_.name));
    top.get("prefix").string();
    if (top.has("mgmt") && read_map(top.get("mgmt"), network_keys()).entries().empty())
      top.get("mgmt").complain("must not be empty");
    const yaml::Map topology = top.at("topology").map({"nodes", "groups", "kinds", "defaults", "links"});
    read_nodes(topology);
    read_links(topology.get("links"));
    return std::move(file_);
  }

 private:
  void read_nodes(const yaml::Map& topology) {
    const Settings defaults = Settings::read(topology.get("defaults"));
    const Settings linux_kind = Settings::read(topology.get("kinds").map({"linux"}).get("linux"));
    std::map<std::string, Settings> groups;
    for (const auto& [name, group] : topology.get("groups").open_map().entries())
      groups.emplace(name, Settings::read(group));
    for (const auto& [name, node] : topology.at("nodes").open_map().entries()) {
      check_node_name(name, node);
      const Settings own = Settings::read(node);
      Settings settings = defaults;
      settings.override_with(linux_kind);
      if (const auto& group = own.group ? own.group : settings.group) {
        if (const auto found = groups.find(group->text()); found != groups.end()) {
          settings.override_with(found->second);
        } else {
          complain_once(*group, fmt::format("there is no group \"{}\"", group->text()));
        }
      }
      settings.override_with(own);
      check_runnable(settings, name, node);
      file_.nodes.push_back({name, node.place(), settings.image, settings.labels});
    }
  }

  void check_runnable(const Settings& settings, const std::string& name, const yaml::Reader& node) {
    if (!settings.kind) {
      node.complain("\"kind\" is missing: allowed is linux");
    } else if (settings.kind->text() != "linux") {
      complain_once(*settings.kind, fmt::format("\"{}\" does not run in a namespace of this machine: allowed is linux",
                                                settings.kind->text()));
    }
    if (settings.network_mode && settings.network_mode->text() != "none")
      complain_once(*settings.network_mode, fmt::format("\"{}\" would reach outside of the run: allowed is none",
                                                        settings.network_mode->text()));
    if (!settings.network_mode) with_management_.insert(name);
  }

  // Several nodes may inherit the same mistake.
  void complain_once(const yaml::Reader& reader, const std::string& message) {
    if (complained_.insert({reader.place().line, reader.place().column}).second) reader.complain(message);
  }

  // A name becomes part of a namespace's name, of a directory and of unix socket paths (108 octets in all).
  static void check_node_name(const std::string& name, const yaml::Reader& node) {
    if (!is_name(name, "-._"))
      node.complain("a node's name has letters, digits and \"-._\" only, beginning with a letter or digit");
    if (name.size() > 32) node.complain(fmt::format("a node's name has 32 characters at most, not {}", name.size()));
    if (std::ranges::find(kOutside, name) != kOutside.end()) node.complain("this name is reserved by containerlab");
  }

  void read_links(const yaml::Reader& links) {
    if (links.present() && links.is_list() && links.list().empty()) links.complain("must not be empty");
    if (links.present() && !links.is_list()) file_.links_complete = false;
    for (const auto& link : links.list()) {
      const std::size_t known = file_.links.size();
      read_link(link);
      if (file_.links.size() == known) file_.links_complete = false;
    }
  }

  void read_link(const yaml::Reader& reader) {
    if (!reader.is_map()) return reader.complain("expected a map with \"endpoints\"");
    const yaml::Map map = reader.map(
        {"type", "endpoints", "endpoint", "host-interface", "mtu", "ipv4", "ipv6", "vars", "labels", "mode"});
    const std::string type = map.get("type").string("veth");
    if (type != "veth") return map.get("type").complain(fmt::format("\"{}\": {}", type, kNoOutside));
    if (map.has("endpoint") || map.has("host-interface") || map.has("mode")) return reader.complain(kNoOutside);

    ClabLink link;
    link.place = reader.place();
    const std::size_t before = diagnostics_.list().size();
    const std::vector<yaml::Reader> endpoints = map.at("endpoints").list();
    if (endpoints.size() != 2 && map.has("endpoints") && map.get("endpoints").is_list())
      map.get("endpoints").complain(fmt::format("a link has two ends, not {}", endpoints.size()));
    for (std::size_t i = 0; i < endpoints.size() && i < 2; ++i)
      link.ends[i] = map.has("type") ? read_long_end(endpoints[i]) : read_short_end(endpoints[i]);
    if (map.has("mtu")) link.mtu = static_cast<int>(map.get("mtu").integer(0, 1280, 65535));
    link.ipv6 = read_addresses(map.get("ipv6"));
    link.ipv4 = read_addresses(map.get("ipv4"));
    read_vars(map.get("vars"));
    if (map.has("labels")) map.get("labels").open_map();
    for (const ClabEnd& end : link.ends)
      if (end.interface == "eth0" && with_management_.contains(end.node))
        reader.complain(
            fmt::format("\"{}:eth0\": containerlab keeps eth0 for its management network, unless the node has "
                        "network-mode: none",
                        end.node));
    if (map.has("labels") && !map.has("type")) map.get("labels").complain("only a link with \"type: veth\" has labels");
    if (diagnostics_.list().size() == before) file_.links.push_back(std::move(link));
  }

  static ClabEnd read_short_end(const yaml::Reader& reader) {
    const std::string text = reader.string();
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == text.npos || colon + 1 == text.size()) {
      if (reader.is_scalar()) reader.complain(fmt::format("\"{}\" is not of the form node:interface", text));
      return {};
    }
    return checked({text.substr(0, colon), text.substr(colon + 1)}, reader);
  }

  static ClabEnd read_long_end(const yaml::Reader& reader) {
    const yaml::Map map = reader.map({"node", "interface", "mac", "ipv4", "ipv6", "vars"});
    for (const char* key : {"mac", "ipv4", "ipv6"})
      if (map.has(key))
        map.get(key).complain("is not taken from an endpoint here: addresses may be given with the link");
    return checked({map.at("node").string(), map.at("interface").string()}, reader);
  }

  static ClabEnd checked(ClabEnd end, const yaml::Reader& reader) {
    if (std::ranges::find(kOutside, end.node) != kOutside.end())
      reader.complain(fmt::format("\"{}:{}\": {}", end.node, end.interface, kNoOutside));
    // IFNAMSIZ is 16 with the terminator; "all" and "default" have meanings of their own below /proc/sys/net.
    const bool odd = end.interface == "lo" || end.interface == "all" || end.interface == "default";
    if (!end.interface.empty() && (end.interface.size() > 15 || odd || !is_name(end.interface, "-._")))
      reader.complain(
          fmt::format("\"{}\" cannot be the name of an interface: at most 15 letters, digits and \"-._\", "
                      "not lo, all or default",
                      end.interface));
    return end;
  }

  static std::array<std::optional<Given>, 2> read_addresses(const yaml::Reader& reader) {
    std::array<std::optional<Given>, 2> addresses;
    const std::vector<yaml::Reader> list = reader.list();
    if (reader.present() && reader.is_list() && list.size() != 2) {
      reader.complain("give the addresses of both ends, each with its prefix length");
      return addresses;
    }
    for (std::size_t i = 0; i < list.size(); ++i) addresses[i] = Given{list[i].string(), list[i].place()};
    return addresses;
  }

  void read_vars(const yaml::Reader& vars) {
    for (const auto& [key, value] : vars.open_map().entries()) {
      if (std::ranges::find(kImpairments, key) != kImpairments.end()) {
        check_impairment(key, value);
        if (!impaired_)
          value.complain(
              "this version builds links without delay, jitter, loss and rate limits (cats-*): a run would measure "
              "another "
              "network than this file describes");
        impaired_ = true;
      } else if (std::ranges::find(kImpairments, "cats-" + key) != kImpairments.end()) {
        value.complain(fmt::format("unknown variable \"{0}\", did you mean \"cats-{0}\"?", key));
      } else if (key.starts_with("cats-")) {
        value.complain(fmt::format("unknown variable \"{}\": allowed are {}{}", key, one_of(kImpairments),
                                   did_you_mean(key, kImpairments)));
      }
    }
  }

  static void check_impairment(const std::string& key, const yaml::Reader& value) {
    if (key == "cats-loss") {
      value.share();
    } else if (key == "cats-rate") {
      const std::string text = value.string();
      const std::size_t unit = std::min(text.find_first_not_of("0123456789."), text.size());
      static const std::set<std::string> units{"bit", "kbit", "Mbit", "Gbit"};
      if (unit == 0 || !units.contains(text.substr(unit)))
        value.complain(
            fmt::format("\"{}\" is not a rate: write a number with bit, kbit, Mbit or Gbit, such as 100Mbit", text));
    } else {
      value.duration();
    }
  }

  Diagnostics& diagnostics_;
  ClabFile file_;
  std::set<std::pair<int, int>> complained_;
  bool impaired_ = false;                  // said once for the whole file
  std::set<std::string> with_management_;  // nodes whose eth0 containerlab connects to its management network
};

}  // namespace

ClabFile read_clab_file(const yaml::Reader& root, Diagnostics& diagnostics) {
  return ClabReader(diagnostics).read(root);
}

}  // namespace cats::topologies
