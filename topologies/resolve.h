// From what a file says to the network that it means: roles, addresses, services.
#pragma once

#include "base/diagnostics.h"
#include "topologies/clab_file.h"
#include "topologies/topology.h"

namespace cats::topologies {

// The result may be used only when nothing was added to the diagnostics.
Topology resolve(const ClabFile& file, Diagnostics& diagnostics);

}  // namespace cats::topologies
