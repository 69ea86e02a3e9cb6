// What a topology file says there is: the controller is told it, answers GET /v1/inventory with it, and compares with
// it what the routers' IGP knows. The same JSON in both:
//   {"routers": [{"node", "role", "router_id", "address"}], "sites": [{"egress", "edge_servers": [NODE]}],
//    "services": [{"name", "cs_id"}], "instances": [{"csci", "cs_id", "node", "egress", "sid"}],
//    "links": [{"a", "b", "core"}]}
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "base/json_fields.h"

namespace cats::roles {

struct Inventory {
  struct Router {
    std::string node;
    std::string role;     // "ingress", "transit", "egress"
    IpAddress router_id;  // of OSPF, IPv4
    IpAddress address;    // its loopback
  };
  struct Site {  // what is behind one egress
    std::string egress;
    std::vector<std::string> edge_servers;
  };
  struct Service {
    std::string name;
    IpAddress cs_id;
  };
  struct Instance {
    IpAddress csci;
    IpAddress cs_id;
    std::string node;
    std::string egress;
    IpAddress sid;
  };
  struct Link {
    std::string a;
    std::string b;
    bool core = false;  // between two routers: the IGP knows it
  };

  std::vector<Router> routers;
  std::vector<Site> sites;
  std::vector<Service> services;
  std::vector<Instance> instances;
  std::vector<Link> links;
};

Inventory read_inventory(JsonFields& fields);
nlohmann::ordered_json to_json(const Inventory& inventory);

}  // namespace cats::roles
