#!/usr/bin/python3
"""The main figures of a run directory computed again, by other code, from the raw logs: RUN_DIR REPORT_JSON.

Shares no code with the program. Every figure it knows must be in the report with the same digits, of each trial and as the
mean over trials. Exit status 1 and one line per difference otherwise.
"""
import bisect
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


def by_name(some):
    found = {}
    for e in some:
        found.setdefault(e["event"], []).append(e)
    return found


of = by_name(events)
# Of a run on both engines: the events of each, and those by name. The other's numbers mean nothing in its trials.
parts = {}
for begin in of.get("simulation_started", []):
    for engine, some in (("emulator", [e for e in events if e["t_ns"] < begin["t_ns"]]),
                         ("sim", [e for e in events if e["t_ns"] >= begin["t_ns"]])):
        parts[engine] = (some, by_name(some))
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


def same(reported, value, within):
    if reported is None or value is None:
        return reported is value
    return abs(reported - value) <= within


def check(figure, values, average=mean, within=0.0):
    """values: index → the trial's number."""
    reported = {t["index"]: t["figures"].get(figure) for t in entry["trials"] if "error" not in t}
    if set(reported) != set(values) or not all(same(reported[i], values[i], within) for i in values):
        differences.append(f"{label} {figure}: report {reported}, logs {values}")
    whole = entry["figures"][figure]["value"]
    known = [values[i] for i in sorted(values) if values[i] is not None]
    if not same(whole, average(known) if known else None, within):
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
    # exp and erfc here are the C library's, in catsbench portable ones: they may differ in a last bit.
    check("score_deviation", deviations, within=1e-12)
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
        elif e["event"] == "route_installed" and e.get("router", e["node"]) == who["ingress"] and e["decision"] in latest:
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
    out = {n: {} for n in ("miscounted_flows", "var", "imbalance", "peak_load", "peak_offered",
                           "var_time_averaged", "imbalance_time_averaged", *(f"flows.{s['node']}" for s in sites))}
    for started, phases, _ in trials_of_entry():
        index, (lo, hi) = started["index"], phases["measure"]
        rows = {}
        for c in connections:
            if lo <= int(c["accepted_ns"]) < hi:
                rows.setdefault((c["source"], c["port"]), []).append(c)
        flows = [s for s in samples["sessions", started["trial"]] if s["kind"] == "flow"]
        wrong, counted, site_of = abs(expected - len(flows)), [], {}
        for s in flows:
            mine = rows.pop((s["source"], s["port"]), [])
            wrong += abs(len(mine) - 1)
            if mine:
                site_of[s["host"], s["session"]] = position[mine[-1]["site"]]
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
        asked, due = [0] * len(sites), [int(r["scheduled_ns"]) for r in samples["requests", started["trial"]]]
        for r in samples["requests", started["trial"]]:
            if r["sent_ns"] and (r["host"], r["session"]) in site_of:
                asked[site_of[r["host"], r["session"]]] += int(r["work_us"])
        asking = max(due) - min(due)
        out["peak_offered"][index] = max(a / (s["quota_cores"] * (asking / 1e3)) for a, s in zip(asked, sites))
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
        for half, suffix in (("cats", ""), ("ecmp", ".ecmp")):
            lo, hi = phases[f"measure-{half}"]
            used = [cpu_use(s["csci"], lo, hi) for s in sites]
            asked = {}
            for r in samples["requests", started["trial"]]:
                if lo <= int(r["scheduled_ns"]) < hi and r["instance"]:
                    asked[r["instance"]] = asked.get(r["instance"], 0) + int(r["work_us"])
            offered = [asked.get(s["csci"], 0) / 1e6 / (s["quota_cores"] * ((hi - lo) / 1e9)) for s in sites]
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


# -- the controller's benchmarks --------------------------------------------------------------------------------------
def controller():
    return next(r["node"] for r in testbed["receivers"] if r["via"] == "rest")


def decided_after(started, end):
    """(source, t) → when the controller next decided about the source's service; None: never."""
    times = {}
    for e in of.get("decision", []) + of.get("candidate", []):
        if e["node"] == controller() and started["t_ns"] <= e["t_ns"] < end:
            times.setdefault(e["service"], []).append(e["t_ns"])
    times = {k: sorted(v) for k, v in times.items()}

    def after(source, t):
        mine = times.get(csci_of[source]["cs_id"], []) if source in csci_of else []
        i = bisect.bisect_left(mine, t)
        return mine[i] if i < len(mine) else None
    return after


