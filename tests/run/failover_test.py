"""Who chooses, the manager and routers are killed in mid-run, in every mode: no session breaks, and everything comes back."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from harness import SOURCE, catsbench, leftovers

LISTENERS = {"distributed": "r1", "centralized": "sdn", "hybrid": "sdn"}


def with_tests(name, tests):
    """A shipped scenario with other tests."""
    scenario = yaml.safe_load((SOURCE / f"scenarios/{name}.yaml").read_text())
    return yaml.safe_dump(scenario | {"tests": tests}, sort_keys=False)


class Failover(unittest.TestCase):
    def setUp(self):
        catsbench("cleanup")

    def run_quick(self, text):
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        out = pathlib.Path(directory.name) / "run"
        file = pathlib.Path(directory.name) / "scenario.yaml"
        file.write_text(text)
        result = catsbench("scenario", file, "--quick", "--out", out, timeout=850)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(leftovers(), {})
        report = json.loads((out / "report.json").read_text())
        again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", out, out / "report.json"],
                               text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)
        events = [json.loads(line) for file in (out / "events").iterdir() for line in file.read_text().splitlines()]
        return report, sorted(events, key=lambda e: e["t_ns"])

    def test_losses_in_every_mode(self):
        report, events = self.run_quick(with_tests("failover", [
            "cps-failover", {"manager-failover": {"mode": "hybrid"}}, {"router-failover": {"mode": "centralized"}}]))
        tests = {(test["name"], test["mode"]): test for test in report["tests"]}
        self.assertEqual(len(tests), 5)
        figure = {key: {name: value["value"] for name, value in test["figures"].items()} for key, test in tests.items()}
        for mode, listener in LISTENERS.items():
            failover = figure["cps-failover", mode]
            self.assertEqual((failover["broken_sessions"], failover["instance_changes"]), (0, 0), mode)
            # A sample of after the start, which is taken within W + T, and then distributed.
            self.assertGreater(failover["recovery_ms"], 0, mode)
            self.assertLess(failover["recovery_ms"], 5000, mode)
            self.assertGreaterEqual(failover["renewal_ms"], failover["recovery_ms"], mode)
            # 4 s away: nobody decides but an ingress that has BGP beside. What was under way when it was killed may follow.
            (self.assertGreater if mode == "hybrid" else self.assertLess)(failover["decisions_without"], 1, mode)
            trials = {e["trial"] for e in events if e["event"] == "trial_started" and e["test"] == "cps-failover"
                      and e["mode"] == mode}
            self.assertEqual({e["of"] for e in events if e["event"] == "lost" and e["trial"] in trials}, {listener})
        # The ingress gives the controller up after 3 s without an order, which come every second at least.
        self.assertTrue(2000 <= figure["cps-failover", "hybrid"]["noticed_ms"] <= 3500)
        manager = figure["manager-failover", "hybrid"]
        self.assertEqual((manager["coverage"], manager["lost_after"], manager["duplicated"]), (1, 0, 0))
        self.assertGreater(manager["resume_ms"], 0)
        routers = figure["router-failover", "centralized"]
        for role in ("ingress", "egress"):
            self.assertGreater(routers[f"reprovisioning_ms.{role}"], 0)
            self.assertGreaterEqual(routers[f"reprovisioning_ms.{role}"], routers[f"routes_ms.{role}"])
        # Every loss was undone, by the node's own process anew.
        restored = [(e["trial"], e["of"], e["part"]) for e in events if e["event"] == "restored"]
        self.assertEqual(sorted((e["trial"], e["of"], e["part"]) for e in events if e["event"] == "lost"), sorted(restored))


if __name__ == "__main__":
    unittest.main(verbosity=2)
