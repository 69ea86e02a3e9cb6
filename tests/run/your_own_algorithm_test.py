"""A library of the user's decides: its run is like any other, and when it breaks the run says so and stops."""
import hashlib
import json
import os
import pathlib
import tempfile
import unittest

import yaml

from harness import SOURCE, catsbench, leftovers

PLUGINS = pathlib.Path(os.environ["CATS_BINARY_DIR"]).parent / "plugins"


class YourOwnAlgorithm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        catsbench("cleanup")

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="catsb-test-")))

    def run_with(self, name, parameters=None, mode="distributed", decider="r1"):
        """(exit status, report, events of the node that decides, what was printed)"""
        base = yaml.safe_load((SOURCE / "scenarios/distributed.yaml").read_text())
        base |= {"name": "own", "tests": ["collection"], "trials": 1, "mode": mode}
        base["algorithm"] = {"name": f"./{name}.so", "parameters": parameters or {}}
        (self.directory / f"{name}.so").write_bytes((PLUGINS / f"{name}.so").read_bytes())
        (self.directory / "scenario.yaml").write_text(yaml.safe_dump(base, sort_keys=False))
        out = self.directory / "run"
        result = catsbench("scenario", self.directory / "scenario.yaml", "--quick", "--out", out)
        self.assertEqual(leftovers(), {})
        self.assertTrue((out / "report.json").exists(), result.stderr)
        events = [json.loads(line) for line in (out / f"events/{decider}.jsonl").read_text().splitlines()]
        return result.returncode, json.loads((out / "report.json").read_text()), events, result.stdout

    def test_the_example_of_the_documentation(self):
        status, report, events, printed = self.run_with("least_queue", {"floor": 0.1})
        self.assertEqual(status, 0, printed)
        self.assertEqual(report["tests"][0]["algorithm"], "./least_queue.so")
        sha256 = hashlib.sha256((PLUGINS / "least_queue.so").read_bytes()).hexdigest()
        declared = report["declarations"]["control_plane"]
        self.assertEqual(declared["algorithm"], {"name": "./least_queue.so", "parameters": {"floor": 0.1}})
        self.assertEqual(declared["algorithm_libraries"], [{"name": "./least_queue.so", "sha256": sha256}])
        weights = [e["weights"] for e in events if e["event"] == "decision" and len(e["weights"]) == 3]
        self.assertTrue(weights)
        self.assertTrue(all(min(w.values()) >= 0.1 / 3 - 1e-9 and abs(sum(w.values()) - 1) < 1e-9 for w in weights))
        # The run directory holds all that the report needs.
        (self.directory / "least_queue.so").unlink()
        again = catsbench("report", self.directory / "run", "--json")
        self.assertEqual(json.loads(again.stdout), report)

    def test_on_the_command_line_it_takes_the_place_of_the_files(self):
        (self.directory / "mine.so").write_bytes((PLUGINS / "least_queue.so").read_bytes())
        out = self.directory / "run"
        result = catsbench("scenario", SOURCE / "scenarios/distributed.yaml", "--quick", "--set", "tests=[utilization]",
                           "--set", "trials=1", "--algorithm", "./mine.so", "--out", out, cwd=self.directory)
        report = json.loads((out / "report.json").read_text())
        # The test chooses ECMP for a while, and the library again; how well it chooses does not matter here.
        self.assertNotEqual(report["tests"][0]["verdict"], "error", result.stdout + result.stderr)
        self.assertEqual(report["tests"][0]["algorithm"], str(self.directory / "mine.so"))
        self.assertEqual((out / "algorithms/mine.so").read_bytes(), (PLUGINS / "least_queue.so").read_bytes())

    def test_the_controller_runs_it_too(self):
        status, _, events, printed = self.run_with("least_queue", {"floor": 0.1}, "centralized", "sdn")
        self.assertEqual(status, 0, printed)
        weights = [e["weights"] for e in events if e["event"] == "decision" and len(e["weights"]) == 3]
        self.assertTrue(weights)
        self.assertTrue(all(min(w.values()) >= 0.1 / 3 - 1e-9 for w in weights))

    def expect_failure(self, name, reason, mode="distributed", decider="r1"):
        status, report, events, printed = self.run_with(name, None, mode, decider)
        self.assertEqual(status, 3, printed)
        self.assertEqual(report["tests"][0]["verdict"], "error")
        self.assertLessEqual(report["tests"][0]["void_trials"], 1)
        failed = [e for e in events if e["event"] == "algorithm_failed"]
        self.assertEqual(len(failed), 1)
        self.assertIn(reason, failed[0]["reason"])
        self.assertEqual(failed[0]["algorithm"], f"./{name}.so")
        told = f"algorithm ./{name}.so at {decider}: {failed[0]['reason']}"
        self.assertIn(told, " ".join(printed.split()))
        self.assertIn(told, json.dumps(report["warnings"], ensure_ascii=False))
        return report, events

    def test_a_crash_in_the_middle_of_a_trial(self):
        report, events = self.expect_failure("crashes_later", "it crashed: killed by signal 11")
        self.assertEqual(report["tests"][0]["void_trials"], 1)
        # The last weights stay.
        weights = [e["weights"] for e in events if e["event"] == "decision" and len(e["weights"]) == 3]
        self.assertEqual(weights[-1], dict.fromkeys(weights[-1], 1 / 3))

    def test_a_crash_at_the_controller(self):
        self.expect_failure("crashes_later", "it crashed: killed by signal 11", "centralized", "sdn")

    def test_a_hang(self):
        self.expect_failure("hangs", "it did not answer within 1 s")

    def test_nonsense(self):
        self.expect_failure("negative", "is -0.5")

    def test_what_cannot_be_loaded_is_refused_before_anything_is_built(self):
        with self.assertRaises(AssertionError) as refused:
            self.run_with("other_abi")
        self.assertIn("is made for version 2 of catsbench_algorithm.h", str(refused.exception))


if __name__ == "__main__":
    unittest.main(verbosity=2)