def handled(started, end, lo, hi):
    """Updates sent by REST in [lo, hi): how many were sent, received, never decided on; delivery and processing in ms."""
    got, after = {}, decided_after(started, end)
    for m in of["metric_received"]:
        if m["node"] == controller() and m["via"] == "rest" and lo <= m["t_ns"] < end:
            got.setdefault((m["source"], m["seq"]), m["t_ns"])
    sent = received = undecided = 0
    delivery, processing = [], []
    for m in of["metric_sent"]:
        if m["via"] != "rest" or not lo <= m["t_ns"] < hi:
            continue
        sent += 1
        if (m["source"], m["seq"]) not in got:
            continue
        received += 1
        t = got[m["source"], m["seq"]]
        delivery.append(ms(t - m["t_ns"]))
        decided = after(m["source"], t)
        if decided is None:
            undecided += 1
        else:
            processing.append(ms(decided - t))
    return sent, received, undecided, delivery, processing


def bursts_of(started, end):
    return [b for b in of.get("burst", []) if started["t_ns"] <= b["started_ns"] < end]


def controller_messages():
    names = ("lost", "undecided", "processing_ms", "delivery_ms", "sustained_rate", "first_failing_rate")
    out = {n: {} for n in names}
    for started, phases, end in trials_of_entry():
        index, after = started["index"], decided_after(started, end)
        sent, received, undecided, delivery, processing = handled(started, end, *phases["measure"])
        out["lost"][index], out["undecided"][index] = float(sent - received), float(undecided)
        out["processing_ms"][index] = mean(processing) if processing else None
        out["delivery_ms"][index] = mean(delivery) if delivery else None
        sustained, failing = 0.0, None
        for b in bursts_of(started, end):
            first, seen, late, responses = b["first_seq"], set(), 0, []
            for m in of["metric_received"]:
                if m["node"] != controller() or not first <= m["seq"] < first + b["updates"] or m["seq"] in seen \
                        or not b["started_ns"] <= m["t_ns"] < end:
                    continue
                seen.add(m["seq"])
                decided = after(m["source"], m["t_ns"])
                if decided is not None:
                    responses.append(ms(decided - m["window_end"]))
                late += decided is None or decided - m["window_end"] > started["parameters"]["late_ms"] * 10**6
            if failing is None:
                if len(seen) < b["updates"] or late:
                    failing = b["rate"]
                else:
                    sustained = b["updates"] / ((b["t_ns"] - b["started_ns"]) / 1e9)
            out.setdefault(f"response_ms.{b['rate']:.0f}", {})[index] = mean(responses) if responses else None
        out["sustained_rate"][index], out["first_failing_rate"][index] = sustained, failing
    for name, values in out.items():
        check(name, values)


def path_provisioning():
    names = ("not_provisioned", "proactive_ms", "proactive_rate", "reactive_ms", "reactive_ms.controller", "reactive_rate")
    out = {n: {} for n in names}
    who = steering()
    for started, _, end in trials_of_entry():
        index, missed = started["index"], 0
        force = in_force(started, end)
        asked = [p for p in of["provisioned"] if p["trial"] == started["trial"]]
        done = []
        for p in asked:
            done.append(next((t for t, d, _ in force if min(t, d["t_ns"]) >= p["asked_ns"] and d["id"] >= p["decision"]), None))
        took = [ms(t - p["asked_ns"]) for p, t in zip(asked, done) if t is not None]
        missed += done.count(None)
        out["proactive_ms"][index] = mean(took) if took else None
        out["proactive_rate"][index] = None
        if asked and done[-1] is not None:
            out["proactive_rate"][index] = len(asked) / ((done[-1] - asked[0]["asked_ns"]) / 1e9)
        sending, receipt = [], []
        for r in of.get("returned", []):
            if r["trial"] != started["trial"]:
                continue
            first = next(m for m in of["metric_received"] if m["node"] == controller() and m["source"] == r["source"]
                         and r["t_ns"] <= m["t_ns"] < end)
            sent = next(m for m in of["metric_sent"] if m["via"] == "rest" and m["source"] == r["source"]
                        and m["seq"] == first["seq"] and started["t_ns"] <= m["t_ns"] < first["t_ns"])
            at = next((t for t, d, _ in force if t > first["t_ns"] and d["weights"].get(r["source"], 0) > 0), None)
            if at is None:
                missed += 1
                continue
            sending.append(ms(at - sent["t_ns"]))
            receipt.append(ms(at - first["t_ns"]))
        out["reactive_ms"][index] = mean(sending) if sending else None
        out["reactive_ms.controller"][index] = mean(receipt) if receipt else None
        out["not_provisioned"][index] = float(missed)
        burst = bursts_of(started, end)[0]
        orders = sum(o["router"] == who["ingress"] and burst["started_ns"] <= o["t_ns"] < burst["t_ns"]
                     for o in of.get("order_acknowledged", []))
        out["reactive_rate"][index] = orders / ((burst["t_ns"] - burst["started_ns"]) / 1e9)
    for name, values in out.items():
        check(name, values)


