#include <algorithm>
#include <array>
#include <map>
#include <queue>

#include "topologies/views.h"

namespace cats::topologies {
namespace {

constexpr int kBoxWidth = 172;
constexpr int kRowHeight = 96;  // from box to box, labels of links between
constexpr int kColumnGap = 150;
constexpr int kMargin = 32;
constexpr int kHeader = 88;
constexpr int kLineHeight = 15;

struct Look {
  const char* fill;
  const char* stroke;
};
Look look(Role role) {
  switch (role) {
    case Role::kHost:
      return {"#f1f3f5", "#868e96"};
    case Role::kIngress:
      return {"#e7f0ff", "#1c64d1"};
    case Role::kTransit:
      return {"#ffffff", "#495057"};
    case Role::kEgress:
      return {"#e6f7f1", "#0b8a62"};
    case Role::kEdgeServer:
      return {"#fff4e0", "#c77700"};
  }
  return {"#ffffff", "#000000"};
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else {
      result += c;
    }
  }
  return result;
}

std::vector<std::string> captions(const Topology& topology, const Node& node) {
  std::vector<std::string> lines;
  if (node.loopback) lines.push_back(node.loopback->str());
  if (node.locator) lines.push_back("locator " + node.locator->str());
  if (node.instance) {
    const Instance& instance = topology.instances[*node.instance];
    lines.push_back("CS-ID " + topology.services[instance.service].cs_id.str());
    lines.push_back("AS " + std::to_string(node.as_number));
  }
  return lines;
}

int box_height(const Topology& topology, const Node& node) {
  return 30 + kLineHeight * static_cast<int>(captions(topology, node).size());
}

struct Point {
  int x = 0;  // of the box' left edge
  int y = 0;  // of its middle
};

class Picture {
 public:
  explicit Picture(const Topology& topology) : topology_(topology) { place(); }

  std::string draw() const {
    std::string links;
    for (const Link& link : topology_.links) links += draw_link(link);
    std::string nodes;
    for (const Node& node : topology_.nodes) nodes += draw_node(node);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n"
        "<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{3}{4}{5}</svg>\n",
        width_, height_, escaped(topology_.name), header(), links, nodes);
  }

 private:
  // Hosts, then routers by their distance from the ingress (egress routers together at the far end), then edge servers.
  void place() {
    const std::map<std::string, int> distance = distances();
    int last = 0;
    for (const Node& node : topology_.nodes)
      if (node.role == Role::kIngress || node.role == Role::kTransit) last = std::max(last, distance.at(node.name));
    std::map<int, std::vector<std::string>> columns;
    for (const Node& node : topology_.nodes) {
      int column = is_router(node.role) ? 1 + distance.at(node.name) : 0;
      if (node.role == Role::kEgress) column = last + 2;
      if (node.role == Role::kEdgeServer) column = last + 3;
      columns[column].push_back(node.name);
    }
    std::size_t rows = 1;
    for (const auto& [column, names] : columns) rows = std::max(rows, names.size());
    const int body = static_cast<int>(rows) * kRowHeight;
    int x = kMargin;
    for (const auto& [column, names] : columns) {
      const int top = kHeader + (body - static_cast<int>(names.size()) * kRowHeight) / 2;
      for (std::size_t row = 0; row < names.size(); ++row)
        places_[names[row]] = {x, top + kRowHeight / 2 + static_cast<int>(row) * kRowHeight};
      x += kBoxWidth + kColumnGap;
    }
    width_ = std::max(x - kColumnGap + kMargin, 420);
    height_ = kHeader + body + kMargin;
  }

