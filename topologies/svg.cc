#include "base/svg.h"

#include <algorithm>
#include <map>
#include <queue>

#include "topologies/views.h"

namespace cats::topologies {
namespace {

// Pixels.
constexpr int kBoxWidth = 176;
constexpr int kColumnGap = 216;
constexpr int kRowGap = 52;
constexpr int kHalfRowGap = kRowGap / 2;
constexpr int kPortPitch = 26;
constexpr int kLineHeight = 15;
constexpr int kMargin = 32;
constexpr int kHeader = 84;

struct Look {
  const char* fill;
  const char* stroke;
};
Look look(Role role) {
  switch (role) {
    case Role::kHost:
      return {"#f1f3f5", "#6c757d"};
    case Role::kIngress:
      return {"#e7f0ff", "#1c64d1"};
    case Role::kTransit:
      return {"#ffffff", "#495057"};
    case Role::kEgress:
      return {"#e6f7f1", "#0b7a57"};
    case Role::kEdgeServer:
      return {"#fff4e0", "#a86400"};
    case Role::kManager:
    case Role::kController:
      return {"#f6ecff", "#7437b8"};
  }
  return {"#ffffff", "#000000"};
}

using svg::words;

std::vector<std::string> captions(const Topology& topology, const Node& node) {
  std::vector<std::string> lines;
  for (const auto& loopback : {node.loopback, node.loopback4})
    if (loopback) lines.push_back(loopback->str());
  if (node.locator) lines.push_back("locator " + node.locator->str());
  if (node.instance) {
    const Instance& instance = topology.instances[*node.instance];
    lines.push_back("CS-ID " + topology.services[instance.service].cs_id.str());
    lines.push_back("SID " + instance.sid.str());
    lines.push_back("AS " + std::to_string(node.as_number));
  }
  return lines;
}

// What an end adds to its link's network: "::1", ".5"; the whole address when it is not written that way.
std::string host_part(const IpPrefix& address) {
  const std::string text = address.address.str();
  if (address.address.is_v4()) return text.substr(text.rfind('.'));
  const std::string network = address.network().address.str();  // "2001:2:0:1001::"
  return text.starts_with(network) && network.ends_with("::") ? "::" + text.substr(network.size()) : text;
}

struct Box {
  int x = 0;
  int y = 0;  // top
  int height = 0;
  std::map<std::size_t, int> ports;  // y of the link's end, by link
  int middle() const { return y + height / 2; }
};

class Picture {
 public:
  explicit Picture(const Topology& topology) : topology_(topology) {
    assign_columns();
    place_boxes();
    for (const Node& node : topology_.nodes) {
      place_ports(node, true);
      place_ports(node, false);
    }
  }

  std::string draw() const {
    std::string text = svg::begin(width_, height_, topology_.name);
    text += words(kMargin, 60, "start", 12, "#495057", subtitle());
    for (std::size_t i = 0; i < topology_.links.size(); ++i) text += draw_link(i);
    for (const Node& node : topology_.nodes) text += draw_box(node);
    return text + "</svg>\n";
  }

 private:
  // Hosts, then routers by their distance from the ingress, egress routers together behind them, then edge servers.
  void assign_columns() {
    const std::map<std::string, int> distance = distances();
    int last = -1;
    for (const Node& node : topology_.nodes)
      if (node.role == Role::kIngress || node.role == Role::kTransit) last = std::max(last, distance.at(node.name));
    for (const Node& node : topology_.nodes) {
      int column = 0;
      if (is_router(node.role)) column = 1 + distance.at(node.name);
      if (node.role == Role::kEgress) column = last + 2;
      if (node.role == Role::kEdgeServer) column = last + 3;
      column_[node.name] = column;
      columns_[column].push_back(&node);
    }
  }

