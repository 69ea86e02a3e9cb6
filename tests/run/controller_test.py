"""The benchmarks of RFC 8456: every one is measured, nothing of the sites' updates is lost, and nobody gets in who should not."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from harness import SOURCE, catsbench, leftovers

# Figure → value that must come out, whatever the machine.
EXACT = {
    "controller-messages": {"lost": 0, "undecided": 0},
    "path-provisioning": {"not_provisioned": 0},
    "session-capacity": {"dropped_sessions": 0, "coverage": 1, "undecided": 0},
    "forwarding-capacity": {"dropped_entries": 0, "unsteered_sessions": 0},
    "exception-handling": {"accepted": 0, "changed": 0, "unlogged": 0, "coverage": 1},
    "denial-of-service": {"accepted": 0, "changed": 0, "unlogged": 0, "coverage": 1},
    "topology-discovery": {"discovered_nodes": 4, "discovered_links": 3, "missed_changes": 0},
}
ABOVE_ZERO = {
    "controller-messages": ("processing_ms", "sustained_rate"),
    "path-provisioning": ("proactive_ms", "proactive_rate", "reactive_ms", "reactive_rate"),
    "session-capacity": ("sessions_held",),
    "forwarding-capacity": ("entries_held",),
    "exception-handling": ("message_rate",),
    "denial-of-service": ("message_rate",),
    "topology-discovery": ("discovery_ms", "change_detection_ms.down", "change_detection_ms.up"),
}


class Controller(unittest.TestCase):
    def test_every_benchmark(self):
        catsbench("cleanup")
        with tempfile.TemporaryDirectory(prefix="catsb-test-") as directory:
            out = pathlib.Path(directory) / "run"
            result = catsbench("scenario", SOURCE / "scenarios/controller.yaml", "--quick", "--out", out, timeout=600)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertEqual(leftovers(), {})
            report = json.loads((out / "report.json").read_text())
            again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", out, out / "report.json"],
                                   text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)
        figures = {test["name"]: {name: f["value"] for name, f in test["figures"].items()} for test in report["tests"]}
        self.assertEqual(set(figures), set(EXACT))
        for test, expected in EXACT.items():
            self.assertEqual({name: figures[test][name] for name in expected}, expected, test)
            for name in ABOVE_ZERO[test]:
                self.assertGreater(figures[test][name], 0, f"{test}: {name}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
