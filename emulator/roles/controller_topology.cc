#include "emulator/roles/controller_topology.h"

#include <deque>

namespace cats::roles {
namespace {

using nlohmann::ordered_json;

std::pair<std::string, std::string> ascending(const std::string& a, const std::string& b) {
  return a < b ? std::pair(a, b) : std::pair(b, a);
}

std::string link_name(const std::pair<std::string, std::string>& link) { return link.first + "-" + link.second; }

// What is in one of two sets alone, as "node r2 gone".
template <class Set, class Name>
void add_changes(const std::string& kind, const Set& before, const Set& after, Name name,
                 std::vector<std::string>& changes) {
  for (const auto& one : before)
    if (!after.contains(one)) changes.push_back(fmt::format("{} {} gone", kind, name(one)));
  for (const auto& one : after)
    if (!before.contains(one)) changes.push_back(fmt::format("{} {} found", kind, name(one)));
}

const std::string& same(const std::string& name) { return name; }

}  // namespace

KnownTopology::KnownTopology(const Inventory& inventory) {
  for (const auto& router : inventory.routers) {
    names_[router.router_id] = router.node;
    ids_[router.node] = router.router_id;
  }
  for (const auto& link : inventory.links)
    if (link.core) expected_.insert(ascending(link.a, link.b));
}

std::string KnownTopology::name_of(const IpAddress& router_id) const {
  const auto known = names_.find(router_id);
  return known == names_.end() ? router_id.str() : known->second;
}

// From the reporter on, over links that both ends describe: LSAs of routers that are gone are still in the database.
KnownTopology::View KnownTopology::view_of(const std::string& reporter, const LinkState& state) const {
  View view;
  const auto self = ids_.find(reporter);
  if (self == ids_.end() || !state.contains(self->second)) return view;
  view.nodes.insert(reporter);
  std::deque<IpAddress> todo{self->second};
  while (!todo.empty()) {
    const IpAddress here = todo.front();
    todo.pop_front();
    for (const IpAddress& neighbor : state.at(here)) {
      const auto there = state.find(neighbor);
      if (there == state.end() || !there->second.contains(here)) continue;
      view.links.insert(ascending(name_of(here), name_of(neighbor)));
      if (view.nodes.insert(name_of(neighbor)).second) todo.push_back(neighbor);
    }
  }
  return view;
}

std::vector<std::string> KnownTopology::learn(const std::string& reporter, const std::optional<LinkState>& state,
                                              Instant now) {
  const auto nodes_before = all_nodes();
  const auto links_before = all_links();
  View view = state ? view_of(reporter, *state) : View();
  view.at = now;
  view.answers = state.has_value();
  views_[reporter] = std::move(view);
  std::vector<std::string> changes;
  add_changes("node", nodes_before, all_nodes(), same, changes);
  add_changes("link", links_before, all_links(), link_name, changes);
  return changes;
}

std::set<std::string> KnownTopology::all_nodes() const {
  std::set<std::string> all;
  for (const auto& [reporter, view] : views_) all.insert(view.nodes.begin(), view.nodes.end());
  return all;
}

std::set<KnownTopology::Link> KnownTopology::all_links() const {
  std::set<Link> all;
  for (const auto& [reporter, view] : views_) all.insert(view.links.begin(), view.links.end());
  return all;
}

std::vector<std::string> KnownTopology::nodes() const {
  const auto all = all_nodes();
  return {all.begin(), all.end()};
}

std::vector<std::string> KnownTopology::links() const {
  std::vector<std::string> names;
  for (const Link& link : all_links()) names.push_back(link_name(link));
  return names;
}

std::optional<Instant> KnownTopology::heard() const {
  std::optional<Instant> latest;
  for (const auto& [reporter, view] : views_)
    if (!latest || view.at > latest) latest = view.at;
  return latest;
}

ordered_json KnownTopology::json(Instant now) const {
  ordered_json all = {{"reports", ordered_json::array()},
                      {"nodes", ordered_json::array()},
                      {"links", ordered_json::array()},
                      {"missing_nodes", ordered_json::array()},
                      {"missing_links", ordered_json::array()}};
  for (const auto& [reporter, view] : views_)
    all["reports"].push_back({{"router", reporter}, {"age_ns", (now - *view.at).count()}, {"igp", view.answers}});
  const auto reporters_of = [&](auto&& has) {
    ordered_json reporters = ordered_json::array();
    for (const auto& [reporter, view] : views_)
      if (has(view)) reporters.push_back(reporter);
    return reporters;
  };
  const auto nodes = all_nodes();
  for (const std::string& node : nodes) {
    const auto id = ids_.find(node);
    all["nodes"].push_back(
        {{"node", node},
         {"router_id", id == ids_.end() ? node : id->second.str()},
         {"in_inventory", id != ids_.end()},
         {"reported_by", reporters_of([&](const View& view) { return view.nodes.contains(node); })}});
  }
  const auto links = all_links();
  for (const Link& link : links)
    all["links"].push_back(
        {{"a", link.first},
         {"b", link.second},
         {"in_inventory", expected_.contains(link)},
         {"reported_by", reporters_of([&](const View& view) { return view.links.contains(link); })}});
  for (const auto& [node, id] : ids_)
    if (!nodes.contains(node)) all["missing_nodes"].push_back(node);
  for (const Link& link : expected_)
    if (!links.contains(link)) all["missing_links"].push_back(link_name(link));
  return all;
}

}  // namespace cats::roles
