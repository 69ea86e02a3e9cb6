"""The main job: all tests of the shipped scenario, quickly, and its numbers computed again by other code."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from harness import SOURCE, catsbench, leftovers

TESTS = ["collection", "metric-distribution", "session-continuity", "service-latency", "utilization", "lb-variance",
         "lb-variance"]


class Distributed(unittest.TestCase):
    def test_every_test_is_measured_and_its_numbers_follow_from_the_logs(self):
        catsbench("cleanup")
        with tempfile.TemporaryDirectory(prefix="catsb-test-") as directory:
            out = pathlib.Path(directory) / "run"
            result = catsbench("scenario", SOURCE / "scenarios/distributed.yaml", "--quick", "--out", out, timeout=600)
            # Two short trials may miss a bound; what counts here is that everything could be measured.
            self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
            self.assertEqual(leftovers(), {})
            report = json.loads((out / "report.json").read_text())
            self.assertEqual([test["name"] for test in report["tests"]], TESTS)
            for test in report["tests"]:
                verdicts = ("pass", "fail", "inconclusive")
                if test["name"] == "utilization":
                    verdicts += ("not_applicable",)  # two trials on both sides of the bound
                    self.assertGreater(test["figures"]["bias_ratio"]["value"], 0)
                self.assertIn(test["verdict"], verdicts, test["reason"])
            miscounted = [t["figures"]["miscounted_flows"]["value"] for t in report["tests"] if t["name"] == "lb-variance"]
            self.assertEqual(miscounted, [0, 0])
            # Round-robin is at its floor, to the last flow.
            self.assertAlmostEqual(report["tests"][6]["figures"]["var"]["value"], 4 / 300, places=12)
            again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", out, out / "report.json"],
                                   text=True, capture_output=True)
            self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