def add_compared(out, index, started, end, disturbed, calm):
    sent, received, undecided, _, processing = handled(started, end, *disturbed)
    before = handled(started, end, *calm)[4]
    out.setdefault("coverage", {})[index] = received / sent
    out.setdefault("undecided", {})[index] = float(undecided)
    out.setdefault("processing_ms", {})[index] = mean(processing) if processing else None
    out.setdefault("processing_ms.without", {})[index] = mean(before) if before else None
    return mean(processing) / mean(before) if processing and before else None


def session_capacity():
    out, ratios = {}, {}
    for started, phases, end in trials_of_entry():
        index = started["index"]
        steps = [e for e in of["rest_sessions"] if started["t_ns"] <= e["t_ns"] < end]
        released = next(e for e in of["rest_released"] if started["t_ns"] <= e["t_ns"] < end)
        out.setdefault("sessions_held", {})[index] = float(max(e["held"] for e in steps))
        out.setdefault("dropped_sessions", {})[index] = float(released["opened"] - released["held"])
        out.setdefault("unclean_refusals", {})[index] = float(sum(e["refused"] > 0 and not e["clean"] for e in steps))
        ratios[index] = add_compared(out, index, started, end, (phases["without"][1], phases["release"][0]), phases["without"])
    for name, values in out.items():
        check(name, values)
    check("processing_ratio", ratios, geometric_mean)


def forwarding_capacity():
    out = {n: {} for n in ("entries_held", "dropped_entries", "unanswered_requests", "unsteered_sessions")}
    for started, _, end in trials_of_entry():
        index, trial = started["index"], started["trial"]
        nodes = {}
        for e in of["flows_held"]:
            if started["t_ns"] <= e["t_ns"] < end:
                nodes.setdefault(e["node"], []).append(e)
        held = dropped = unanswered = unsteered = 0
        for i in range(0, len(next(iter(nodes.values()))), 2):
            pairs = [n[i:i + 2] for n in nodes.values()]
            held = max(held, min(a["held"] for a, _ in pairs))
            dropped += sum(a["held"] - b["kept"] for a, b in pairs)
            lo, hi = (e["t_ns"] for e in nodes[min(nodes)][i:i + 2])
            opened = sum(lo <= int(s["started_ns"]) < hi for s in samples.get(("sessions", trial), []))
            unanswered += sum(lo <= int(r["scheduled_ns"]) < hi and r["status"] != "ok"
                              for r in samples.get(("requests", trial), []))
            unsteered += max(opened - sum(b["steered"] - a["steered"] for a, b in pairs), 0)
        out["entries_held"][index], out["dropped_entries"][index] = float(held), float(dropped)
        out["unanswered_requests"][index], out["unsteered_sessions"][index] = float(unanswered), float(unsteered)
    for name, values in out.items():
        check(name, values)


