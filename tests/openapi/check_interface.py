"""Asks a role all that its document says, and much that it refuses, and checks every answer against the document.

    check_interface.py DOCUMENT PLAN ADDRESS PORT AUTHORITY TOKENS METRIC…

TOKENS is the role's own file. METRIC… are the metrics that the program knows. PLAN has what the document cannot know:
    parameters   values of path parameters that name something, and `nowhere`, values that name nothing
    asked_by     the principal that succeeds, by operation, where not everybody with the role does; `not_by`: who does not
    accepted     bodies by operation, each good for one success
    refused      by operation: [[status, body], …], beside the bodies that the schema refuses
    filled       operations whose list must not be empty
    unchanged    an operation whose answer no refused request may change
    caused_by    the operation that makes a feed bring an event, by the feed's
    unseen       documented statuses that are not brought about here, with the reason
    only         instead of everything: [[operation, status], …]
"""
import http.client
import json
import pathlib
import ssl
import sys
from typing import NamedTuple

import yaml

from document import METHODS, Document

CANDIDATES = ["x", -1, 1.5, 2**64, [], {}, True, None]
MAX_HEADER, MAX_BODY = 8 * 1024, 64 * 1024


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Feed:
    """An open text/event-stream."""

    def __init__(self, response):
        self.response = response

    def next(self):
        """Name, id and data of the next event; nothing when the stream ended."""
        event = {"event": "message", "data": ""}
        while line := self.response.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if line == "\n" and event["data"]:
                return event["event"], event.get("id"), event["data"]
            if line[0] not in ":\n":
                event[name] = value
        return None


