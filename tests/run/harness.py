"""What the tests of whole runs share: the program under test, and what it must not leave behind."""
import json
import os
import pathlib
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(os.environ["CATS_SOURCE_DIR"])
CATSBENCH = pathlib.Path(os.environ["CATS_BINARY_DIR"]) / "catsbench"


def catsbench(*arguments, timeout=300, **options):
    """Runs catsbench to its end; stdout and stderr as text."""
    return subprocess.run([CATSBENCH, *map(str, arguments)], text=True, capture_output=True, timeout=timeout, **options)


def start(*arguments, **options):
    return subprocess.Popen([CATSBENCH, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            **options)


def output(*command):
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


def leftovers(patience=3):
    """What stays, for longer than a killed process needs to go, in the kernel and under /run with a run's name."""
    deadline = time.time() + patience
    while (found := remains()) and time.time() < deadline:
        time.sleep(0.1)
    return found


def remains():
    found = {}
    netns = pathlib.Path("/run/netns")
    found["namespaces"] = sorted(p.name for p in netns.glob("catsb-*")) if netns.exists() else []
    found["files"] = sorted(map(str, pathlib.Path("/run").glob("catsbench*")))
    found["cgroups"] = sorted(str(p) for p in pathlib.Path("/sys/fs/cgroup").glob("**/catsbench/*") if p.is_dir())
    found["links"] = [line for line in output("ip", "-o", "link").splitlines() if "catsb" in line or " eth1@" in line]
    found["processes"] = []
    for status in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = status.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "catsd" in command.split(" ")[0] or "/run/catsbench/" in command:
            found["processes"].append(command)
    found["mounts"] = [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if "catsb" in line]
    return {kind: what for kind, what in found.items() if what}


def run_scenario(text, *arguments, timeout=300):
    """Writes a scenario, runs it; (exit status, report or None, stderr)."""
    with tempfile.TemporaryDirectory(prefix="catsb-test-") as directory:
        file = pathlib.Path(directory) / "scenario.yaml"
        file.write_text(text)
        out = pathlib.Path(directory) / "run"
        result = catsbench("scenario", file, "--out", out, *arguments, timeout=timeout)
        report = out / "report.json"
        return result.returncode, json.loads(report.read_text()) if report.exists() else None, result.stderr
