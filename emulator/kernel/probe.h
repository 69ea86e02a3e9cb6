// What this machine's kernel can do, found by trying it in a scratch namespace that leaves nothing behind.
#pragma once

#include <string>
#include <vector>

namespace cats::kernel {

struct Feature {
  std::string name;  // "SRv6 H.Encaps"
  bool available = false;
  bool required = false;     // without it a run cannot start; else `without` says what it costs
  std::string detail = {};   // what was found: a version, a value, the kernel's error
  std::string without = {};  // what is missing or worse without it
  std::string remedy = {};   // how to get it
};

// Never throws for a missing feature. Without root, what cannot be tried says so in `detail`.
std::vector<Feature> probe_features();

}  // namespace cats::kernel
