#!/usr/bin/python3
"""Writes a small run directory of the controller's benchmarks as runner and agents would: OUT [FAULT].

Centralized mode, three sites, T = 200 ms, three trials of each test one after another. FAULT names one thing that goes
wrong; each must make the analysis say so.
"""
import json
import os
import sys

OUT = sys.argv[1]
FAULT = sys.argv[2] if len(sys.argv) > 2 else "none"
TRIALS = 3
MS, S = 10**6, 10**9
T, AGE_LIMIT = 200 * MS, S
CS_ID = "2001:2:0:c5::1"
SITES = [{"node": f"es{i}", "csci": f"2001:2:0:100{i}::2", "cs_id": CS_ID, "egress": f"r{i + 1}", "quota_cores": 0.2}
         for i in (1, 2, 3)]
OWN = "global-min"
TESTBED = {"sites": SITES, "ingresses": ["r1"], "steering": [{"ingress": "r1", "decider": "sdn", "listener": "sdn"}],
           "receivers": [{"node": "sdn", "via": "rest"}], "hosts": ["h1"]}
STEPS = [50, 100, 200]
logs = {}
csv = {}


def log(node, t, event, **fields):
    logs.setdefault(node, []).append({"t_ns": t, "node": node, "event": event, **fields})


def row(file, header, values):
    csv.setdefault(file, [header]).append(",".join(str(v) for v in values))


