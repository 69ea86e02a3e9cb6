#!/usr/bin/python3
"""The main figures of a run directory computed again, by other code, from the raw logs: RUN_DIR REPORT_JSON.

Shares no code with the program. Every figure it knows must be in the report with the same digits, of each trial and as the
mean over trials. Exit status 1 and one line per difference otherwise.
"""
import csv
import glob
import ipaddress
import json
import math
import os
import sys

run, report_file = sys.argv[1:3]
report = json.load(open(report_file, encoding="utf-8"))
events = []
for name in sorted(glob.glob(f"{run}/events/*.jsonl")):
    with open(name, encoding="utf-8") as lines:
        events += [json.loads(line) for line in lines]
events.sort(key=lambda e: e["t_ns"])
of = {}
for e in events:
    of.setdefault(e["event"], []).append(e)
samples = {}
for kind in ("requests", "sessions"):
    for name in sorted(glob.glob(f"{run}/samples/*.{kind}.csv")):
        host = os.path.basename(name).split(".")[0]
        with open(name, encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                samples.setdefault((kind, line["trial"]), []).append({"host": host, **line})
connections = []
for name in sorted(glob.glob(f"{run}/samples/*.connections.csv")):
    with open(name, encoding="utf-8", newline="") as file:
        connections += [{"site": os.path.basename(name).split(".")[0], **line} for line in csv.DictReader(file)]
differences = []
# Of the entry that is looked at: itself, its label in the logs, the testbed as it was in its trials.
entry, label, testbed, csci_of = None, None, None, None


def ms(ns):
    return ns / 1e6


def mean(values):
    total = 0.0
    for v in values:
        total += v
    return total / len(values)


def rank(values, q):
    values = sorted(values)
    return values[max(math.ceil(q * len(values) - 1e-9), 1) - 1]


def trials_of_entry():
    found = []
    for started in of["trial_started"]:
        if started["entry"] != label:
            continue
        ended = [e for e in of.get("trial_ended", []) if e["trial"] == started["trial"]]
        if not ended or ended[0]["void"] is not None:
            continue
        marks = [(p["name"], p["t_ns"]) for p in of["phase"] if p["trial"] == started["trial"]]
        marks.append((None, ended[0]["t_ns"]))
        phases = {a[0]: (a[1], b[1]) for a, b in zip(marks, marks[1:])}
        found.append((started, phases, ended[0]["t_ns"]))
    return sorted(found, key=lambda t: t[0]["index"])


def check(figure, values, average=mean):
    """values: index → the trial's number."""
    reported = {t["index"]: t["figures"].get(figure) for t in entry["trials"] if "error" not in t}
    if reported != values:
        differences.append(f"{label} {figure}: report {reported}, logs {values}")
    whole = entry["figures"][figure]["value"]
    known = [values[i] for i in sorted(values) if values[i] is not None]
    if whole != (average(known) if known else None):
        differences.append(f"{label} {figure}: report {whole}, logs {average(known) if known else None}")


# -- collection ------------------------------------------------------------------------------------------------------
def normalised(function, value):
    sign = 1 if function["better"] == "more" else -1
    if function["function"] == "sigmoid":
        return 1 / (1 + math.exp(-sign * function["steepness"] * (value - function["midpoint"])))
    if function["function"] == "zscore":
        return 0.5 * math.erfc(-(sign * (value - function["mean"]) / function["sd"]) / math.sqrt(2))
    share = value - function["lo"] if sign > 0 else function["hi"] - value
    return min(max(share / (function["hi"] - function["lo"]), 0.0), 1.0)


def score(declarations, declaration, raw):
    """What the declared functions make of raw values; terms are normalised first."""
    assert declaration["order"] == "normalise-first", "this script knows no other order"
    values, weights = [], []
    for term in declaration["of"]:
        inner = next(d for d in declarations if d["type"] == term["metric"])
        value = raw[term["metric"]] if inner["level"] == "L0" else score(declarations, inner, raw)
        function = term.get("normalisation") or declaration.get("normalisation")
        values.append(normalised(function, value) if function else value)
        weights.append(term.get("weight", 0))
    how = declaration.get("aggregation", "mean")
    if how == "weighted":
        result = sum(w * v for w, v in zip(weights, values))
    else:
        result = {"min": min, "max": max, "mean": mean}[how](values)
    return min(max(result, 0.0), 1.0)


def accounted(readings, t):
    """CPU time that the runner had read by t, in proportion between two readings."""
    i = 0
    while i + 2 < len(readings) and readings[i + 1][0] <= t:
        i += 1
    (before, used), (after, more) = readings[i:i + 2]
    return used + (more - used) * (t - before) / (after - before)


def collection():
    errors, deviations, apart = {}, {}, {}
    declarations = entry["metrics"]
    scores = [d for d in declarations if d["level"] != "L0"]
    for started, phases, _ in trials_of_entry():
        error, deviation, sites = [], [], {}
        for level in (20, 50, 80):
            lo, hi = phases[f"measure-{level}"]
            readings = {csci: [(u["t_ns"], u["usage_ns"]) for u in of["site_usage"]
                               if u["source"] == csci and lo <= u["t_ns"] <= hi] for csci in csci_of}
            for s in of["sample"]:
                if s["window_start"] < lo or s["window_end"] > hi:
                    continue
                length = s["window_end"] - s["window_start"]
                mine = readings[s["source"]]
                used = 100 * (accounted(mine, s["window_end"]) - accounted(mine, s["window_start"])) / (
                    length * csci_of[s["source"]]["quota_cores"])
                error.append(abs(s["raw"]["cpu_utilisation"] - used))
                sent = {}  # by whatever way
                for m in of["metric_sent"]:
                    if m["source"] == s["source"] and abs(m["window_end"] - s["window_end"]) <= 2:
                        sent = {**m["values"], **sent}
                for d in scores:
                    value = score(declarations, d, s["raw"])
                    deviation.append(abs(10 * abs(s["unquantised"][d["type"]] - value)))
                    if d["type"] in sent:
                        deviation.append(abs(sent[d["type"]] - math.floor(10 * value + 0.5)))
                    sites.setdefault((level, d["type"]), {}).setdefault(s["source"], []).append(
                        s["unquantised"][d["type"]])
        errors[started["index"]] = max(error)
        deviations[started["index"]] = max(deviation)
        apart[started["index"]] = max(max(map(mean, by.values())) - min(map(mean, by.values())) for by in sites.values())
    check("collection_error_points", errors)
    check("score_deviation", deviations)
    check("site_difference", apart)


# -- metric-distribution ---------------------------------------------------------------------------------------------
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


def ways():
    """(via, suffix of its figures): the listener's without; where there are two, each with one beside it."""
    listener = next(s["listener"] for s in testbed["steering"] if s["ingress"] == testbed["ingresses"][0])
    main = next(r["via"] for r in testbed["receivers"] if r["node"] == listener)
    others = [v for v in dict.fromkeys(r["via"] for r in testbed["receivers"]) if v != main]
    return [(main, "")] + ([(v, f".{v}") for v in [main] + others] if others else [])


def age(received, source, lo, hi):
    """(time average, peaks) of one source's age at one receiver."""
    area, covered, since, generated, peaks = 0.0, 0, lo, None, []
    for at, window_end in [(m["t_ns"], m["window_end"]) for m in received if m["source"] == source] + [(hi, None)]:
        if at >= lo and generated is not None:
            a, b = ms(since - generated), ms(at - generated)
            area += (a + b) / 2 * (b - a)
            covered += at - since
            peaks.append(b)
        if at >= lo:
            since = at
        if window_end is not None:
            generated = window_end if generated is None else max(generated, window_end)
    return area / ms(covered), peaks


def metric_distribution():
    for via, suffix in ways():
        one_way(via, suffix)


def one_way(via, suffix):
    names = ("coverage", "lost", "altered", "duplicated", "reordered", "interval_error_ms", "distribution_delay_ms", "age_ms")
    out = {n + suffix: {} for n in names}
    out[f"age_ms{suffix}.max"] = {}
    hops = {}
    nodes = [r["node"] for r in testbed["receivers"] if r["via"] == via]
    for started, phases, end in trials_of_entry():
        lo, hi = phases["measure"]
        index = started["index"]
        sent = {(m["source"], m["seq"]): m for m in of["metric_sent"] if m["via"] == via and lo <= m["t_ns"] < hi}
        got = {node: {} for node in nodes}
        for m in of["metric_received"]:
            if m["via"] == via and lo <= m["t_ns"] < end and (m["source"], m["seq"]) in sent:
                got[m["node"]].setdefault((m["source"], m["seq"]), []).append(m)
        keys = sorted(sent, key=lambda k: (k[0], k[1]))
        arrived = sum(map(len, got.values()))
        duplicated = altered = late = 0
        errors, delays, averages, peaks = [], [], [], []
        interval = started["interval_ns"]
        for node in nodes:
            mine = got[node]
            duplicated += sum(len(c) - len({json.dumps(m["path"]) for m in c}) for c in mine.values())
            altered += sum(1 for key, copies in mine.items() for m in copies
                           if m["known"] != known_value(started["seed"], *key) or m["values"] != sent[key]["values"])
            for source in {s for s, _ in mine}:
                order = sorted((c[0]["t_ns"], q) for (s, q), c in mine.items() if s == source)
                late += sum(1 for i, (_, q) in enumerate(order) if any(p > q for _, p in order[:i]))
            errors += [abs(ms(mine[k][0]["t_ns"] - mine[k[0], k[1] - 1][0]["t_ns"] - interval))
                       for k in keys if k in mine and (k[0], k[1] - 1) in mine]
            delays += [ms(mine[k][0]["t_ns"] - sent[k]["t_ns"]) for k in keys if k in mine]
            received = [m for m in of["metric_received"]
                        if m["node"] == node and m["via"] == via and started["t_ns"] <= m["t_ns"] < hi]
            for site in testbed["sites"]:
                average, highest = age(received, site["csci"], lo, hi)
                averages.append(average)
                peaks += highest
        for name, value in (("coverage", arrived / (len(sent) * len(nodes))), ("lost", float(len(sent) * len(nodes) - arrived)),
                            ("duplicated", float(duplicated)), ("altered", float(altered)), ("reordered", float(late)),
                            ("interval_error_ms", rank(errors, 0.99)), ("distribution_delay_ms", mean(delays)),
                            ("age_ms", mean(averages))):
            out[name + suffix][index] = value
        out[f"age_ms{suffix}.max"][index] = max(peaks)
        seen = {}
        for h in of["hop_seen"]:
            key = (h["source"], h["seq"])
            if (h["tap"] == "rest") == (via == "rest") and lo <= h["t_ns"] < end and key in sent:
                seen.setdefault(h["router"], {}).setdefault(key, h["t_ns"])
        for hop in set(seen) if via == "rest" else {s["egress"] for s in csci_of.values()} | set(nodes):
            passes = [k for site in testbed["sites"] for k in keys if k[0] == site["csci"]
                      and (via == "rest" or hop in [site["egress"]] + nodes) and k in seen.get(hop, {})]
            hops.setdefault(hop, {})[index] = mean([ms(seen[hop][k] - sent[k]["t_ns"]) for k in passes])
    for name, values in out.items():
        check(name, values)
    for hop, values in hops.items():
        check(f"distribution_delay_ms.{hop}", values)


# -- decisions --------------------------------------------------------------------------------------------------------
def steering():
    assert len(testbed["ingresses"]) == 1, "this script knows one ingress"
    return testbed["steering"][0]


def way_to(node):
    return next((r["via"] for r in testbed["receivers"] if r["node"] == node), None)


def steered_since(started):
    """What was installed before had another C-PS decided."""
    changed, before = 0, None
    for t in of["testbed"]:
        if t["t_ns"] > started["t_ns"]:
            break
        if before is not None and t["steering"] != before:
            changed = t["t_ns"]
        before = t["steering"]
    since = 0
    for other in of["trial_started"]:
        if other["t_ns"] < changed:
            ends = [e["t_ns"] for e in of.get("trial_ended", []) if e["trial"] == other["trial"] and e["t_ns"] < changed]
            since = max(since, ends[0] if ends else other["t_ns"])
    return since


def in_force(started, end):
    """(since when, decision, what the decider had heard by a way of its own), by time. A decider that was started anew
    counts its decisions from 1 again."""
    who, since = steering(), steered_since(started)
    split = who["decider"] != who["listener"] and way_to(who["decider"]) is not None
    latest, heard, found = {}, {}, []
    for e in events:
        if e["t_ns"] < since:
            continue
        if e["t_ns"] >= end:
            break
        if e["event"] == "decision" and e["node"] == who["decider"]:
            latest[e["id"]] = (e, dict(heard))
        elif e["event"] == "route_installed" and e["node"] == who["ingress"] and e["decision"] in latest:
            found.append((e["acked_ns"], *latest[e["decision"]]))
        elif split and e["event"] == "metric_received" and e["node"] == who["decider"]:
            heard[e["source"]] = e
    return sorted(found, key=lambda f: f[0])


def used_step(decision, loaded, step):
    return any(i["csci"] == loaded and i["window_end"] > step for i in decision["inputs"])


def saw_step(decision, heard, loaded, step):
    return used_step(decision, loaded, step) or (loaded in heard and heard[loaded]["window_end"] > step)


# -- session-continuity ----------------------------------------------------------------------------------------------
def session_continuity():
    names = ("broken_sessions", "instance_changes", "failed_requests", "longest_stall_ms", "table_match_share",
             "steering_delay_ms", "loaded_share", "aging_error_ms")
    out = {n: {} for n in names}
    expected = hits = opened = 0
    for started, phases, end in trials_of_entry():
        index, trial = started["index"], started["trial"]
        timer = round(started["parameters"]["state_timer_s"] * 1e9)
        step = next(e for e in of["load_changed"] if e["cores"] > 0 and phases["stable"][0] <= e["t_ns"] < end)
        flows = {}
        for f in of.get("flow", []):
            if started["t_ns"] <= f["t_ns"] < end:
                flows[f["tuple"]["source"], str(f["tuple"]["sport"])] = f
        installed = in_force(started, end)
        requests = {}
        for r in samples["requests", trial]:
            requests.setdefault((r["host"], r["session"]), []).append(r)
        broken = changes = failed = answered_sessions = matching = 0
        stalls, aging, new = [], [], []
        for s in samples["sessions", trial]:
            mine = sorted(requests.get((s["host"], s["session"]), []), key=lambda r: int(r["scheduled_ns"]))
            replies = [r["instance"] for r in sorted((r for r in mine if r["status"] == "ok"), key=lambda r: int(r["done_ns"]))]
            closed = int(s["closed_ns"])
            broken += s["outcome"] == "broken"
            failed += sum(r["status"] != "ok" for r in mine)
            changes += sum(a != b for a, b in zip(replies, replies[1:]))
            noted = flows.get((s["source"], s["port"]))
            if replies:
                answered_sessions += 1
                matching += (noted is not None and all(i == noted["instance"] for i in replies)
                             and not (noted["gone_ns"] is not None and noted["gone_ns"] < closed))
            if s["kind"] == "persistent" and mine:
                longest = last = 0
                for r in mine:
                    done = int(r["done_ns"]) if r["done_ns"] else closed
                    longest = max(longest, done - max(last, int(r["scheduled_ns"])))
                    last = max(last, done)
                stalls.append(ms(longest))
            if noted is not None and s["outcome"] == "closed":
                due = closed + timer
                if noted["gone_ns"] is not None:
                    aging.append(ms(noted["gone_ns"] - due))
                elif phases["aging"][1] - due >= 1e9:
                    aging.append(ms(phases["aging"][1] - due))
            begin = int(s["started_ns"])
            if s["kind"] == "short" and step["t_ns"] <= begin < phases["measure"][1] and replies:
                force, heard = [(d, h) for acked, d, h in installed if acked <= begin][-1]
                new.append((begin, replies[0], force, heard))
        new.sort(key=lambda n: n[0])
        out["broken_sessions"][index] = float(broken)
        out["instance_changes"][index] = float(changes)
        out["failed_requests"][index] = float(failed)
        out["longest_stall_ms"][index] = max(stalls)
        out["table_match_share"][index] = matching / answered_sessions
        out["aging_error_ms"][index] = max(aging) if aging else None
        loaded = step["source"]
        after = [n for n in new if n[1] != loaded and saw_step(n[2], n[3], loaded, step["t_ns"])]
        out["steering_delay_ms"][index] = ms(after[0][0] - step["t_ns"]) if after else None
        out["loaded_share"][index] = sum(n[1] == loaded for n in new) / len(new)
        hits += sum(n[1] == loaded for n in new)
        opened += len(new)
        for n in new:
            expected += n[2]["weights"].get(loaded, 0)
    if entry["algorithm"] in ("round-robin", "ecmp"):
        out["steering_delay_ms"] = {i: None for i in out["steering_delay_ms"]}
    for name, values in out.items():
        check(name, values)
    theory = entry["figures"]["loaded_share"]["theory"]
    if (theory["hits"], theory["sessions"], theory["expected"]) != (hits, opened, expected / opened):
        differences.append(f"loaded_share theory: report {theory}, logs {hits} of {opened}, {expected / opened}")


# -- lb-variance and utilization --------------------------------------------------------------------------------------
def geometric_mean(values):
    return math.exp(mean([math.log(v) for v in values]))


def cpu_use(csci, lo, hi):
    """Share of the quota; None when windows cover less than half."""
    used = granted = 0.0
    covered, last_end = 0, -math.inf
    for s in of["sample"]:
        if s["source"] != csci or not lo <= s["t_ns"] < hi + 10 * 10**9:
            continue
        inside = min(s["window_end"], hi) - max(s["window_start"], lo)
        if inside <= 0 or last_end > s["window_start"] + 10**6:
            continue
        last_end = s["window_end"]
        covered += inside
        used += s["accounting"]["usage_ns"] * (inside / (s["window_end"] - s["window_start"]))
        granted += s["accounting"]["quota_cores"] * inside
    return used / granted if covered / (hi - lo) >= 0.5 else None


def lb_variance():
    sites = testbed["sites"]
    position = {s["node"]: i for i, s in enumerate(sites)}
    capacity = 0.0
    for s in sites:
        capacity += s["quota_cores"]
    weights = [s["quota_cores"] / capacity for s in sites]
    expected = entry["figures"]["var"]["theory"]["flows"]
    out = {n: {} for n in ("miscounted_flows", "var", "imbalance", "peak_load", "var_time_averaged",
                           "imbalance_time_averaged", *(f"flows.{s['node']}" for s in sites))}
    for started, phases, _ in trials_of_entry():
        index, (lo, hi) = started["index"], phases["measure"]
        rows = {}
        for c in connections:
            if lo <= int(c["accepted_ns"]) < hi:
                rows.setdefault((c["source"], c["port"]), []).append(c)
        flows = [s for s in samples["sessions", started["trial"]] if s["kind"] == "flow"]
        wrong, counted = abs(expected - len(flows)), []
        for s in flows:
            mine = rows.pop((s["source"], s["port"]), [])
            wrong += abs(len(mine) - 1)
            counted += [(int(c["accepted_ns"]), int(c["closed_ns"]), position[c["site"]]) for c in mine]
        wrong += sum(map(len, rows.values()))
        counts = [sum(1 for c in counted if c[2] == i) for i in range(len(sites))]
        n, total = len(sites), len(counted)
        out["miscounted_flows"][index] = float(wrong)
        out["var"][index] = sum(abs(n * c - total) for c in counts) / (n * total)
        apart = 0.0
        for c, w in zip(counts, weights):
            apart += abs(c - float(total) * w)
        out["imbalance"][index] = apart / total
        first, last = min(c[0] for c in counted), max(c[1] for c in counted)
        use = [cpu_use(s["csci"], first, last) for s in sites]
        out["peak_load"][index] = None if None in use else max(use)
        changes = sorted([(c[0], 0, c[2]) for c in counted] + [(c[1], 1, c[2]) for c in counted], key=lambda c: c[:2])
        active, deviation, flow_time, apart_time, time = [0] * n, 0, 0, 0.0, 0.0
        for (t, closing, site), (after, _, _) in zip(changes, changes[1:]):
            active[site] += -1 if closing else 1
            if after == t:
                continue
            there = sum(active)
            deviation += sum(abs(n * a - there) for a in active) * (after - t)
            flow_time += there * (after - t)
            apart = 0.0
            for a, w in zip(active, weights):
                apart += abs(a - there * w)
            apart_time += apart * (after - t)
            time += float(there) * (after - t)
        out["var_time_averaged"][index] = deviation / (n * flow_time)
        out["imbalance_time_averaged"][index] = apart_time / time
        for s, c in zip(sites, counts):
            out[f"flows.{s['node']}"][index] = float(c)
    for name, values in out.items():
        check(name, values)


def bias(u):
    average = mean(u)
    if average <= 0:
        return None
    total = 0.0
    for one in u:
        total += abs(one - average)
    return total / (len(u) * average)


def deviation(u):
    average, total = mean(u), 0.0
    for one in u:
        total += (one - average) * (one - average)
    return math.sqrt(total / len(u))


def utilization():
    sites = testbed["sites"]
    out, ratios = {}, {"bias_ratio": {}, "offered_bias_ratio": {}}
    for started, phases, _ in trials_of_entry():
        index, of_half = started["index"], {}
        work_s = next(e for e in of["load_accepted"] if e["trial"] == started["trial"])["work_us"] / 1e6
        for half, suffix in (("cats", ""), ("ecmp", ".ecmp")):
            lo, hi = phases[f"measure-{half}"]
            used = [cpu_use(s["csci"], lo, hi) for s in sites]
            answered = {}
            for r in samples["requests", started["trial"]]:
                if lo <= int(r["scheduled_ns"]) < hi and r["instance"]:
                    answered[r["instance"]] = answered.get(r["instance"], 0) + 1
            offered = [answered.get(s["csci"], 0) * work_s / (s["quota_cores"] * ((hi - lo) / 1e9)) for s in sites]
            of_half[half] = (bias(used), bias(offered))
            for name, value in (("bias", bias(used)), ("spread", max(used) - min(used)), ("deviation", deviation(used)),
                                ("offered_bias", bias(offered)),
                                *((f"utilisation.{s['node']}", u) for s, u in zip(sites, used))):
                out.setdefault(name + suffix, {})[index] = value
        for i, name in enumerate(ratios):
            a, b = of_half["cats"][i], of_half["ecmp"][i]
            ratios[name][index] = a / b if a and b else None
    for name, values in out.items():
        check(name, values)
    for name, values in ratios.items():
        check(name, values, geometric_mean)


# -- service-latency -------------------------------------------------------------------------------------------------
def best_of(weights):
    return {c for c, w in weights.items() if w > 0 and w >= max(weights.values()) - 1e-9}


def service_latency():
    stages = ("sampling", "waiting", "distribution", "decision", "programming")
    names = ["missed_switches", "early_switches", "blind_switches", "delta_t_ms", "reaction_ms"]
    names += [f"reaction_ms.{stage}" for stage in stages]
    for period in ("before", "during", "after"):
        names += [f"latency_ms.{period}", f"latency_ms.{period}.p99.9", f"sla_share.{period}"]
    out = {n: {} for n in names}
    all_delays, totals = [], []
    who = steering()
    own = way_to(who["decider"]) if who["decider"] != who["listener"] else None
    for started, _, end in trials_of_entry():
        index, trial = started["index"], started["trial"]
        first = next(p["t_ns"] for p in of["phase"] if p["trial"] == trial and p["name"] == "stable")
        force = in_force(started, end)
        sent, got = {}, {}  # (way, source, sequence) → when
        for m in of["metric_sent"]:
            if first <= m["t_ns"] < end:
                sent.setdefault((m["via"], m["source"], m["seq"]), m["t_ns"])
        for m in of["metric_received"]:
            if first <= m["t_ns"] < end and m["node"] in (who["listener"], who["decider"]):
                got.setdefault((m["via"], m["source"], m["seq"]), m["t_ns"])
        by = way_to(who["listener"])
        all_delays += [ms(got[k] - t) for k, t in sent.items() if k[0] == by and k in got]
        known = [[{k: v for k, v in i.items() if k != "age_ns"} for i in d["inputs"]] for _, d, _ in force]
        turns = [e["t_ns"] for e in of.get("controller_state", []) if e["node"] == who["ingress"]]
        out["blind_switches"][index] = float(sum(
            1 for (_, d, _), (at, e, _), a, b in zip(force, force[1:], known, known[1:])
            if at > first and a == b and best_of(d["weights"]) != best_of(e["weights"])
            and not any(d["t_ns"] <= t <= e["t_ns"] for t in turns)))
        changes = [e for e in of["load_changed"] if first <= e["t_ns"] < end]
        parts, deltas, periods = [], [], []
        missed = early = 0
        for n, rise in enumerate(changes):
            if rise["cores"] == 0:
                continue
            step, loaded, stop = rise["t_ns"], rise["source"], changes[n + 1]["t_ns"]
            away = [f for f in force if step < f[0] <= stop and loaded not in best_of(f[1]["weights"])]
            saw = [f for f in away if saw_step(*f[1:], loaded, step)]
            missed += not saw
            early += bool(away) and away[0] not in saw[:1]
            if away:
                last = [d["t_ns"] for t, d, _ in force if t < away[0][0] and loaded in best_of(d["weights"])][-1]
                deltas.append(ms(away[0][0] - last))
            reacted = stop
            if saw:
                reacted, d, heard = saw[0]
                used = next(i for i in d["inputs"] if i["csci"] == loaded)
                if not used_step(d, loaded, step):
                    used, key = heard[loaded], (own, loaded, heard[loaded]["seq"])
                else:
                    key = (by, loaded, used["seq"])
                    if own and got.get(key, math.inf) > d["t_ns"] and (own, *key[1:]) in got:
                        key = (own, *key[1:])
                chain = [step, used["window_end"], sent[key], got[key], d["t_ns"], reacted]
                parts.append([b - a for a, b in zip(chain, chain[1:])])
                assert sum(parts[-1]) == reacted - step
                totals.append(ms(reacted - step))
            periods.append({"before": (step - max(5 * started["interval_ns"], 5 * 10**9), step), "during": (step, reacted), "after": (reacted, stop)})
        out["missed_switches"][index], out["early_switches"][index] = float(missed), float(early)
        out["delta_t_ms"][index] = mean(deltas) if deltas else None
        out["reaction_ms"][index] = mean([ms(sum(p)) for p in parts]) if parts else None
        for i, stage in enumerate(stages):
            out[f"reaction_ms.{stage}"][index] = mean([ms(p[i]) for p in parts]) if parts else None
        begun = {(s["host"], s["session"]): int(s["started_ns"]) for s in samples["sessions", trial]}
        for period in ("before", "during", "after"):
            spans = [p[period] for p in periods]
            mine = [r for r in samples["requests", trial]
                    if any(a <= begun[r["host"], r["session"]] < b for a, b in spans)]
            took = [ms(int(r["done_ns"]) - int(r["scheduled_ns"])) for r in mine if r["status"] == "ok"]
            out[f"latency_ms.{period}"][index] = mean(took) if took else None
            out[f"latency_ms.{period}.p99.9"][index] = rank(took, 0.999) if took else None
            within = sum(t <= started["parameters"]["sla_ms"] for t in took)
            out[f"sla_share.{period}"][index] = within / len(mine) if mine else None
    for name, values in out.items():
        check(name, values)
    bound = entry["figures"]["reaction_ms"]
    interval = entry["interval_ms"]
    sample = next(s for s in of["sample"] if s["t_ns"] >= first)
    window = round(ms(sample["window_end"] - sample["window_start"]))
    limit = window + interval + rank(all_delays, 0.99) + max(0.1 * interval, 20)
    if bound["bound"]["value"] != limit:
        differences.append(f"{label} bound: report {bound['bound']['value']}, logs {limit}")
    if totals and (bound["verdict"] == "pass") != (max(totals) <= limit):
        differences.append(f"{label}: {bound['verdict']} with the slowest reaction at {max(totals)} of {limit}")


FUNCTIONS = {"collection": collection, "metric-distribution": metric_distribution,
             "session-continuity": session_continuity, "service-latency": service_latency, "utilization": utilization,
             "lb-variance": lb_variance}
numbers = {}
for entry in report["tests"]:
    numbers[entry["name"]] = numbers.get(entry["name"], 0) + 1
    several = sum(t["name"] == entry["name"] for t in report["tests"]) > 1
    label = f"{entry['name']}#{numbers[entry['name']]}" if several else entry["name"]
    if not entry["figures"]:
        continue
    begun = min(t["t_ns"] for t in of["trial_started"] if t["entry"] == label)
    testbed = [t for t in of["testbed"] if t["t_ns"] <= begun][-1]
    csci_of = {s["csci"]: s for s in testbed["sites"]}
    FUNCTIONS[entry["name"]]()
print("\n".join(differences) or "the same digits")
sys.exit(1 if differences else 0)