  // Over links between routers, from all ingress routers, else from the first router.
  std::map<std::string, int> distances() const {
    std::vector<const Node*> roots = topology_.with_role(Role::kIngress);
    if (roots.empty() && !topology_.routers().empty()) roots.push_back(topology_.routers()[0]);
    std::map<std::string, int> distance;
    std::queue<const Node*> waiting;
    for (const Node* root : roots) {
      distance[root->name] = 0;
      waiting.push(root);
    }
    while (!waiting.empty()) {
      const Node& node = *waiting.front();
      waiting.pop();
      for (const Interface& interface : node.interfaces) {
        const Node& peer = topology_.node(interface.peer);
        if (is_router(peer.role) && distance.emplace(peer.name, distance[node.name] + 1).second) waiting.push(&peer);
      }
    }
    return distance;
  }

  // The interfaces whose links leave to one side, to other columns.
  std::vector<const Interface*> side(const Node& node, bool right) const {
    std::vector<const Interface*> result;
    for (const Interface& interface : node.interfaces) {
      const int there = column_.at(interface.peer);
      const int here = column_.at(node.name);
      if (right ? there > here : there < here) result.push_back(&interface);
    }
    return result;
  }

  int height_of(const Node& node) const {
    const int text = 34 + kLineHeight * static_cast<int>(captions(topology_, node).size());
    const std::size_t ports = std::max(side(node, true).size(), side(node, false).size());
    return std::max(text, static_cast<int>(ports + 1) * kPortPitch);
  }

  void place_boxes() {
    std::map<int, int> heights;  // by column
    int tallest = 0;
    for (const auto& [column, nodes] : columns_) {
      for (const Node* node : nodes) heights[column] += height_of(*node) + kRowGap;
      tallest = std::max(tallest, heights[column]);
    }
    int x = kMargin;
    for (const auto& [column, nodes] : columns_) {
      int y = kHeader + kRowGap / 2 + (tallest - heights[column]) / 2;
      for (const Node* node : nodes) {
        boxes_[node->name] = {x, y, height_of(*node), {}};
        y += height_of(*node) + kRowGap;
      }
      x += kBoxWidth + kColumnGap;
    }
    width_ = std::max(x - kColumnGap + kMargin, 480);
    height_ = kHeader + tallest + kMargin / 2;
  }

  // In the order of what they lead to, so that lines of one box do not cross.
  void place_ports(const Node& node, bool right) {
    std::vector<const Interface*> interfaces = side(node, right);
    std::ranges::stable_sort(interfaces, {}, [&](const Interface* i) { return boxes_.at(i->peer).middle(); });
    Box& box = boxes_.at(node.name);
    int y = box.middle() - kPortPitch * (static_cast<int>(interfaces.size()) - 1) / 2;
    for (const Interface* interface : interfaces) {
      box.ports[interface->link] = y;
      y += kPortPitch;
    }
  }

  std::string subtitle() const {
    std::string text;
    for (const Service& service : topology_.services)
      text += fmt::format("{}{}: CS-ID {}, {} instance{}", text.empty() ? "" : " · ", service.name, service.cs_id,
                          service.instances.size(), service.instances.size() == 1 ? "" : "s");
    return text.empty() ? fmt::format("{} nodes, {} links", topology_.nodes.size(), topology_.links.size()) : text;
  }

  std::string draw_box(const Node& node) const {
    const Box& box = boxes_.at(node.name);
    const Look colours = look(node.role);
    const std::vector<std::string> lines = captions(topology_, node);
    int y = box.middle() - (kLineHeight * static_cast<int>(lines.size())) / 2 + 4;
    std::string text = fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"/>\n"
        "<text x=\"{}\" y=\"{}\" font-size=\"13\" font-weight=\"bold\" fill=\"#212529\">{}</text>\n",
        box.x, box.y, kBoxWidth, box.height, colours.fill, colours.stroke, box.x + 12, y, svg::escaped(node.name));
    text += words(box.x + kBoxWidth - 12, y, "end", 11, colours.stroke, std::string(role_name(node.role)));
    for (const std::string& line : lines) text += words(box.x + 12, y += kLineHeight, "start", 11, "#343a40", line);
    return text;
  }

