#!/usr/bin/python3
"""Writes a small run directory as the runner, the agents and the tap would: OUT [FAULT].

Three sites, two hosts, T = 1 s, trials of the three tests one after another. FAULT names one thing that goes wrong; each
must make the analysis say so. Times and values are drawn from a fixed seed.
"""
import ipaddress
import json
import os
import random
import sys

OUT = sys.argv[1]
FAULT = sys.argv[2] if len(sys.argv) > 2 else "none"
ALGORITHM = "round-robin" if FAULT == "round-robin" else "global-min"
TRIALS = 3
MS, S = 10**6, 10**9
T = S
QUOTA = 0.2
TIMER = 10 * S
CS_ID = "2001:2:0:c5::1"
SITES = [{"node": f"es{i}", "csci": f"2001:2:0:100{i}::2", "cs_id": CS_ID, "egress": f"r{i + 1}", "quota_cores": QUOTA}
         for i in (1, 2, 3)]
INGRESS = "r1"
TESTBED = {"sites": SITES, "ingresses": [INGRESS], "steering": [{"ingress": INGRESS, "decider": INGRESS, "listener": INGRESS}],
           "receivers": [{"node": INGRESS, "via": "bgp"}], "hosts": ["h1", "h2"]}
rng = random.Random(7)
logs = {}
csv = {}


def log(node, t, event, **fields):
    logs.setdefault(node, []).append((t, len(logs.get(node, [])), {"t_ns": t, "node": node, "event": event, **fields}))


def row(file, header, values):
    csv.setdefault(file, [header]).append(",".join("" if v is None else str(v) for v in values))


def mix64(x):
    mask = 2**64 - 1
    x = (x + 0x9E3779B97F4A7C15) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return x ^ (x >> 31)


def known_value(seed, csci, seq):
    x = mix64(seed)
    for octet in ipaddress.ip_address(csci).packed:
        x = mix64(x ^ octet)
    return max(mix64(x ^ seq) >> 32, 1)