class Checker:
    def __init__(self, document, plan, address, port, authority, tokens):
        self.document = document
        self.operations = {one.id: one for one in document.operations()}
        self.plan = plan
        self.address, self.port = address, port
        self.tls = ssl.create_default_context(cafile=authority)
        self.principals = {one["name"]: one for one in tokens}
        self.bodies = {name: iter(bodies) for name, bodies in plan.get("accepted", {}).items()}
        self.problems, self.seen, self.asked = [], set(), 0

    # -- asking
    def open(self, method, target, principal, body=None, headers=()):
        headers = dict(headers)
        if principal is not None:
            headers["Authorization"] = "Bearer " + self.principals.get(principal, {"token": principal})["token"]
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPSConnection(self.address, self.port, timeout=20, context=self.tls)
        connection.request(method, target, body, headers)
        self.asked += 1
        return connection, connection.getresponse()

    def ask(self, *request, **more):
        connection, response = self.open(*request, **more)
        endless = response.headers.get_content_type() == "text/event-stream"
        answer = Answer(response.status, response.headers, b"" if endless else response.read())
        connection.close()
        return answer

    def target(self, operation):
        return operation.target(self.plan.get("parameters", {}))

    def asker(self, operation):
        """Who succeeds."""
        named = self.plan.get("asked_by", {}).get(operation.id)
        return named or next(name for name in self.principals if self.may(operation, name))

    def may(self, operation, name):
        roles = operation.roles()
        return (not roles or self.principals[name]["role"] in roles) and name not in self.plan.get("not_by", {}).get(
            operation.id, [])

    # -- judging
    def wrong(self, what, problem):
        self.problems.append(f"{what}: {problem}")

    def matches(self, what, documented, answer):
        """Whether header and body are as documented; returns the body's value."""
        documented = self.document.resolved(documented)
        for name, header in documented.get("headers", {}).items():
            value = answer.headers.get(name)
            if value is None and header.get("required"):
                self.wrong(what, f"{answer.status} without {name}")
            if value is not None:
                for problem in self.document.problems_of(header["schema"], value):
                    self.wrong(what, f"{name}: {problem}")
        content = documented.get("content", {})
        if not content:
            if answer.body:
                self.wrong(what, f"{answer.status} has a body: {answer.body[:80]}")
            return None
        media_type = answer.headers.get_content_type()
        if media_type not in content:
            return self.wrong(what, f"{answer.status} is {media_type}")
        if media_type == "text/event-stream":
            return None
        return self.conforms(what, content[media_type]["schema"], answer.body, answer.status)

    def conforms(self, what, schema, text, status=200):
        try:
            value = json.loads(text)
        except ValueError:
            return self.wrong(what, f"{status}: no JSON: {text[:80]}")
        for problem in self.document.problems_of(schema, value):
            self.wrong(what, f"{status}: {problem}")
        if status >= 400 and isinstance(value, dict) and value.get("status") != status:
            self.wrong(what, f"{status} says that it is {value.get('status')}")
        return value

    def expect(self, operation, allowed, principal, body=None, query="", headers=(), target=None):
        target = (target or self.target(operation)) + query
        what = f"{operation.method} {target} by {principal} {str(body)[:120]}"
        answer = self.ask(operation.method, target, principal, body=body, headers=headers)
        if answer.status not in allowed:
            self.wrong(what, f"answered {answer.status}, not {' or '.join(map(str, allowed))}")
        documented = operation.item["responses"].get(str(answer.status))
        if documented is None:
            return self.wrong(what, f"{answer.status} is not documented")
        self.seen.add((operation.id, answer.status))
        return self.matches(what, documented, answer)

    def good(self, operation):
        return self.plan["accepted"][operation.id][0] if "requestBody" in operation.item else None

    def succeed(self, operation, principal=None):
        success = [int(status) for status in operation.item["responses"] if status.startswith("2")]
        body = next(self.bodies[operation.id]) if "requestBody" in operation.item else None
        value = self.expect(operation, success, principal or self.asker(operation), body)
        if operation.id in self.plan.get("filled", []) and not value:
            self.wrong(operation.id, "is empty, which says nothing")
        return value

    # -- what is asked
    def successes(self):
        for one in self.operations.values():
            if "requestBody" in one.item:
                self.succeed(one)
                continue
            for name in self.principals:
                if self.may(one, name):
                    self.succeed(one, name)

    def strangers(self):
        for one in self.operations.values():
            for token in (None, "some-other-secret"):
                self.expect(one, [401], token, self.good(one))
            for name in self.principals:
                if not self.may(one, name):
                    self.expect(one, [403], name, self.good(one))

    def wrong_bodies(self):
        for one in self.operations.values():
            if "requestBody" not in one.item:
                continue
            for text in (b"", b"nonsense", b'{"a": 1'):
                self.expect(one, [400], self.asker(one), text)
            self.expect(one, [400, 422], self.asker(one), [])
            for body in self.mutants(one):
                self.expect(one, [422], self.asker(one), body)
            for status, body in self.plan.get("refused", {}).get(one.id, []):
                self.expect(one, [status], self.asker(one), body)

    def mutants(self, operation):
        """Bodies that the schema refuses, each wrong in one member."""
        schema = operation.item["requestBody"]["content"]["application/json"]["schema"]
        shape = self.document.resolved(schema)
        good = self.good(operation)
        for name in shape["required"]:
            yield {key: value for key, value in good.items() if key != name}
        yield {**good, "colour": 1}
        for name in shape["properties"]:
            for value in CANDIDATES:
                if self.document.problems_of(schema, {**good, name: value}):
                    yield {**good, name: value}

    def nowhere(self):
        for one in self.operations.values():
            for name in [parameter["name"] for parameter in one.parameters if parameter["in"] == "path"]:
                for value in self.plan["nowhere"]:
                    target = one.target({**self.plan["parameters"], name: value})
                    self.expect(one, [404], self.asker(one), self.good(one), target=target)

    def other_methods(self):
        by_path = {}
        for one in self.operations.values():
            by_path.setdefault(one.path, []).append(one)
        for path, operations in by_path.items():
            known = {one.method for one in operations}
            for method in {method.upper() for method in METHODS} - known:
                what = f"{method} {path}"
                answer = self.ask(method, self.target(operations[0]), self.asker(operations[0]))
                if answer.status != 405:
                    self.wrong(what, f"answered {answer.status}, not 405")
                elif set(answer.headers.get("Allow", "").split(", ")) != known:
                    self.wrong(what, f"Allow is {answer.headers.get('Allow')}")
                self.matches(what, self.document.content["x-unknown-method"], answer)

    def other_paths(self):
        targets = {self.target(one) for one in self.operations.values()}
        others = {"/", "/v1/", "/v2/health", "/elsewhere", "/v1/%2e%2e/health"}
        others |= {target + more for target in targets for more in ("/", "/more", "x")}
        others |= {target.rsplit("/", count)[0] for target in targets for count in (1, 2, 3)} - {""}
        operator = next(name for name, one in self.principals.items() if one["role"] == "operator")
        for target in sorted(others - targets):
            answer = self.ask("GET", target, operator)
            if answer.status != 404:
                self.wrong(f"GET {target}", f"answered {answer.status}, not 404")
            self.matches(f"GET {target}", self.document.content["x-unknown-path"], answer)

    def limits(self):
        for one in self.operations.values():
            asker = self.asker(one)
            self.expect(one, [400], asker, query="?a=1&a=2")
            self.expect(one, [400], asker, query="?%zz")
            self.expect(one, [431], asker, headers={"X-Long": "x" * MAX_HEADER}.items())
            self.expect(one, [413], asker, b" " * (MAX_BODY + 1))

    def feeds(self):
        for name, cause in self.plan.get("caused_by", {}).items():
            first = self.follow(name, "", "snapshot")
            connection, feed = self.feed(name, "")
            self.event(name, feed, "snapshot")
            self.succeed(self.operations[cause])
            second = self.event(name, feed)
            connection.close()
            if self.follow(name, first) != second:
                self.wrong(name, "does not go on after Last-Event-ID")
            self.follow(name, "nonsense-1", "snapshot")

    def feed(self, name, last):
        operation = self.operations[name]
        headers = {"Last-Event-ID": last}.items() if last else ()
        connection, response = self.open("GET", self.target(operation), self.asker(operation), headers=headers)
        return connection, Feed(response)

    def follow(self, name, last, expected=None):
        connection, feed = self.feed(name, last)
        try:
            return self.event(name, feed, expected)
        finally:
            connection.close()

    def event(self, operation, feed, expected=None):
        """The id of the next event, which is not a snapshot unless that is expected."""
        event = feed.next()
        if event is None:
            return self.wrong(operation, "the feed ended")
        documented = self.operations[operation].item["responses"]["200"]["content"]["text/event-stream"]["x-events"]
        name, number, data = event
        if name not in documented or (name == "snapshot") != (expected == "snapshot"):
            self.wrong(operation, f"brought the event {name}")
        if name in documented:
            self.conforms(f"{operation}: {name}", documented[name], data)
        return number

    def coverage(self):
        for one in self.operations.values():
            for status in one.item["responses"]:
                if (one.id, int(status)) not in self.seen and int(status) not in self.plan.get("unseen", {}):
                    self.wrong(one.id, f"{status} is documented, and never came")

    def state(self):
        operation = self.operations[self.plan["unchanged"]]
        return json.loads(self.ask("GET", self.target(operation), self.asker(operation)).body)

    def run(self):
        if "only" in self.plan:
            for name, status in self.plan["only"]:
                one = self.operations[name]
                self.expect(one, [status], self.asker(one), self.good(one))
            return
        self.successes()
        before = self.state()
        for step in (self.strangers, self.wrong_bodies, self.nowhere, self.other_methods, self.other_paths, self.limits):
            step()
        if self.state() != before:
            self.wrong(self.plan["unchanged"], "is another one after refused requests")
        self.feeds()
        self.coverage()


def main():
    document = Document.load(sys.argv[1])
    plan = yaml.safe_load(pathlib.Path(sys.argv[2]).read_text())
    tokens = json.loads(pathlib.Path(sys.argv[6]).read_text())
    checker = Checker(document, plan, sys.argv[3], int(sys.argv[4]), sys.argv[5], tokens)
    checker.run()
    metrics = document.content["components"]["schemas"]["Metric"]["enum"]
    if sorted(metrics) != sorted(sys.argv[7:]):
        checker.wrong("Metric", f"the program knows {', '.join(sys.argv[7:])}")
    print("\n".join([*checker.problems, f"{checker.asked} requests, {len(checker.problems)} wrong answers"]))
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