def disturbance():
    out, ratios = {}, {}
    synthetic = [range(b["first_seq"], b["first_seq"] + b["updates"]) for b in of.get("burst", [])]
    for started, phases, end in trials_of_entry():
        index, (lo, hi) = started["index"], phases["with"]
        ratios[index] = add_compared(out, index, started, end, (lo, hi), phases["without"])
        load = next(e for e in of["rest_load"] if started["t_ns"] <= e["t_ns"] < end)
        total = {k: sum(m[k] for m in load["messages"]) for k in ("sent", "refused", "accepted")}
        out.setdefault("accepted", {})[index] = float(total["accepted"])
        out.setdefault("refused_share", {})[index] = total["refused"] / total["sent"]
        out.setdefault("message_rate", {})[index] = total["sent"] / ((load["t_ns"] - load["started_ns"]) / 1e9)
        changed = sum(e["node"] == controller() and lo <= e["t_ns"] < end and e["algorithm"] != started["algorithm"]
                      for e in of.get("decision", []) + of.get("candidate", []))
        sent = {(m["source"], m["seq"]): m["values"] for m in of["metric_sent"] if m["via"] == "rest" and m["t_ns"] < end}
        changed += sum(m["node"] == controller() and m["via"] == "rest" and lo <= m["t_ns"] < end
                       and not any(m["seq"] in s for s in synthetic) and sent.get((m["source"], m["seq"])) != m["values"]
                       for m in of["metric_received"])
        out.setdefault("changed", {})[index] = float(changed)
        logged = sum(e["node"] == controller() and lo <= e["t_ns"] < end for e in of.get("refused", []))
        answered = sum(m["refused"] for m in load["messages"] if m["kind"] != "no-tls")
        out.setdefault("unlogged", {})[index] = float(max(answered - logged, 0))
    for name, values in out.items():
        check(name, values)
    check("processing_ratio", ratios, geometric_mean)


# -- losses ----------------------------------------------------------------------------------------------------------
def losses(started):
    """(node, lost, began to be started anew, answered), by time."""
    mine = [e for e in events if e["event"] in ("lost", "restored") and e["trial"] == started["trial"]]
    return [(e["of"], e["t_ns"], *next((r["started_ns"], r["t_ns"]) for r in mine if r["event"] == "restored"
                                       and (r["of"], r["part"]) == (e["of"], e["part"]) and r["t_ns"] >= e["t_ns"]))
            for e in mine if e["event"] == "lost"]


def what_sessions_felt(trial, until):
    """broken, instance changes, failed requests, longest stall of a persistent session in ms."""
    requests = {}
    for r in samples["requests", trial]:
        requests.setdefault((r["host"], r["session"]), []).append(r)
    broken = changes = failed = longest = 0
    for s in samples["sessions", trial]:
        mine = sorted(requests.get((s["host"], s["session"]), []), key=lambda r: int(r["scheduled_ns"]))
        replies = [r["instance"] for r in sorted((r for r in mine if r["status"] == "ok"), key=lambda r: int(r["done_ns"]))]
        broken += s["outcome"] == "broken"
        failed += sum(r["status"] != "ok" for r in mine)
        changes += sum(a != b for a, b in zip(replies, replies[1:]))
        before = 0
        for r in mine if s["kind"] == "persistent" else []:
            done = int(r["done_ns"] or s["closed_ns"] or until)
            longest = max(longest, done - max(before, int(r["scheduled_ns"])))
            before = max(before, done)
    return {"broken_sessions": broken, "instance_changes": changes, "failed_requests": failed,
            "longest_stall_ms": ms(longest)}


def fresh(decision, since):
    return sum(i["window_end"] is not None and i["window_end"] > since for i in decision["inputs"])


def cps_failover():
    out = {}
    for started, phases, end in trials_of_entry():
        (who, lost, begun, _), = losses(started)
        split = steering()["decider"] != steering()["listener"]
        found = in_force(started, end)
        after = [(t, d) for t, d, _ in found if t > begun and (not split or d.get("note", "").startswith("candidate"))]
        assert who == steering()["listener"]
        recovered = next((t for t, d in after if fresh(d, begun)), None)
        renewed = next((t for t, d in after if fresh(d, begun) == len(csci_of)), None)
        times = [t for t, _, _ in found if t <= (recovered or end)]
        figures = what_sessions_felt(started["trial"], phases["close"][0])
        figures["recovery_ms"] = ms(recovered - begun) if recovered else None
        figures["renewal_ms"] = ms(renewed - begun) if renewed else None
        figures["steering_gap_ms"] = ms(max(b - a for a, b in zip(times, times[1:]) if b > lost)) if recovered else None
        figures["decisions_without"] = sum(lost < t < begun for t, _, _ in found)
        if split:
            seen = [e["t_ns"] for e in of.get("controller_state", []) if not e["up"] and lost <= e["t_ns"] < end]
            figures["noticed_ms"] = ms(seen[0] - lost) if seen else None
        for name, value in figures.items():
            out.setdefault(name, {})[started["index"]] = value
    for name, values in out.items():
        check(name, values)


