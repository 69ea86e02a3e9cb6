// Whose request it is, by its token, and word of what was not granted.
#pragma once

#include <functional>
#include <string>

#include "http/server.h"
#include "http/tokens.h"

namespace cats::http {

// `principal` is "" for who bears none of the tokens; `why` is the problem's detail.
using Refused = std::function<void(const std::string& principal, unsigned status, const std::string& why)>;

// Has `ask` answer who bears one of the tokens; anybody else is answered 401. `refused`, if any, is told of an answer
// 4xx, right before it is given.
void admit(const Request& request, const Tokens& tokens, const Reply& reply, const Refused& refused,
           const std::function<void(const Principal& principal, const Reply& reply)>& ask);

}  // namespace cats::http
