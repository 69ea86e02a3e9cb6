"""The controller steers FRR itself: the same tests are measured, sessions stay, and its password is told to nobody."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from harness import SOURCE, catsbench, leftovers

KEPT = ("session-continuity", "service-latency")
MODULE = SOURCE / "build/frr-grpc/grpc.so"


def scenario(driver, kept=KEPT, **values):
    """The shipped centralized one with the tests that show where new sessions go."""
    text = yaml.safe_load((SOURCE / "scenarios/centralized.yaml").read_text())
    text["tests"] = [test for test in text["tests"] if (test if isinstance(test, str) else next(iter(test))) in kept]
    text["controller"] = {"southbound": driver}
    text.update(values)
    return yaml.safe_dump(text, sort_keys=False)


class Southbound(unittest.TestCase):
    def setUp(self):
        catsbench("cleanup")
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        self.out = pathlib.Path(directory.name) / "run"
        self.file = pathlib.Path(directory.name) / "scenario.yaml"

    def run_it(self, text):
        self.file.write_text(text)
        return catsbench("scenario", self.file, "--quick", "--out", self.out, timeout=600)

    def measure(self, driver, tests=KEPT):
        result = self.run_it(scenario(driver, tests))
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        self.assertEqual(leftovers(), {})
        report = json.loads((self.out / "report.json").read_text())
        self.assertEqual([check for check in report["preflight"] if not check["ok"]], [])
        self.assertTrue(any("read back" in check["check"] and "route of r1" in check["check"] for check in report["preflight"]))
        for test in report["tests"]:
            self.assertIn(test["verdict"], ("pass", "fail", "inconclusive"), test["reason"])
        continuity = next(test for test in report["tests"] if test["name"] == "session-continuity")["figures"]
        for name, value in (("broken_sessions", 0), ("instance_changes", 0), ("table_match_share", 1)):
            self.assertEqual(continuity[name]["value"], value, name)
        self.assertIsNotNone(continuity["steering_delay_ms"]["value"])
        again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", self.out, self.out / "report.json"],
                               text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)
        events = [json.loads(line) for file in (self.out / "events").iterdir() for line in file.read_text().splitlines()]
        installed = [e for e in events if e["event"] == "route_installed"]
        self.assertEqual({(e["node"], e["router"]) for e in installed}, {("sdn", "r1")})
        self.assertEqual([e for e in events if e["event"] == "order_failed"], [])
        self.assertEqual([e for e in events if e["event"] == "order_received"], [])
        for file in self.out.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"enable password", file.read_bytes(), file)

    def test_vtysh(self):
        self.measure("frr-vtysh", ["session-continuity"])

    def test_grpc(self):
        if MODULE.exists():
            return self.measure("frr-grpc")
        result = self.run_it(scenario("frr-grpc"))
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("sudo cmake/frr-grpc.sh", result.stderr)
        self.assertFalse(self.out.exists())

    def test_what_frr_cannot_do_is_refused(self):
        result = self.run_it(scenario("frr-vtysh", algorithm="inverse-load"))
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("FRR shares new flows evenly", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