  const Interface& interface(const LinkEnd& end) const { return topology_.node(end.node).interface(end.interface); }

  static std::string caption(const Interface& interface) {
    std::string text = interface.name + " " + host_part(interface.address);
    if (interface.address4) text += " " + host_part(*interface.address4);
    return text;
  }

  // On a white ground, in the middle of the line.
  std::string networks(int x, int y, const LinkEnd& end) const {
    const Interface& i = interface(end);
    std::vector<std::string> lines{i.address.network().str()};
    if (i.address4) lines.push_back(i.address4->network().str());
    const int height = 13 * static_cast<int>(lines.size());
    std::string text = fmt::format("<rect x=\"{}\" y=\"{}\" width=\"104\" height=\"{}\" fill=\"#ffffff\"/>\n", x - 52,
                                   y - height / 2, height);
    int line = y - height / 2 - 3;
    for (const std::string& network : lines) text += words(x, line += 13, "middle", 10, "#495057", network);
    return text;
  }

  std::string draw_link(std::size_t number) const {
    const Link& link = topology_.links[number];
    const char* stroke = link.core ? "#495057" : "#adb5bd";
    LinkEnd left = link.a;
    LinkEnd right = link.b;
    if (column_.at(left.node) == column_.at(right.node)) return draw_inside_column(left, right, stroke);
    if (column_.at(right.node) < column_.at(left.node)) std::swap(left, right);
    const int x1 = boxes_.at(left.node).x + kBoxWidth;
    const int x2 = boxes_.at(right.node).x;
    const int y1 = boxes_.at(left.node).ports.at(number);
    const int y2 = boxes_.at(right.node).ports.at(number);
    // Level for the length of a label at both ends.
    std::string text =
        fmt::format("<polyline points=\"{},{} {},{} {},{} {},{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n",
                    x1, y1, x1 + 56, y1, x2 - 56, y2, x2, y2, stroke);
    text += words(x1 + 5, y1 - 4, "start", 10, "#6c757d", caption(interface(left)));
    text += words(x2 - 5, y2 - 4, "end", 10, "#6c757d", caption(interface(right)));
    return text + networks((x1 + x2) / 2, (y1 + y2) / 2, link.a);
  }

  // Straight down to the next box; past the boxes between, through the space at the right.
  std::string draw_inside_column(LinkEnd upper, LinkEnd lower, const char* stroke) const {
    if (boxes_.at(lower.node).y < boxes_.at(upper.node).y) std::swap(upper, lower);
    const Box& a = boxes_.at(upper.node);
    const Box& b = boxes_.at(lower.node);
    const int y1 = a.y + a.height;
    if (b.y - y1 == kRowGap) {
      const int x = a.x + 30;
      return fmt::format("<path d=\"M {0} {1} V {2}\" stroke=\"{3}\" stroke-width=\"1.5\"/>\n", x, y1, b.y, stroke) +
             words(x + 6, y1 + 13, "start", 10, "#6c757d", caption(interface(upper))) +
             words(x + 6, b.y - 5, "start", 10, "#6c757d", caption(interface(lower))) +
             words(x + 6, y1 + kHalfRowGap + 4, "start", 10, "#495057", interface(upper).address.network().str());
    }
    const int x = a.x + kBoxWidth;
    return fmt::format(
        "<path d=\"M {0} {1} C {2} {1}, {2} {3}, {0} {3}\" fill=\"none\" stroke=\"{4}\" stroke-width=\"1.5\"/>\n", x,
        y1 - 8, x + 60, b.y + 8, stroke);
  }

  const Topology& topology_;
  std::map<std::string, int> column_;
  std::map<int, std::vector<const Node*>> columns_;
  std::map<std::string, Box> boxes_;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace

std::string svg(const Topology& topology) { return Picture(topology).draw(); }

}  // namespace cats::topologies