def manager_failover():
    out = {}
    for started, phases, end in trials_of_entry():
        (_, lost, begun, back), = losses(started)
        lo, hi = phases["measure"]
        controller = next(r["node"] for r in testbed["receivers"] if r["via"] == "rest")
        sent = {(m["source"], m["seq"]): m["t_ns"] for m in of["metric_sent"] if m["via"] == "rest" and lo <= m["t_ns"] < hi}
        received = [m for m in of["metric_received"]
                    if m["node"] == controller and m["via"] == "rest" and started["t_ns"] <= m["t_ns"] < end]
        states = [e for e in of.get("manager_state", []) if e["node"] == controller and lost <= e["t_ns"] < end]
        down = next((e["t_ns"] for e in states if not e["up"]), None)
        follows = next((e["t_ns"] for e in states if e["up"] and e["t_ns"] >= begun), back) if down else back
        follows = max(follows, back)
        copies, gap, last = {}, 0, {}
        for m in received:
            if m["t_ns"] >= lo:
                copies[m["source"], m["seq"]] = copies.get((m["source"], m["seq"]), 0) + 1
                if m["source"] in last:
                    gap = max(gap, m["t_ns"] - last[m["source"]])
            last[m["source"]] = m["t_ns"]
        after = [key for key, t in sent.items() if t >= follows]
        missing = [key for key in sent if key not in copies]
        lost_after = sum(key in missing for key in after)
        first = next((m["t_ns"] for m in received if m["t_ns"] > back), None)
        for name, value in (("coverage", (len(after) - lost_after) / len(after)), ("lost_after", lost_after),
                            ("lost_while_away", len(missing) - lost_after),
                            ("duplicated", sum(copies[key] - 1 for key in sent if key in copies)),
                            ("resume_ms", ms(first - back) if first else None),
                            ("noticed_ms", ms(down - lost) if down else None), ("gap_ms", ms(gap))):
            out.setdefault(name, {})[started["index"]] = value
    for name, values in out.items():
        check(name, values)


def router_failover():
    out = {}
    for started, phases, end in trials_of_entry():
        for name, value in what_sessions_felt(started["trial"], phases["close"][0]).items():
            out.setdefault(name, {})[started["index"]] = value
        found = in_force(started, end)
        seen = [(e["t_ns"], set(e["instances"])) for e in of["reachable"] if e["trial"] == started["trial"]]
        for who, lost, begun, _ in losses(started):
            role = "egress" if "measure-egress" in phases and lost >= phases["measure-egress"][0] else "ingress"
            until = phases["measure-egress" if role == "egress" else "measure"][1]

            def reached(since, holds):
                before = [i for t, i in seen if t < since]
                if before and holds(before[-1]):
                    return since
                return next((t for t, i in seen if since <= t < until and holds(i)), None)

            routes = reached(begun, lambda instances: len(instances) == len(csci_of))
            first = [next((m["t_ns"] for m in of["metric_received"]
                           if begun <= m["t_ns"] < until and m["node"] == r["node"] and m["via"] == r["via"]
                           and m["source"] == csci and m["window_end"] > begun), None)
                     for r in testbed["receivers"] for csci in csci_of]
            metrics = None if None in first else max(first)
            steered = None
            if routes and metrics:
                steered = next((t for t, d, _ in found if max(routes, metrics) <= t < until and sum(
                    i["window_end"] is not None and i["window_end"] > begun and i["eligible"]
                    for i in d["inputs"]) == len(csci_of)), None)
            figures = {"reprovisioning_ms": (steered, begun), "routes_ms": (routes, begun), "metrics_ms": (metrics, begun)}
            if role == "egress":
                behind = {csci for csci, site in csci_of.items() if site["egress"] == who}
                figures["rerouted_ms"] = (reached(lost, lambda instances: not instances & behind), lost)
            for name, (t, since) in figures.items():
                out.setdefault(f"{name}.{role}", {})[started["index"]] = ms(t - since) if t else None
    for name, values in out.items():
        check(name, values)