class Run:
    def __init__(self):
        self.t = 1000 * S
        self.share = {s["csci"]: lambda t: 0.1 for s in SITES}  # CPU use at a time, relative to the quota
        self.seq = {s["csci"]: 0 for s in SITES}
        self.next_tick = {s["csci"]: self.t + i * 330 * MS for i, s in enumerate(SITES)}
        self.board = {}       # csci → (score, seq, window_end, load)
        self.installed = []   # (acked_ns, weights)
        self.decision = 0
        self.seed = None      # of the known sequence
        self.next_host_port = 20000
        self.hits = 0         # faults that strike once
        self.measuring = None  # since when the trial is in a phase that counts

    def once(self, fault, condition=True):
        if FAULT != fault or not condition or self.hits:
            return False
        self.hits += 1
        return True

    def weights(self, t):
        for acked, weights in reversed(self.installed):
            if acked <= t:
                return weights
        return None

    def choose(self, t):
        if ALGORITHM == "round-robin":
            return {s["csci"]: 1 / 3 for s in SITES}
        best = max(self.board[c][0] for c in self.board)
        chosen = min(c for c in self.board if self.board[c][0] == best)
        if FAULT == "stuck-cps":
            chosen = SITES[0]["csci"]
        if FAULT == "unstable" and (t // (2 * S)) % 2:
            chosen = SITES[2]["csci"]
        return {s["csci"]: 1.0 if s["csci"] == chosen else 0.0 for s in SITES}

    def decide(self, t):
        self.decision += 1
        weights = self.choose(t)
        log(INGRESS, t, "decision", id=self.decision, service=CS_ID, algorithm=ALGORITHM,
            inputs=[{"csci": c, "seq": b[1], "age_ns": t - b[2], "load": 1 - b[0] / 10, "window_end": b[2],
                     "eligible": True} for c, b in sorted(self.board.items())], weights=weights)
        acked = t + 700_000 + rng.randrange(200_000)
        log(INGRESS, acked, "route_installed", decision=self.decision, acked_ns=acked, changed=0)
        self.installed.append((acked, weights))

    def publish(self, site, tick, test):
        """One interval of one site: sample, send, two hops, receive, decide."""
        csci = site["csci"]
        start, end = tick - T, tick
        measured = self.measuring is not None and start >= self.measuring
        usage = round(sum(self.share[csci](start + k * T // 20) for k in range(20)) / 20 * QUOTA * T) + rng.randrange(200_000)
        used = 100 * usage / (T * QUOTA)  # percent
        collected = used
        if FAULT == "collector-bias" and site["node"] == "es1":
            collected = used - 10
        unquantised = (100 - collected) / 100
        if FAULT == "site-difference" and site["node"] == "es2":
            unquantised -= 0.15
        score = int(10 * unquantised + 0.5)
        log(site["node"], end + 150_000, "sample", source=csci, window_start=start, window_end=end,
            raw={"cpu_utilisation": collected, "queue_length": 0.0}, unquantised={"norm_fi": unquantised},
            accounting={"usage_ns": usage, "quota_cores": QUOTA})
        self.seq[csci] += 1
        seq = self.seq[csci]
        sent_score = score - 1 if self.once("wrong-score", test == "collection" and measured) else score
        values = {"available_compute": round(100 - collected), "norm_fi": sent_score}
        known = None if self.seed is None else known_value(self.seed, csci, seq)
        sent = end + 400_000 + rng.randrange(100_000)
        log(site["node"], sent, "metric_sent", source=csci, via="bgp", seq=seq, window_end=end, values=values, known=known)
        first = sent + 400_000 + rng.randrange(100_000)
        second = first + 50_200_000 + rng.randrange(400_000)
        arrived = second + 50_300_000 + rng.randrange(3_000_000)
        measuring = test == "metric-distribution" and measured
        if measuring and FAULT == "late" and seq % 8 == 0:
            second += 200 * MS
            arrived += 200 * MS
        if self.once("reordered", measuring and seq % 8 == 0):
            second += 1300 * MS
            arrived += 1300 * MS
        log("tap", first, "hop_seen", router=site["egress"], tap="bmp", source=csci, seq=seq)
        lost = self.once("lost-update", measuring and seq % 8 == 0)
        if lost:
            return
        if FAULT != "missing-hops":
            log("tap", second, "hop_seen", router=INGRESS, tap="bmp", source=csci, seq=seq)
        received = dict(values)
        if self.once("altered-value", measuring and seq % 8 == 0):
            received["available_compute"] += 1
        if self.once("altered-known", measuring and seq % 8 == 0):
            known += 1
        copies = 2 if self.once("duplicate", measuring and seq % 8 == 0) else 1
        for copy in range(copies):
            log(INGRESS, arrived + copy * MS, "metric_received", source=csci, via="bgp", seq=seq, path=int(site["node"][2:]),
                values=received, known=known, window_end=end)
        self.board[csci] = (received["norm_fi"], seq, end, collected)
        if len(self.board) == len(SITES):
            self.decide(arrived + 300_000)

    def advance(self, to, test):
        """Everything that the sites do until `to`."""
        while True:
            site = min(SITES, key=lambda s: self.next_tick[s["csci"]])
            tick = self.next_tick[site["csci"]]
            if tick > to:
                break
            self.publish(site, tick, test)
            self.next_tick[site["csci"]] = tick + T
        self.t = to

    def phase(self, trial, test, name, length):
        log("runner", self.t, "phase", trial=trial, name=name)
        self.measuring = self.t if name.startswith("measure") else None
        self.advance(self.t + length, test)
        self.measuring = None


def trial(run, test, index, attempt, parameters, body, void=None):
    name = f"{test}.{index}.{attempt}"
    seed = 1000 + 10 * index + len(test)
    log("runner", run.t, "trial_started", trial=name, test=test, entry=test, index=index, attempt=attempt, seed=seed,
        algorithm=ALGORITHM, interval_ns=T, mode="distributed", quick=False, parameters=parameters)
    run.decision = 0  # the ingress was started anew for this trial
    body(run, name, seed)
    run.phase(name, test, "cool-down", 2 * S)
    log("runner", run.t, "host_idle", trial=name, share=0.6)
    log("runner", run.t, "trial_ended", trial=name, void=void)
    run.advance(run.t + S, "none")


def collection(run, name, seed):
    run.phase(name, "collection", "warm-up", 3 * S)
    for level in (20, 50, 80):
        for i, site in enumerate(SITES):
            achieved = level / 100 + (i - 1) * 0.004
            if FAULT == "not-driven" and site["node"] == "es1" and level == 80:
                achieved = 0.5
            run.share[site["csci"]] = lambda t, a=achieved: a
        run.phase(name, "collection", f"settle-{level}", 1500 * MS)
        begun = run.t
        run.phase(name, "collection", f"measure-{level}", 4500 * MS)
        for t in range(begun, run.t + 1, 100 * MS):
            for site in SITES:
                usage = round(run.share[site["csci"]](t) * QUOTA * (t - begun))
                log("runner", t, "site_usage", trial=name, source=site["csci"], usage_ns=usage)
    log("runner", run.t, "phase", trial=name, name="done")
    for site in SITES:
        run.share[site["csci"]] = lambda t: 0.1


def distribution(run, name, seed):
    run.seed = seed
    run.phase(name, "metric-distribution", "warm-up", 3 * S)
    run.phase(name, "metric-distribution", "measure", 10 * S)
    run.phase(name, "metric-distribution", "drain", S)
    log("runner", run.t, "phase", trial=name, name="done")
    run.seed = None


def continuity(run, name, seed):
    test = "session-continuity"
    begin = run.t + 500 * MS
    run.phase(name, test, "warm-up", 3500 * MS)
    run.phase(name, test, "stable", 5 * S)
    step = run.t + 400_000
    log("runner", run.t, "phase", trial=name, name="measure")
    loaded = SITES[0]
    log(loaded["node"], step, "load_changed", source=loaded["csci"], cores=0.16)
    run.share[loaded["csci"]] = lambda t: 0.9 if t >= step else 0.1
    run.advance(run.t + 6 * S, test)
    close = run.t
    log("runner", close, "phase", trial=name, name="close")
    for site in SITES:
        run.share[site["csci"]] = lambda t: 0.1
    log(loaded["node"], close + 5 * MS, "load_changed", source=loaded["csci"], cores=0)
    run.phase(name, test, "aging", TIMER + 1500 * MS)
    watched = run.t
    log("runner", watched, "phase", trial=name, name="done")
    sessions(run, name, begin, step, close, watched, loaded["csci"])


def sessions(run, name, begin, step, close, watched, loaded):
    polls = list(range(begin - 400 * MS, watched, 100 * MS))
    for poll in polls:
        if FAULT != "no-polls":
            log(INGRESS, poll, "flow_poll", entries=10)
    turn = 0
    for host in ("h1", "h2"):
        requests = []
        opens = [("persistent", begin + rng.randrange(400 * MS)) for _ in range(4)]
        t = begin
        while True:
            t += round(rng.expovariate(5) * S)
            if t >= close:
                break
            opens.append(("short", t))
        for number, (kind, start) in enumerate(opens):
            weights = run.weights(start)
            if ALGORITHM == "round-robin":
                instance = SITES[turn % 3]["csci"]
                turn += 1
            else:
                instance = max(weights, key=weights.get)
            if FAULT == "not-following" and kind == "short" and start > step:
                instance = loaded
            session(run, name, host, number, kind, start, instance, close, watched, polls, requests, loaded)
        for request in requests:
            row(f"{host}.requests.csv",
                "trial,scheduled_ns,sent_ns,done_ns,instance,status,session,kind,queue_ns,service_ns,work_us", request)
        offered = len(requests)
        sent = offered - 20 if FAULT == "load-short" and host == "h2" else offered
        row(f"{host}.load.csv", "trial,start_ns,end_ns,offered,sent,answered", [name, begin, close, offered, sent, sent])


def session(run, name, host, number, kind, start, instance, close, watched, polls, requests, loaded):
    port = run.next_host_port
    run.next_host_port = 20000 + (port - 20000 + 1) % 40000
    ends = close + rng.randrange(20 * MS) if kind == "persistent" else start + 4 * MS + rng.randrange(2 * MS)
    outcome = "closed"
    due = start
    count = 0
    while due < min(close, ends) and (kind == "persistent" or count == 0):
        done = due + 2 * MS + rng.randrange(MS)
        answered, status = instance, "ok"
        if run.once("instance-change", kind == "persistent" and due > step_of(close)):
            answered = SITES[2]["csci"]
        if run.once("broken-session", kind == "persistent" and due > step_of(close)):
            status, answered, outcome, ends = "reset", "", "broken", due + MS
        requests.append([name, due, due + 100_000, done if status == "ok" else None, answered, status, number, kind, 0, 500_000,
                         500])
        if outcome == "broken":
            break
        count += 1
        due += 500 * MS
    source = "2001:2:0:200::2" if host == "h1" else "2001:2:0:201::2"
    row(f"{host}.sessions.csv", "trial,session,kind,started_ns,connected_ns,closed_ns,source,port,service,outcome",
        [name, number, kind, start, start + 600_000, ends, source, port, CS_ID, outcome])
    if FAULT == "no-entries":
        return
    first = next((p for p in polls if p >= start + 600_000), polls[-1])
    gone = next((p for p in polls if p > ends + TIMER + 200_000), None)
    if run.once("slow-aging", kind == "short" and start < close - 5 * S):
        gone += 3 * S
    if run.once("not-aging", kind == "short" and start < close - 5 * S):
        gone = None
    if run.once("lost-entry", kind == "persistent"):
        gone = start + 2 * S
    table = instance
    if run.once("wrong-entry", kind == "short"):
        table = SITES[1]["csci"]
    log(INGRESS, (gone or watched - MS) + 50_000, "flow",
        tuple={"source": source, "sport": port, "destination": CS_ID, "dport": 8080, "protocol": "tcp"},
        mark=1 + [s["csci"] for s in SITES].index(table), instance=table, first_ns=first, gone_ns=gone)


def step_of(close):
    return close - 4 * S


def main():
    run = Run()
    log("runner", run.t, "testbed", **TESTBED)
    run.advance(run.t + 5 * S, "none")
    void = "the selection changed" if FAULT == "void-trials" else None
    for index in range(TRIALS):
        trial(run, "collection", index, 0,
              {"settle_s": 1.5, "measure_s": 4.5, "tolerance_points": 3.0, "site_tolerance": 0.1}, collection)
        trial(run, "metric-distribution", index, 0,
              {"measure_s": 10.0, "drain_s": 1.0, "tolerance_ms": 60.0, "tolerance_share": 0.05}, distribution)
        voided = void if index == 1 else None
        for attempt in range(4 if voided else 1):
            trial(run, "session-continuity", index, attempt,
                  {"react_s": 6.0, "load": 0.8, "state_timer_s": 10.0, "poll_ms": 100.0}, continuity, voided)
    write()


def write():
    os.makedirs(f"{OUT}/events", exist_ok=True)
    os.makedirs(f"{OUT}/samples", exist_ok=True)
    for node, events in logs.items():
        if FAULT == "no-tap" and node == "tap":
            continue
        with open(f"{OUT}/events/{node}.jsonl", "w", encoding="utf-8") as file:
            for _, _, event in sorted(events, key=lambda e: e[:2]):
                file.write(json.dumps(event, separators=(",", ":")) + "\n")
    for name, lines in csv.items():
        with open(f"{OUT}/samples/{name}", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
