#!/usr/bin/python3
"""Writes make_run.py's run directory as one of both engines: OUT [FAULT]. The simulated part is the emulated one once more,
later: the same sequence numbers, decisions and tuples again. With FAULT "slower" its updates reach the ingress 30 ms later.
"""
import glob
import json
import os
import sys

import make_run

OUT = sys.argv[1]
FAULT = sys.argv[2] if len(sys.argv) > 2 else "none"
S = 10**9
LATER = 9000 * S
BEGINS = 10_000 * S
TIMES = ("t_ns", "window_start", "window_end", "acked_ns", "first_ns", "gone_ns")


def renamed(trial, number):
    """"collection.0.0" → "collection#2.0.0" """
    test, rest = trial.split(".", 1)
    return f"{test}#{number}.{rest}"


def of_part(value, number):
    """An event, or what it holds, as that part of the run has it."""
    if isinstance(value, list):
        return [of_part(v, number) for v in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, v in value.items():
        if key == "trial":
            v = renamed(v, number)
        elif key == "entry":
            v = f"{v}#{number}"
        elif key in TIMES and v is not None and number == 2:
            v += LATER
        out[key] = of_part(v, number)
    return out


def slower(event):
    if FAULT == "slower" and event["event"] == "metric_received" and event["known"] is not None:
        event["t_ns"] += 30 * 10**6
    return event


def write_events(name):
    with open(name, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    runner = name.endswith("/runner.jsonl")
    begin = [{"t_ns": BEGINS, "node": "runner", "event": "simulation_started", "files": {}}] if runner else []
    # Trials of one machine: the second part has no host_idle.
    again = [slower(of_part(e, 2)) for e in events if e["event"] != "host_idle"]
    with open(name, "w", encoding="utf-8") as file:
        for event in [of_part(e, 1) for e in events] + begin + again:
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def write_samples(name):
    with open(name, encoding="utf-8") as file:
        header, *lines = file.read().splitlines()
    columns = header.split(",")

    def row(line, number):
        cells = dict(zip(columns, line.split(",")))
        for column, cell in cells.items():
            if column == "trial":
                cells[column] = renamed(cell, number)
            elif number == 2 and column.endswith("_ns") and column not in ("queue_ns", "service_ns") and cell:
                cells[column] = str(int(cell) + LATER)
        return ",".join(cells.values())

    with open(name, "w", encoding="utf-8") as file:
        for line in [header] + [row(line, 1) for line in lines] + [row(line, 2) for line in lines]:
            file.write(line + "\n")


if __name__ == "__main__":
    make_run.FAULT = "none"
    make_run.main()
    for log in glob.glob(os.path.join(OUT, "events", "*.jsonl")):
        write_events(log)
    for table in glob.glob(os.path.join(OUT, "samples", "*.csv")):
        write_samples(table)
