#!/usr/bin/python3
"""Writes a run directory of metric-distribution and service-latency in all three modes: OUT [FAULT]. Sites are make_run.py's.

Nothing is drawn at random, so that the figures are known beforehand (modes_golden_test.cc). T = 1 s; windows end at 0, 330 and 660 ms
of each second. By BGP an update leaves 0.5 ms after its window, is at the egress 0.5 ms, at the ingress' router 51 ms and at its
agent 102 ms later. By REST it leaves 1 ms after its window and is at the manager 2 ms later; the manager publishes at 900 ms of
each second, and the controller has it 1 ms after that. Hybrid is split: norm_fi by REST, available_compute by BGP.
"""
import make_run
from make_run import CS_ID, FAULT, MS, S, SITES, T, known_value, log, row

TRIALS = 2
US = 1000
OFFSETS = {s["csci"]: i * 330 * MS for i, s in enumerate(SITES)}
LOADED = SITES[0]["csci"]
STEERS = {"distributed": ("r1", "r1"), "centralized": ("sdn", "sdn"), "hybrid": ("r1", "sdn")}
RECEIVERS = {"distributed": [("r1", "bgp")], "centralized": [("sdn", "rest")], "hybrid": [("r1", "bgp"), ("sdn", "rest")]}
now = 1000 * S
seq = {s["csci"]: 0 for s in SITES}


