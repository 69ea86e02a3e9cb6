#!/usr/bin/python3
"""Writes a run directory of lb-variance and utilization as the runner, the agents and the hosts would: OUT VARIANT.

Three sites, two hosts, T = 200 ms. VARIANT is an algorithm, for a run in which all is well, or one thing that goes wrong.
Times and choices are drawn from a fixed seed.
"""
import json
import os
import random
import sys

OUT, VARIANT = sys.argv[1:3]
ALGORITHM = {"round-robin": "round-robin", "off-floor": "round-robin", "ecmp": "ecmp", "bad-hash": "ecmp", "no-seed": "ecmp",
             "no-multipath": "ecmp", "two-next-hops": "ecmp"}.get(VARIANT, "global-min")
MS, S = 10**6, 10**9
T = 200 * MS
FLOWS, ROUNDS, TRIALS = 100, 12, 2 if VARIANT.startswith("two-trials") else 3
CS_ID = "2001:2:0:c5::1"
QUOTAS = [0.1, 0.2, 0.4] if VARIANT == "unequal" else [0.2, 0.2, 0.2]
FLOW_CORES = 0.02 if VARIANT == "saturated" else 0.005
WORK_S = 0.001
SITES = [{"node": f"es{i + 1}", "csci": f"2001:2:0:100{i + 1}::2", "cs_id": CS_ID, "egress": f"r{i + 2}", "quota_cores": q}
         for i, q in enumerate(QUOTAS)]
HOSTS = {"h1": "2001:2:0:200::2", "h2": "2001:2:0:201::2"}
rng = random.Random(11)
logs, csv = {}, {}
port = 10000
now = 1000 * S


def log(node, t, event, **fields):
    logs.setdefault(node, []).append((t, len(logs.get(node, [])), {"t_ns": t, "node": node, "event": event, **fields}))


def row(file, header, values):
    csv.setdefault(file, [header]).append(",".join("" if v is None else str(v) for v in values))


REQUESTS = "trial,scheduled_ns,sent_ns,done_ns,instance,status,session,kind,queue_ns,service_ns,work_us"
SESSIONS = "trial,session,kind,started_ns,connected_ns,closed_ns,source,port,service,outcome"
LOAD = "trial,start_ns,end_ns,offered,sent,answered"


def sample(begin, end, algorithm, cores, quiet=None):
    """What sites and ingress log from begin to end; cores(site, t) is a site's use, quiet a time without updates."""
    for i, site in enumerate(SITES):
        tick = begin + i * 60 * MS
        while tick <= end:
            usage = sum(round(cores(i, tick - T + k * 10 * MS) * 10 * MS) for k in range(20))
            log(site["node"], tick + 150_000, "sample", source=site["csci"], window_start=tick - T, window_end=tick,
                raw={"cpu_utilisation": 50.0}, unquantised={},
                accounting={"usage_ns": usage, "quota_cores": site["quota_cores"]})
            received = tick + 100 * MS
            if not (quiet and quiet[0] <= received < quiet[1]):
                log("r1", received, "metric_received", source=site["csci"], via="bgp", seq=tick // T, path=i, values={}, known=None,
                    window_end=tick)
                log("r1", received + MS, "decision", id=received // 1000, service=CS_ID, algorithm=algorithm, inputs=[],
                    weights={})
            tick += T


def multipath(seed):
    if VARIANT != "no-multipath":
        log("r1", now + 10 * MS, "multipath", service=CS_ID, seed=None if VARIANT == "no-seed" else seed,
            next_hops=2 if VARIANT == "two-next-hops" else 3)


def trial(test, index, parameters, body):
    global now
    name = f"{test}.{index}.0"
    seed = 1000 + 10 * index + len(test)
    log("runner", now, "trial_started", trial=name, test=test, entry=test, index=index, attempt=0, seed=seed, algorithm=ALGORITHM,
        interval_ns=T, mode="distributed", quick=False, parameters=parameters)
    body(name, seed, index)
    log("runner", now, "phase", trial=name, name="cool-down")
    now += 500 * MS
    log("runner", now, "host_idle", trial=name, share=0.6)
    log("runner", now, "trial_ended", trial=name, void=None)
    now += 500 * MS


