// Reading the members of a command (docs/control.md) one by one, as its handler needs them.
#pragma once

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace cats {

// request[name] as a T. Throws UsageError naming it when it is missing or of another type.
template <class T>
T argument(const nlohmann::json& request, const char* name) {
  const auto found = request.find(name);
  if (found == request.end()) throw UsageError(fmt::format("\"{}\" is missing", name));
  try {
    return found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    throw UsageError(fmt::format("\"{}\": {} is not allowed", name, found->dump()));
  }
}

}  // namespace cats