class World:
    """The testbed while a trial lasts. Agents are started anew with every change of mode: decisions count from 1."""

    def __init__(self, mode, test, index):
        self.mode, self.test, self.index = mode, test, index
        self.ways = {via for _, via in RECEIVERS[mode]}
        self.known = {"r1": {}, "sdn": {}}  # node → source → (values, seq, window_end)
        self.at_manager = {}
        self.ids = {"r1": 0, "sdn": 0}
        self.order = None          # weights and what the controller decided on
        self.controller_up = True  # as the ingress sees it
        self.installed = []        # (acked, weights)
        self.load = None           # of LOADED: since when, until when
        self.seed = None           # of the known sequence
        self.measured = None       # since when
        self.struck = False

    def strikes(self, fault, mode="hybrid"):
        """Once, in the middle of a measured phase of the first trial of that mode."""
        hit = (FAULT == fault and self.mode == mode and self.test == "metric-distribution" and self.index == 0
               and self.measured is not None and now >= self.measured + 4 * S and not self.struck)
        self.struck = self.struck or hit
        return hit

    def late(self):
        """Every update of one second in eight."""
        return 55 * MS if FAULT == "late" and self.measured is not None and (now // S) % 8 == 0 else 0

    def second(self):
        """From one whole second to the next."""
        global now
        for site in SITES:
            self.window(site, now + OFFSETS[site["csci"]])
        if "rest" in self.ways:
            self.publish(now + 900 * MS + self.late())
        now += S

    def window(self, site, end):
        csci = site["csci"]
        busy = sum(0.9 if csci == LOADED and self.load and self.load[0] <= end - T + k * 50 * MS < self.load[1] else 0.1
                   for k in range(20)) / 20
        log(site["node"], end + 150 * US, "sample", source=csci, window_start=end - T, window_end=end,
            raw={"cpu_utilisation": 100 * busy}, unquantised={"norm_fi": 1 - busy},
            accounting={"usage_ns": round(busy * 0.2 * T), "quota_cores": 0.2})
        seq[csci] += 1
        values = {"available_compute": round(100 * (1 - busy)), "norm_fi": int(10 * (1 - busy) + 0.5)}
        if self.mode == "hybrid":
            parts = {"bgp": ["available_compute"], "rest": ["norm_fi"]}
        else:
            parts = {via: list(values) for via in self.ways}
        for via, names in parts.items():
            report = {"seq": seq[csci], "values": {n: values[n] for n in names}, "window_end": end,
                      "known": None if self.seed is None else known_value(self.seed, csci, seq[csci])}
            sent = end + (500 * US if via == "bgp" else MS)
            log(site["node"], sent, "metric_sent", source=csci, via=via, **report)
            if via == "bgp":
                self.by_bgp(site, report, sent)
            else:
                if FAULT != "no-manager":
                    log("esm", sent + 2 * MS, "hop_seen", router="esm", tap="rest", source=csci, seq=report["seq"])
                self.at_manager[csci] = report

    def by_bgp(self, site, report, sent):
        log("tap", sent + 500 * US, "hop_seen", router=site["egress"], tap="bmp", source=site["csci"], seq=report["seq"])
        if self.strikes("lost-bgp"):
            return
        log("tap", sent + 51 * MS, "hop_seen", router="r1", tap="bmp", source=site["csci"], seq=report["seq"])
        received = sent + 102 * MS + self.late()
        log("r1", received, "metric_received", source=site["csci"], via="bgp", path=int(site["node"][2:]), **report)
        self.known["r1"][site["csci"]] = report
        if len(self.known["r1"]) == len(SITES):
            self.decide("r1", received + 300 * US, "decision", 800 * US)

    def publish(self, t):
        if self.strikes("lost-rest"):
            self.at_manager.pop(SITES[1]["csci"])
        if self.strikes("manager-back", "centralized"):
            log("sdn", t + 10 * MS, "manager_state", up=False, why="connection reset")
            log("sdn", t + 510 * MS, "manager_state", up=True, why="")
        if FAULT == "controller-lost" and not self.controller_up:
            return
        for csci, report in self.at_manager.items():
            log("sdn", t + MS, "metric_received", source=csci, via="rest", path=0, **report)
            self.known["sdn"][csci] = report
        self.at_manager = {}
        if self.mode == "centralized":
            self.decide("sdn", t + MS + 400 * US, "decision", 2 * MS)
            return
        weights = self.decide("sdn", t + MS + 400 * US, "candidate", None)
        self.order = (weights, {c: (r["seq"], r["window_end"]) for c, r in self.known["sdn"].items()})
        log("r1", t + MS + 1400 * US, "order_received", service=CS_ID, decision=self.ids["sdn"])
        if len(self.known["r1"]) == len(SITES):
            self.decide("r1", t + MS + 1800 * US, "decision", 800 * US)

    def decide(self, node, t, event, takes):
        board = self.known[node]
        by = "available_compute" if self.mode == "hybrid" and node == "r1" else "norm_fi"
        best = max(r["values"][by] for r in board.values())
        chosen = min(c for c, r in board.items() if r["values"][by] == best)
        weights = {s["csci"]: 1.0 if s["csci"] == chosen else 0.0 for s in SITES}
        samples = {c: (r["seq"], r["window_end"]) for c, r in board.items()}
        if node == "r1" and self.order and self.controller_up:
            weights, samples = self.order  # one instance alone is not refined further
        self.ids[node] += 1
        log(node, t, event, id=self.ids[node], service=CS_ID, algorithm="global-min",
            inputs=[{"csci": c, "seq": samples[c][0], "age_ns": t - samples[c][1],
                     "load": 1 - r["values"][by] / (100 if by == "available_compute" else 10), "window_end": samples[c][1],
                     "eligible": True} for c, r in sorted(board.items())], weights=weights)
        if takes is not None:
            by_frr = FAULT == "by-frr" and node == "sdn"
            log("sdn" if by_frr else "r1", t + takes, "route_installed", decision=self.ids[node], acked_ns=t + takes,
                **({"router": "r1"} if by_frr else {"changed": 0}))
            self.installed.append((t + takes, weights))
        return weights

    def seconds(self, count):
        for _ in range(count):
            self.second()

    def weights_at(self, t):
        return [weights for acked, weights in self.installed if acked <= t][-1]


def metric_distribution(world, name, seed):
    world.seed = seed
    log("runner", now, "phase", trial=name, name="warm-up")
    world.seconds(3)
    log("runner", now, "phase", trial=name, name="measure")
    world.measured = now
    world.seconds(10)
    world.measured = None
    log("runner", now, "phase", trial=name, name="drain")
    world.seconds(2)
    log("runner", now, "phase", trial=name, name="done")


def service_latency(world, name, _):
    log("runner", now, "phase", trial=name, name="warm-up")
    begin = now + S
    world.seconds(4)
    log("runner", now, "phase", trial=name, name="stable")
    if FAULT == "controller-lost" and world.mode == "hybrid":
        world.seconds(2)
        log("r1", now, "controller_state", up=False, why="no order for 2 s")
        world.controller_up = False
        world.seconds(4)
    else:
        world.seconds(6)
    log("runner", now, "phase", trial=name, name="measure")
    step = now + 400 * MS
    log(SITES[0]["node"], step, "load_changed", source=LOADED, cores=0.16)
    world.load = (step, step + 5 * S)
    world.seconds(5)
    log(SITES[0]["node"], step + 5 * S, "load_changed", source=LOADED, cores=0)
    world.seconds(1)
    log("runner", now, "phase", trial=name, name="recover")
    if not world.controller_up:
        log("r1", now, "controller_state", up=True, why="an order came")
        world.controller_up = True
    world.seconds(4)
    log("runner", now, "phase", trial=name, name="done")
    requests(world, name, begin, now)


def requests(world, name, begin, close):
    for number, host in enumerate(("h1", "h2")):
        count = 0
        for t in range(begin + number * 50 * MS, close, 200 * MS):
            instance = max(world.weights_at(t), key=world.weights_at(t).get)
            busy = instance == LOADED and world.load[0] <= t < world.load[1]
            done = t + (45 if busy else 2) * MS
            row(f"{host}.requests.csv",
                "trial,scheduled_ns,sent_ns,done_ns,instance,status,session,kind,queue_ns,service_ns,work_us",
                [name, t, t + 100 * US, done, instance, "ok", count, "short", 0, 500 * US, 500])
            row(f"{host}.sessions.csv", "trial,session,kind,started_ns,connected_ns,closed_ns,source,port,service,outcome",
                [name, count, "short", t, t + 600 * US, done, f"2001:2:0:20{number}::2", 20000 + count, CS_ID, "closed"])
            count += 1
        row(f"{host}.load.csv", "trial,start_ns,end_ns,offered,sent,answered", [name, begin, close, count, count, count])


def trial(test, number, mode, index, parameters, body):
    global now
    world = World(mode, test, index)
    world.seconds(2)  # the agents have been told, and decide before the runner writes it down
    decider, listener = STEERS[mode]
    log("runner", now, "testbed", sites=SITES, ingresses=["r1"],
        steering=[{"ingress": "r1", "decider": decider, "listener": listener}],
        receivers=[{"node": node, "via": via} for node, via in RECEIVERS[mode]], hosts=["h1", "h2"])
    label = f"{test}#{number}"
    name = f"{label}.{index}.0"
    control = {} if mode == "distributed" else {
        "cps": "controller" if mode == "centralized" else "split", "southbound": "agent"}
    log("runner", now, "trial_started", trial=name, test=test, entry=label, index=index, attempt=0, seed=1000 + index,
        algorithm="global-min", interval_ns=T, mode=mode, **control, quick=False, parameters=parameters)
    body(world, name, 1000 + index)
    log("runner", now, "phase", trial=name, name="cool-down")
    world.seconds(2)
    log("runner", now, "host_idle", trial=name, share=0.6)
    log("runner", now, "trial_ended", trial=name, void=None)
    now += S


def main():
    for index in range(TRIALS):
        for number, mode in enumerate(STEERS, 1):
            trial("metric-distribution", number, mode, index,
                  {"measure_s": 10.0, "drain_s": 1.0, "tolerance_ms": 60.0, "tolerance_share": 0.05}, metric_distribution)
        for number, mode in enumerate(STEERS, 1):
            trial("service-latency", number, mode, index,
                  {"steps": 1.0, "react_s": 2.0, "load": 0.8, "sla_ms": 20.0, "sla_share": 0.99}, service_latency)
    make_run.write()


main()