def site_of(i):
    """The site of a round's flow number i."""
    if VARIANT == "off-floor" and i == 50:
        return 0
    if VARIANT == "bad-hash":
        return rng.randrange(2)
    if VARIANT == "one-update":
        return 1
    if VARIANT == "herding":
        return i // 34
    if ALGORITHM == "ecmp":
        return rng.randrange(3)
    if ALGORITHM == "global-min" and VARIANT != "unequal":
        return (i // 10) % 3  # batches of ten
    if VARIANT == "unequal":
        return (0, 1, 1, 2, 2, 2, 2)[i % 7]
    return i % 3


def lb_variance(name, seed, index):
    global now, port
    if ALGORITHM == "ecmp":
        multipath(seed)
    log("runner", now, "phase", trial=name, name="warm-up")
    start = now + 1100 * MS
    log("runner", now + 600 * MS, "phase", trial=name, name="measure")
    opens, flows = start, []
    for i in range(FLOWS):
        opens += round(rng.expovariate(50) * S)
        flows.append((opens, opens + round(rng.expovariate(1) * S), site_of(i)))
    end = max(f[1] for f in flows)
    offered = {h: 0 for h in HOSTS}
    for i, (opens, ends, site) in enumerate(flows):
        host = ("h1", "h2")[i % 2]
        port += 1
        accepted = opens + 700_000 + rng.randrange(200_000)
        closed = max(ends, accepted) + 300_000 + rng.randrange(100_000)
        row(f"{host}.sessions.csv", SESSIONS,
            [name, i // 2, "flow", opens + 10_000, accepted + 200_000, closed - 50_000, HOSTS[host], port, CS_ID, "closed"])
        due = opens
        while due < ends or due == opens:
            offered[host] += 1
            row(f"{host}.requests.csv", REQUESTS,
                [name, due, due + MS, due + 2 * MS, SITES[site]["csci"], "ok", i // 2, "flow", 0, 500_000, 1000])
            due += 100 * MS
        strike = index == 3 and i == 20
        if not (VARIANT == "lost-count" and strike):
            line = [accepted, closed, HOSTS[host], port]
            row(f"{SITES[site]['node']}.connections.csv", "accepted_ns,closed_ns,source,port", line)
            if VARIANT == "double-count" and strike:
                row(f"{SITES[(site + 1) % 3]['node']}.connections.csv", "accepted_ns,closed_ns,source,port", line)
            if VARIANT == "stray-connection" and strike:
                row(f"{SITES[site]['node']}.connections.csv", "accepted_ns,closed_ns,source,port",
                    [accepted, closed, "2001:2:0:299::2", 5])
    for host in HOSTS:
        row(f"{host}.load.csv", LOAD, [name, start, end, offered[host], offered[host], offered[host]])
    sample(now, end + S, ALGORITHM,
           lambda i, t: FLOW_CORES * sum(1 for f in flows if f[2] == i and f[0] <= t < f[1]),
           (start, end) if VARIANT == "one-update" else None)
    now = end + 600 * MS
    log("runner", now, "phase", trial=name, name="done")


def utilization(name, seed, index):
    global now
    log("runner", now, "phase", trial=name, name="warm-up")
    now += 500 * MS
    multipath(seed)
    for half in ("ecmp", "cats"):
        log("runner", now, "phase", trial=name, name=f"settle-{half}")
        start = now + 500 * MS
        log("runner", start + 2 * S, "phase", trial=name, name=f"measure-{half}")
        end = start + 8 * S
        shares = [rng.uniform(0.28, 0.38) for _ in SITES] if half == "ecmp" else [1 / 3 + rng.uniform(-0.01, 0.01) for _ in SITES]
        if VARIANT == "unequal" and half == "cats":
            shares = [1 / 7, 2 / 7, 4 / 7]
        one_sided = VARIANT in ("one-sided", "two-trials-one-sided") or (VARIANT == "two-trials-that-differ" and index == 1)
        if one_sided and half == "cats":
            shares = [0.9, 0.05, 0.05]
        if VARIANT == "idle-half" and half == "cats":
            shares = [0, 0, 0]
        cores = 0.7 if VARIANT == "saturated" else 0.24
        for host in HOSTS:
            log(host, now + MS, "load_accepted", trial=name, work_us=1000)
            count = 0
            t = start
            while t < end:
                t += round(rng.expovariate(120) * S)
                count += 1
                instance = rng.choices(SITES, shares if any(shares) else None)[0]["csci"]
                answered = not (VARIANT == "unanswered" and count % 20 == 0)
                work_us = 500 if count % 2 else 1500
                if VARIANT == "heavy-requests" and half == "cats" and instance == SITES[0]["csci"]:
                    work_us *= 3
                row(f"{host}.requests.csv", REQUESTS,
                    [name, t, t + MS, t + 2 * MS if answered else None, instance if answered else "",
                     "ok" if answered else "timeout", count, "short", 0, 1000 * work_us, work_us])
            row(f"{host}.load.csv", LOAD, [name, start, end, count, count, count])
        algorithm = "ecmp" if half == "ecmp" else ALGORITHM
        if VARIANT == "not-switched" and half == "ecmp":
            algorithm = ALGORITHM
        sample(now, end + S, algorithm, lambda i, t, s=shares: cores * s[i] if start <= t < end else 0)
        now = end
        log("runner", now, "phase", trial=name, name="close")
        now += 400 * MS
    log("runner", now, "phase", trial=name, name="done")


def main():
    log("runner", now, "testbed", sites=SITES, ingresses=["r1"], steering=[{"ingress": "r1", "decider": "r1", "listener": "r1"}],
        receivers=[{"node": "r1", "via": "bgp"}], hosts=list(HOSTS))
    for index in range(ROUNDS):
        trial("lb-variance", index, {"rounds": ROUNDS}, lb_variance)
    for index in range(TRIALS):
        trial("utilization", index, {"measure_s": 6.0, "settle_s": 2.0}, utilization)
    os.makedirs(f"{OUT}/events", exist_ok=True)
    os.makedirs(f"{OUT}/samples", exist_ok=True)
    for node, events in logs.items():
        with open(f"{OUT}/events/{node}.jsonl", "w", encoding="utf-8") as file:
            for _, _, event in sorted(events, key=lambda e: e[:2]):
                file.write(json.dumps(event, separators=(",", ":")) + "\n")
    for name, lines in csv.items():
        with open(f"{OUT}/samples/{name}", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


main()