def topology_discovery():
    out = {}
    routers = {n["name"] for n in report["topology"]["nodes"] if n["role"] in ("ingress", "transit", "egress")}
    links = {"-".join(sorted(end.split(":")[0] for end in link["endpoints"])) for link in report["topology"]["links"]
             if link["core"]}
    for started, phases, end in trials_of_entry():
        (who, _, begun, _), = losses(started)
        told = [e for e in of["topology"] if e["node"] == who and begun <= e["t_ns"] < end]
        before = [e for e in told if e["t_ns"] < phases["changes"][0]]
        whole = next((e["t_ns"] for e in before if routers <= set(e["nodes"]) and links <= set(e["links"])), None)
        nodes, known = len(routers & set(before[-1]["nodes"])), len(links & set(before[-1]["links"]))
        changes = [e for e in of["link"] if e["trial"] == started["trial"]]
        took, missed = {True: [], False: []}, 0
        for change, until in zip(changes, [c["t_ns"] for c in changes[1:]] + [end]):
            name = "-".join(sorted((change["a"], change["b"])))
            seen = next((e["t_ns"] for e in told
                         if change["t_ns"] <= e["t_ns"] < until and (name in e["links"]) == change["up"]), None)
            if seen is None:
                missed += 1
            else:
                took[change["up"]].append(ms(seen - change["t_ns"]))
        for name, value in (("discovery_ms", ms(whole - begun) if whole else None), ("discovered_nodes", nodes),
                            ("discovered_links", known),
                            ("discovered_share", (nodes + known) / (len(routers) + len(links))), ("missed_changes", missed),
                            ("change_detection_ms.down", mean(took[False]) if took[False] else None),
                            ("change_detection_ms.up", mean(took[True]) if took[True] else None)):
            out.setdefault(name, {})[started["index"]] = value
    for name, values in out.items():
        check(name, values)


# -- fleet -----------------------------------------------------------------------------------------------------------
def share_of(a, b):
    return a / b if b > 0 else None


def in_order(values):
    total = 0.0
    for v in values:
        total += v
    return total


def window_latency(w):
    return share_of(w["latency_sum_ns"] / 1e6, w["served"])


def window_unserved(w):
    return share_of(w["refused"] + w["lost"] + w["unsteered"], w["flows"])


def worst(windows, value):
    known = [value(w) for w in windows if value(w) is not None]
    return max(known) if known else None


def fleet_periods(out, started, windows, begun):
    """What an entry's disturbance did; when it was, the report's declarations say, and in a study the entry's own values."""
    told = report["declarations"]["application_plane"]["disturbances"]
    if not told:
        return
    studied = entry["study"]

    def value(disturbance, key):
        return studied.get(f"fleet.{disturbance['kind']}.{key}", disturbance[key])

    def ns(text):
        for unit, factor in (("min", 60e9), ("ms", 1e6), ("us", 1e3), ("ns", 1), ("h", 3600e9), ("s", 1e9)):
            if text.endswith(unit):
                return round(float(text[:-len(unit)]) * factor)
        raise ValueError(text)

    spans = [(ns(value(d, "at")), None if value(d, "for") is None else ns(value(d, "at")) + ns(value(d, "for"))) for d in told]
    first = begun + min(a for a, _ in spans)
    last = None if any(b is None for _, b in spans) else begun + max(b for _, b in spans)
    quiet = [w for w in windows if begun <= w["t_ns"] < first]
    usual = [worst(quiet, f) or 0 for f in (window_latency, window_unserved)]
    limits = started["parameters"]

    def as_before(w):
        return ((window_latency(w) or 0) <= (1 + limits["tolerance"]) * usual[0]
                and (window_unserved(w) or 0) <= usual[1] + limits["unserved"])

    for name, begin, end in (("during", first, last), ("after", last, None)):
        if begin is None:
            continue
        mine = [w for w in windows if begin + (name == "after") <= w["t_ns"] and (end is None or w["t_ns"] <= end)]
        out.setdefault(f"worst_latency_ms.{name}", {})[started["index"]] = worst(mine, window_latency)
        out.setdefault(f"worst_unserved_share.{name}", {})[started["index"]] = worst(mine, window_unserved)
        recovered = None
        if quiet and mine and as_before(mine[-1]):
            recovered = ms(max([begin] + [w["t_ns"] for w in mine if not as_before(w)]) - begin)
        out.setdefault(f"recovery_ms.{name}", {})[started["index"]] = recovered


