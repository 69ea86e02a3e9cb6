#include "http/admission.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace cats::http {

void admit(const Request& request, const Tokens& tokens, const Reply& reply, const Refused& refused,
           const std::function<void(const Principal& principal, const Reply& reply)>& ask) {
  const Principal* principal = request.bearer ? tokens.find(*request.bearer) : nullptr;
  const Reply told = [reply, refused, who = principal == nullptr ? "" : principal->name](Response response) {
    if (refused && response.status >= 400 && response.status < 500)
      refused(who, response.status, nlohmann::json::parse(response.body).at("detail").get<std::string>());
    reply(std::move(response));
  };
  if (principal != nullptr) return ask(*principal, told);
  told(unauthorised());
}

}  // namespace cats::http
