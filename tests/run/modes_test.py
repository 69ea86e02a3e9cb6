"""The same scenario in the modes with a controller: everything is measured, and nothing is lost on either way."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from harness import SOURCE, catsbench, leftovers

KEPT = ("metric-distribution", "service-latency")


def shortened(mode):
    """The shipped scenario of that mode with the tests that tell modes apart."""
    scenario = yaml.safe_load((SOURCE / f"scenarios/{mode}.yaml").read_text())
    scenario["tests"] = [test for test in scenario["tests"] if (test if isinstance(test, str) else next(iter(test))) in KEPT]
    return yaml.safe_dump(scenario, sort_keys=False)


class Modes(unittest.TestCase):
    def setUp(self):
        catsbench("cleanup")

    def measure(self, mode, *arguments):
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        out = pathlib.Path(directory.name) / "run"
        file = pathlib.Path(directory.name) / "scenario.yaml"
        file.write_text(shortened(mode))
        result = catsbench("scenario", file, "--quick", "--out", out, *arguments, timeout=600)
        # Two short trials may miss a bound; what counts here is that everything could be measured.
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        self.assertEqual(leftovers(), {})
        report = json.loads((out / "report.json").read_text())
        for test in report["tests"]:
            self.assertEqual(test["mode"], mode)
            self.assertIn(test["verdict"], ("pass", "fail", "inconclusive"), test["reason"])
        for name, value in (("coverage", 1), ("lost", 0), ("altered", 0), ("duplicated", 0)):
            self.assertEqual(report["tests"][0]["figures"][name]["value"], value, name)
        again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", out, out / "report.json"],
                               text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)
        events = [json.loads(line) for file in (out / "events").iterdir() for line in file.read_text().splitlines()]
        return report, events

    def nodes_of(self, events, event, **fields):
        return {e["node"] for e in events if e["event"] == event and all(e[k] == v for k, v in fields.items())}

    def test_centralized(self):
        _, events = self.measure("centralized")
        self.assertEqual(self.nodes_of(events, "decision"), {"sdn"})
        self.assertEqual(self.nodes_of(events, "metric_received"), {"sdn"})
        self.assertEqual(self.nodes_of(events, "metric_sent", via="bgp"), set())
        self.assertEqual(self.nodes_of(events, "route_installed"), {"r1"})

    def test_hybrid(self):
        _, events = self.measure("hybrid")
        self.assertEqual(self.nodes_of(events, "decision"), {"r1"})
        self.assertEqual(self.nodes_of(events, "candidate"), {"sdn"})
        self.assertEqual(self.nodes_of(events, "metric_received", via="bgp"), {"r1"})
        self.assertEqual(self.nodes_of(events, "metric_received", via="rest"), {"sdn"})
        self.assertEqual([e for e in events if e["event"] == "controller_state" and not e["up"]], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