def fleet():
    out = {}
    for started, phases, _ in trials_of_entry():
        sums = next(e for e in of["fleet_sums"] if e["trial"] == started["trial"])
        windows = [e for e in of["fleet_window"] if e["trial"] == started["trial"]]
        counts, n = sums["site_flows"], len(sums["site_flows"])
        cores = [float(sums["capacity"][i % len(sums["capacity"])]) for i in range(n)]
        used, offered = ([ns / (c * float(sums["time_ns"])) for ns, c in zip(sums[column], cores)]
                         for column in ("site_used_ns", "site_offered_ns"))
        capacity, total, apart = in_order(cores), sum(counts), 0.0
        for count, c in zip(counts, cores):
            apart += abs(count - float(total) * (c / capacity))
        reached, at = 0, {}
        for largest, count in sums["latency"]:
            for q in (0.5, 0.99):
                if reached < max(math.ceil(q * sums["served"]), 1) <= reached + count:
                    at[q] = largest / 1e6
            reached += count
        active, seconds = in_order(float(w["active"]) for w in windows), sums["time_ns"] / 1e9
        sent_on = sums["updates_delivered"] + sums["updates_replaced"] + sums["updates_lost"]
        figures = {
            "miscounted_flows": float(abs(sums["flows"] - sums["unsteered"] - total) + abs(
                total + sums["there_before"] - sums["served"] - sums["refused"] - sums["lost"] - sums["there_after"])),
            "latency_ms.mean": share_of(sums["latency_sum_ns"] / 1e6, sums["served"]),
            "latency_ms.p50": at.get(0.5), "latency_ms.p99": at.get(0.99),
            "bias": bias(used), "offered_bias": bias(offered), "peak_load": max(used), "peak_offered": max(offered),
            "peak_load.window": max([0.0] + [w["peak_used"] for w in windows]),
            "var": sum(abs(n * c - total) for c in counts) / (n * total) if total else None,
            "imbalance": apart / total if total else None,
            "var_time_averaged": share_of(in_order(w["active_var"] for w in windows), active),
            "imbalance_time_averaged": share_of(in_order(w["active_imbalance"] for w in windows), active)}
        for name in ("refused", "lost", "unsteered"):
            figures[f"{name}_share"] = share_of(sums[name], sums["flows"])
        for name in ("updates_sent", "updates_delivered", "decisions", "probes"):
            figures[name] = sums[name] / seconds
        for name in ("updates_replaced", "updates_lost"):
            figures[f"{name}_share"] = share_of(sums[name], sent_on)
        for name, value in figures.items():
            out.setdefault(name, {})[started["index"]] = value
        fleet_periods(out, started, windows, phases["measure"][0])
    for name, values in out.items():
        check(name, values)


FUNCTIONS = {"collection": collection, "metric-distribution": metric_distribution,
             "session-continuity": session_continuity, "service-latency": service_latency, "utilization": utilization,
             "lb-variance": lb_variance, "controller-messages": controller_messages,
             "path-provisioning": path_provisioning, "session-capacity": session_capacity,
             "forwarding-capacity": forwarding_capacity, "exception-handling": disturbance,
             "denial-of-service": disturbance, "topology-discovery": topology_discovery, "cps-failover": cps_failover,
             "manager-failover": manager_failover, "router-failover": router_failover, "fleet": fleet}
numbers = {}
for entry in report["tests"]:
    numbers[entry["name"]] = numbers.get(entry["name"], 0) + 1
    several = sum(t["name"] == entry["name"] for t in report["tests"]) > 1
    label = f"{entry['name']}#{numbers[entry['name']]}" if several else entry["name"]
    if not entry["figures"]:
        continue
    if parts:
        events, of = parts[entry["engine"]]
    begun = min(t["t_ns"] for t in of["trial_started"] if t["entry"] == label)
    testbed = [t for t in of["testbed"] if t["t_ns"] <= begun][-1]
    csci_of = {s["csci"]: s for s in testbed["sites"]}
    FUNCTIONS[entry["name"]]()
print("\n".join(differences) or "the same digits")
sys.exit(1 if differences else 0)