class Run:
    def __init__(self):
        self.t = 1000 * S
        self.seq = 0
        self.id = 0
        self.synthetic = 10**9
        self.algorithm = OWN
        self.silent = set()
        self.heard = {s["csci"]: self.t for s in SITES}
        self.processing = MS
        self.deaf = self.stuck = self.no_installs = False
        self.turn = self.steered = 0

    def decide(self, t):
        """Decided at t: in force 3 ms later."""
        if self.stuck:
            return None
        self.id += 1
        there = [s["csci"] for s in SITES if t - self.heard[s["csci"]] <= AGE_LIMIT]
        weights = {s["csci"]: 0.0 for s in SITES}
        for csci in there if self.algorithm == "round-robin" else there[:1]:
            weights[csci] = 1 / len(there) if self.algorithm == "round-robin" else 1.0
        log("sdn", t, "decision", id=self.id, service=CS_ID, algorithm=self.algorithm, weights=weights,
            inputs=[{"csci": s["csci"], "seq": 1, "age_ns": 0, "load": 0.1, "window_end": t, "eligible": True} for s in SITES])
        if not self.no_installs:
            log("r1", t + 3 * MS, "route_installed", decision=self.id, acked_ns=t + 3 * MS, changed=1)
            log("sdn", t + 4 * MS, "order_acknowledged", router="r1", service=CS_ID, decision=self.id)
        return self.id

    def receive(self, t, csci, seq, window_end):
        self.heard[csci] = t
        log("sdn", t, "metric_received", source=csci, via="rest", seq=seq, path=0, values={"available_compute": 50.0},
            known=None, window_end=window_end)

    def until(self, end):
        """The edge servers' updates: sent in turn, 20 ms later at the controller."""
        while True:
            site = SITES[self.turn % 3]
            at = 1000 * S + self.turn // 3 * T + self.turn % 3 * 50 * MS
            if at >= end:
                break
            self.turn += 1
            self.seq += 1
            log(site["node"], at, "metric_sent", source=site["csci"], via="rest", seq=self.seq, window_end=at - 5 * MS,
                values={"available_compute": 50.0}, known=None)
            if site["csci"] in self.silent:
                continue
            if self.deaf:
                self.deaf = False
                continue
            self.receive(at + 20 * MS, site["csci"], self.seq, at - 5 * MS)
            self.decide(at + 20 * MS + self.processing)
        self.t = end

    def phase(self, name, length):
        log("runner", self.t, "phase", trial=self.trial, name=name)
        self.until(self.t + length)

    def burst(self, rate, length, response, lost=0):
        start, count = self.t, rate * length // S
        for n in range(count):
            at = start + n * (S // rate)
            csci = SITES[(self.synthetic + n) % 3]["csci"]
            if n >= count - lost:
                continue
            self.receive(at + response // 2, csci, self.synthetic + n, at)
            self.decide(at + response)
        self.until(start + length)
        log("esm", self.t, "burst", rate=float(rate), batch=1, messages=count, updates=count, first_seq=self.synthetic,
            started_ns=start, late_ns=0)
        self.synthetic += count

    def start(self, test, index, parameters):
        self.trial = f"{test}.{index}.0"
        log("runner", self.t, "testbed", **TESTBED)
        log("runner", self.t, "trial_started", trial=self.trial, test=test, entry=test, index=index, attempt=0, seed=7 + index,
            algorithm=OWN, interval_ns=T, mode="centralized", cps="controller", southbound="agent", quick=False,
            parameters=parameters)
        self.phase("warm-up", S)

    def end(self):
        self.phase("done", 100 * MS)
        log("runner", self.t, "trial_ended", trial=self.trial, void=None)
        log("runner", self.t, "host_idle", trial=self.trial, share=0.6)
        self.until(self.t + 300 * MS)

    def messages(self, index):
        self.start("controller-messages", index, {"late_ms": 100})
        if FAULT == "lost-update" and index == 1:
            self.deaf = True
        self.stuck = FAULT == "stuck-cps" and index == 1
        self.phase("measure", 2 * S)
        self.phase("drain", 700 * MS)
        for rate in STEPS:
            log("runner", self.t, "phase", trial=self.trial, name=f"rate-{rate}")
            late = FAULT == "late" and rate == 200
            lost = 3 if FAULT == "overrun" and rate >= 100 else 0
            if not (FAULT == "no-burst" and rate == 100):
                self.burst(rate, 500 * MS, 240 * MS if late else 2 * MS, lost)
            self.phase("pause", 500 * MS)
        self.end()
        self.stuck = False

    def provisioning(self, index):
        self.start("path-provisioning", index, {"proactive": 6.0, "reactive": 1.0})
        log("runner", self.t, "phase", trial=self.trial, name="proactive")
        for n in range(6):
            if FAULT == "no-installs" and index == 2 and n == 4:
                self.no_installs = True
            asked = self.t
            self.algorithm = "round-robin" if n % 2 == 0 else OWN
            decision = self.decide(asked + 2 * MS)
            self.until(asked + 6 * MS)
            log("runner", self.t, "provisioned", trial=self.trial, decision=decision, asked_ns=asked)
        self.algorithm = "round-robin"
        self.phase("settle", 700 * MS)
        log("runner", self.t, "phase", trial=self.trial, name="orders")
        self.burst(200, S, 2 * MS)
        self.phase("settle", 700 * MS)
        site = SITES[index]
        if FAULT != "not-silent":
            self.silent.add(site["csci"])
        self.phase("silence", AGE_LIMIT + 2 * T + 300 * MS)
        log("runner", self.t, "phase", trial=self.trial, name="reactive")
        self.silent.clear()
        log("runner", self.t, "returned", trial=self.trial, source=site["csci"])
        self.until(self.t + 900 * MS)
        self.algorithm = OWN
        self.no_installs = False
        self.decide(self.t)
        self.end()

    def sessions(self, index):
        self.start("session-capacity", index, {})
        self.phase("without", 2 * S)
        self.processing = 2 * MS
        held = 0
        for count in (100, 200, 400):
            held = min(count, 350 + index)
            log("runner", self.t, "phase", trial=self.trial, name=f"hold-{count}")
            self.until(self.t + 500 * MS)
            refused = 0 if held == count or FAULT == "no-refusal" else 1
            if FAULT == "no-refusal":
                held = count
            log("rest-load", self.t, "rest_sessions", asked=count, held=held, refused=refused,
                why="503: too many connections" if refused else None, clean=FAULT != "unclean" or not refused)
            self.until(self.t + S)
        log("runner", self.t, "phase", trial=self.trial, name="release")
        log("rest-load", self.t + 1, "rest_released", held=held - (2 if FAULT == "dropped" and index == 0 else 0), opened=held)
        self.processing = MS
        self.until(self.t + 700 * MS)
        self.end()

    def disturbance(self, test, index, kinds):
        self.start(test, index, {})
        self.phase("without", 2 * S)
        start, disturbed = self.t, index == 1 and test == "exception-handling"
        self.processing = 3 * MS
        self.deaf = FAULT == "lost-under-flood" and index == 1 and test == "denial-of-service"
        for n in range(20):
            for kind, status in kinds.items():
                if status and not (disturbed and FAULT == "unlogged" and n == 3):
                    log("sdn", start + n * 90 * MS + 100, "refused", principal="", status=int(status), why="it is refused")
        if disturbed and FAULT == "changed":
            self.algorithm = "round-robin"
        self.phase("with", 2 * S)
        self.algorithm = OWN
        if disturbed and FAULT == "forged":
            self.receive(self.t - 1, SITES[0]["csci"], 900000, self.t)
        log("runner", self.t, "phase", trial=self.trial, name="drain")
        messages = []
        for kind, status in kinds.items():
            accepted = 1 if disturbed and FAULT == "accepted" else 0
            messages.append({"kind": kind, "sent": 20, "refused": 20 - accepted, "accepted": accepted, "unanswered": 0,
                             "outcomes": {status or "connection ended": 20}})
        log("rest-load", self.t + 1, "rest_load", kind="flood" if len(kinds) == 1 else "bad_messages", rate=10.0, started_ns=start,
            messages=messages)
        self.processing = MS
        self.until(self.t + 700 * MS)
        self.end()


    def capacity(self, index):
        """Three steps; in each the host opens ten sessions, all of which the flow table marks."""
        self.start("forwarding-capacity", index, {})
        kept = 0
        self.steered += 7  # of others, before
        for step, count in enumerate((2500, 5000, 10000)):
            log("runner", self.t, "phase", trial=self.trial, name=f"hold-{count}")
            full = FAULT == "table-full" and count == 10000
            held = 9000 if full else count
            held_now = {"asked": count, "refused": "conntrack -I: Cannot allocate memory" if full else None, "limit": 262144}
            log("r1", self.t, "flows_held", kept=kept, held=held, steered=self.steered, **held_now)
            start = self.t + 100 * MS
            for n in range(0 if full else 10):
                at, name = start + n * 50 * MS, f"{step}.{n}"
                wrong = index == 1 and step == 1 and n == 4
                row("h1.requests", "trial,scheduled_ns,sent_ns,done_ns,instance,status,session,kind,queue_ns,service_ns,work_us",
                    [self.trial, at, at, at + MS, SITES[0]["csci"], "timeout" if wrong and FAULT == "unanswered" else "ok", name,
                     "short", 0, 0, 500])
                row("h1.sessions", "trial,session,kind,started_ns,connected_ns,closed_ns,source,port,service,outcome",
                    [self.trial, name, "short", at, at, at + MS, "2001:2::5", 1000 + n, CS_ID, "closed"])
                self.steered += 0 if wrong and FAULT == "unsteered" else 1
            if not full:
                row("h1.load", "trial,start_ns,end_ns,offered,sent,answered", [self.trial, start, start + 500 * MS, 10, 10, 10])
            self.until(self.t + 700 * MS)
            kept = held - (1 if FAULT == "lost-entries" and index == 0 and step == 2 else 0)
            log("r1", self.t, "flows_held", kept=kept, held=held, steered=self.steered, **held_now)
            kept = held
        self.end()


run = Run()
for trial_index in range(TRIALS):
    run.messages(trial_index)
    run.provisioning(trial_index)
    run.sessions(trial_index)
    run.capacity(trial_index)
    run.disturbance("exception-handling", trial_index, {"no-json": "400", "wrong-token": "401", "unknown-path": "404",
                                                        "long-header": "431", "long-body": "413", "no-tls": None})
    run.disturbance("denial-of-service", trial_index, {"no-token": "401"})
for folder in ("events", "samples"):
    os.makedirs(f"{OUT}/{folder}", exist_ok=True)
for name, lines in csv.items():
    with open(f"{OUT}/samples/{name}.csv", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
for node, lines in logs.items():
    with open(f"{OUT}/events/{node}.jsonl", "w", encoding="utf-8") as file:
        for line in sorted(lines, key=lambda e: e["t_ns"]):
            file.write(json.dumps(line) + "\n")