  // Over links between routers, from all ingress routers, else from the first router.
  std::map<std::string, int> distances() const {
    std::map<std::string, int> distance;
    std::queue<const Node*> waiting;
    std::vector<const Node*> roots = topology_.with_role(Role::kIngress);
    if (roots.empty() && !topology_.routers().empty()) roots.push_back(topology_.routers()[0]);
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

  std::string header() const {
    std::string text =
        fmt::format("<text x=\"{}\" y=\"36\" font-size=\"18\" font-weight=\"bold\" fill=\"#212529\">{}</text>\n",
                    kMargin, escaped(topology_.name));
    std::string services;
    for (const Service& service : topology_.services)
      services += fmt::format("{}{}: CS-ID {}, {} instance{}", services.empty() ? "" : " · ", escaped(service.name),
                              service.cs_id, service.instances.size(), service.instances.size() == 1 ? "" : "s");
    if (services.empty()) services = fmt::format("{} nodes, {} links", topology_.nodes.size(), topology_.links.size());
    return text + fmt::format("<text x=\"{}\" y=\"58\" fill=\"#495057\">{}</text>\n", kMargin, services);
  }

  std::string draw_node(const Node& node) const {
    const Point at = places_.at(node.name);
    const int height = box_height(topology_, node);
    const int top = at.y - height / 2;
    const Look colours = look(node.role);
    std::string text = fmt::format(
        "<g><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"{}\" "
        "stroke-width=\"1.5\"/>\n"
        "<text x=\"{}\" y=\"{}\" font-weight=\"bold\" fill=\"#212529\">{}</text>"
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-size=\"11\" fill=\"{}\">{}</text>\n",
        at.x, top, kBoxWidth, height, colours.fill, colours.stroke, at.x + 10, top + 20, escaped(node.name),
        at.x + kBoxWidth - 10, top + 20, colours.stroke, role_name(node.role));
    int y = top + 20;
    for (const std::string& line : captions(topology_, node))
      text += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"#343a40\">{}</text>\n", at.x + 10,
                          y += kLineHeight, escaped(line));
    return text + "</g>\n";
  }

  std::string draw_link(const Link& link) const {
    Point a = places_.at(link.a.node);
    Point b = places_.at(link.b.node);
    LinkEnd left = link.a;
    LinkEnd right = link.b;
    if (b.x < a.x) {
      std::swap(a, b);
      std::swap(left, right);
    }
    const char* stroke = link.core ? "#495057" : "#adb5bd";
    if (a.x == b.x) return draw_inside_column(a, b, left, right, stroke);
    const int x1 = a.x + kBoxWidth;
    const int x2 = b.x;
    const int middle = (x1 + x2) / 2;
    return fmt::format(
               "<path d=\"M {0} {1} C {2} {1}, {2} {3}, {4} {3}\" fill=\"none\" stroke=\"{5}\" "
               "stroke-width=\"1.5\"/>\n",
               x1, a.y, middle, b.y, x2, stroke) +
           label(x1 + 5, shifted(a.y, b.y), "start", left) + label(x2 - 5, b.y - 5, "end", right);
  }

  // A curve leaves a box upwards or downwards: keep the label of its end on the other side.
  static int shifted(int from, int to) { return to < from ? from + 14 : from - 5; }

  std::string draw_inside_column(Point a, Point b, LinkEnd upper, LinkEnd lower, const char* stroke) const {
    if (b.y < a.y) {
      std::swap(a, b);
      std::swap(upper, lower);
    }
    const int y1 = a.y + box_height(topology_, topology_.node(upper.node)) / 2;
    const int y2 = b.y - box_height(topology_, topology_.node(lower.node)) / 2;
    const bool neighbors = b.y - a.y == kRowHeight;
    // Past the boxes between, through the free space at the right.
    const int x = a.x + kBoxWidth / 2;
    const std::string path = neighbors ? fmt::format("M {0} {1} L {0} {2}", x, y1, y2)
                                       : fmt::format("M {0} {1} C {2} {1}, {2} {3}, {0} {3}", a.x + kBoxWidth, a.y + 12,
                                                     a.x + kBoxWidth + 46, b.y - 12);
    const std::string drawn =
        fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", path, stroke);
    if (!neighbors) return drawn;
    return drawn + label(x + 6, y1 + 12, "start", upper) + label(x + 6, y2 - 4, "start", lower);
  }

  std::string label(int x, int y, const char* anchor, const LinkEnd& end) const {
    const Interface& interface = topology_.node(end.node).interface(end.interface);
    const IpAddress& address = interface.address4 ? interface.address4->address : interface.address.address;
    return fmt::format(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-size=\"10\" fill=\"#868e96\">{}</text>\n"
        "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-size=\"9\" fill=\"#868e96\">{}</text>\n",
        x, y, anchor, escaped(end.interface), x, y + 18, anchor, address);
  }

  const Topology& topology_;
  std::map<std::string, Point> places_;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace

std::string svg(const Topology& topology) { return Picture(topology).draw(); }

}  // namespace cats::topologies
