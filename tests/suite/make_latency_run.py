#!/usr/bin/python3
"""Writes a small run directory of test 5.3 alone: OUT [FAULT]. The world is make_run.py's.

Three trials of three load steps, at different moments after a tick of the loaded site; short sessions only.
"""
import make_run
from make_run import CS_ID, FAULT, MS, S, SITES, TESTBED, log, rng, row

TRIALS = 3
OFFSETS = (30 * MS, 480 * MS, 970 * MS)  # after a tick of the loaded site
LOADED = SITES[0]


class Run(make_run.Run):
    step = None       # while the load lasts
    wanting = 0       # decisions in a row that wanted something else
    blind = False

    def choose(self, t):
        wanted = super().choose(t)
        kept = self.installed[-1][1] if self.installed else wanted
        other = {s["csci"]: 1.0 if s is SITES[1] else 0.0 for s in SITES}
        if FAULT == "slow-cps":
            self.wanting = self.wanting + 1 if wanted != kept else 0
            return wanted if self.wanting == 9 else kept
        if FAULT == "early-cps" and self.step is not None and t > self.step:
            return other
        return other if self.blind else wanted

    def decide(self, t):
        super().decide(t)
        if FAULT == "blind-cps" and self.decision % 20 == 0:
            self.blind = True
            super().decide(t + 40 * MS)
            self.blind = False
            super().decide(t + 80 * MS)


def latency(run, name, seed):
    test = "service-latency"
    begin = run.t + 500 * MS
    run.phase(name, test, "warm-up", 3500 * MS)
    steps = []
    for offset in OFFSETS:
        run.phase(name, test, "stable", 5 * S)
        log("runner", run.t, "phase", trial=name, name="measure")
        tick = run.next_tick[LOADED["csci"]]
        step = tick + offset + rng.randrange(MS)
        run.advance(step, test)
        log(LOADED["node"], step, "load_changed", source=LOADED["csci"], cores=0.16)
        run.share[LOADED["csci"]] = lambda t, at=step: 0.9 if t >= at else 0.1
        run.step = step
        run.advance(step + 4 * S, test)
        ended = run.t
        log(LOADED["node"], ended, "load_changed", source=LOADED["csci"], cores=0)
        run.share[LOADED["csci"]] = lambda t: 0.1
        run.step = None
        steps.append((step, ended))
        run.phase(name, test, "recover", 3 * S)
    close = run.t
    log("runner", close, "phase", trial=name, name="done")
    requests(run, name, begin, close, steps)


def requests(run, name, begin, close, steps):
    for host in ("h1", "h2"):
        t, number, rows = begin, 0, []
        while True:
            t += round(rng.expovariate(10) * S)
            if t >= close:
                break
            weights = run.weights(t)
            instance = max(weights, key=weights.get)
            busy = instance == LOADED["csci"] and any(a <= t < b for a, b in steps)
            took = (45 if busy else 2) * MS + rng.randrange(MS)
            if FAULT == "slow-requests" and number % 10 == 0:
                took += 30 * MS
            failed = FAULT == "failed-requests" and number % 10 == 0
            rows.append([name, t, t + 100_000, None if failed else t + took, "" if failed else instance,
                         "timeout" if failed else "ok", number, "short", 0, 500_000, 500])
            row(f"{host}.sessions.csv", "trial,session,kind,started_ns,connected_ns,closed_ns,source,port,service,outcome",
                [name, number, "short", t, t + 600_000, t + took, "2001:2:0:200::2", 20000 + number, CS_ID, "closed"])
            number += 1
        for one in rows:
            row(f"{host}.requests.csv",
                "trial,scheduled_ns,sent_ns,done_ns,instance,status,session,kind,queue_ns,service_ns,work_us", one)
        row(f"{host}.load.csv", "trial,start_ns,end_ns,offered,sent,answered",
            [name, begin, close, len(rows), len(rows), len(rows)])


def main():
    run = Run()
    log("runner", run.t, "testbed", **TESTBED)
    run.advance(run.t + 5 * S, "none")
    for index in range(TRIALS):
        make_run.trial(run, "service-latency", index, 0,
                       {"steps": 3.0, "react_s": 2.0, "load": 0.8, "sla_ms": 20.0, "sla_share": 0.99}, latency)
    make_run.write()


main()
