"""One scenario on both engines: the emulator's trials, then the simulator's, in one run directory and one report."""
import json
import pathlib
import subprocess
import tempfile
import time
import unittest

from harness import SOURCE, catsbench, leftovers, start


class Engines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        catsbench("cleanup")

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="catsb-test-")))
        self.out = self.directory / "run"
        text = (SOURCE / "scenarios/distributed.yaml").read_text()
        self.file = self.directory / "both.yaml"
        self.file.write_text(text[:text.index("tests:\n")] + "engine: [emulator, sim]\n"
                             "tests:\n  - collection\n  - metric-distribution: {measure: 3s, trials: 3}\n")

    def report(self, out=None):
        return json.loads(((out or self.out) / "report.json").read_text())

    def events(self):
        return [json.loads(line) for file in (self.out / "events").iterdir()
                for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def counted(self):
        events = self.events() if (self.out / "events").exists() else []
        return [e["trial"] for e in events if e["event"] == "trial_ended" and e["void"] is None]

    def check_run(self):
        report = self.report()
        self.assertEqual([(t["name"], t["engine"], t["study"]) for t in report["tests"]],
                         [(name, engine, {"engine": engine}) for name in ("collection", "metric-distribution")
                          for engine in ("emulator", "sim")])
        for test in report["tests"]:
            self.assertIn(test["verdict"], ("pass", "fail", "inconclusive"), test["reason"])
        # The same trials in either world.
        for emulated, simulated in zip(report["tests"][::2], report["tests"][1::2]):
            self.assertEqual([t["seed"] for t in emulated["trials"]], [t["seed"] for t in simulated["trials"]])
            self.assertEqual(emulated["parameters"], simulated["parameters"])
        for test in report["tests"][2:]:
            for figure, value in (("coverage", 1), ("lost", 0), ("altered", 0), ("duplicated", 0)):
                self.assertEqual(test["figures"][figure]["value"], value, (test["engine"], figure))

        begins = report["clock"]["virtual_from_ns"]
        self.assertEqual(report["clock"]["id"], "CLOCK_MONOTONIC")
        self.assertEqual(begins % (1000 * 10**9), 0)
        engines = {t["entry"]: t["entry"].endswith("#2") for t in self.events() if t["event"] == "trial_started"}
        self.assertEqual(set(engines.values()), {False, True})
        for event in self.events():
            if event["event"] == "trial_started":
                self.assertEqual(event["t_ns"] >= begins, engines[event["entry"]], event["trial"])
            elif event["event"] == "host_idle":
                self.assertLess(event["t_ns"], begins)
        self.assertEqual({c["engine"] for c in report["preflight"]}, {"emulator", "sim"})
        self.assertEqual([c for c in report["preflight"] if not c["ok"]], [])
        self.assertEqual([d["access"] for d in report["duts"]], ["VTY, BMP mirror", "virtual time"])
        self.assertIn("control_plane", report["declarations"]["simulation"])
        self.assertEqual(report["declarations"]["control_plane"]["southbound"], ["netlink"])
        self.assertIsNotNone(report["environment"]["tools"]["frr"])

        pairs = [c for c in report["comparisons"] if (c["a"], c["b"]) == ("emulator", "sim")]
        self.assertEqual({c["test"] for c in pairs}, {"collection", "metric-distribution"})
        self.assertTrue(all(c["pairs"] == len(report["tests"][0 if c["test"] == "collection" else 2]["trials"])
                            for c in pairs), pairs)
        told = {(a["test"], a["figure"]): a for a in report["agreement"]}
        for test in report["tests"]:
            for name, figure in test["figures"].items():
                if figure["value"] is not None:
                    self.assertIn((test["name"], name), told)
        # Two routers hold an update for 50 ms each in both worlds.
        self.assertIn(told["metric-distribution", "distribution_delay_ms"]["verdict"],
                      ("within the interval", "within 10 %"))
        again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", self.out,
                                self.out / "report.json"], text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)
        return report

    def test_killed_while_it_emulates_and_resumed(self):
        process = start("scenario", self.file, "--quick", "--out", self.out)
        try:
            deadline = time.time() + 120
            while not self.counted():
                self.assertIsNone(process.poll(), "the run ended before it was killed")
                self.assertLess(time.time(), deadline)
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        before = self.counted()
        result = catsbench("scenario", "--resume", self.out)
        self.assertIn(result.returncode, (0, 1), result.stderr)  # two short trials may miss a bound
        self.assertEqual(leftovers(), {})
        self.assertIn("Simulator against emulator", result.stdout)
        report = self.check_run()
        after = self.counted()
        self.assertLessEqual(set(before), set(after))
        self.assertEqual(len(after), len(set(after)))

        # Once more: no emulated trial is repeated, and the simulated part is made anew, with the same outcome.
        again = catsbench("scenario", "--resume", self.out)
        self.assertEqual(again.returncode, result.returncode, again.stderr)
        self.assertEqual(sorted(self.counted()), sorted(after))
        repeated = self.check_run()
        self.assertEqual([t["figures"] for t in repeated["tests"]], [t["figures"] for t in report["tests"]])

        # The simulator alone, whatever the file says: the very figures of the simulated part.
        alone = self.directory / "alone"
        result = catsbench("sim", self.file, "--quick", "--out", alone)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        simulated = self.report(alone)
        self.assertEqual([t["engine"] for t in simulated["tests"]], ["sim", "sim"])
        self.assertEqual([t["figures"] for t in simulated["tests"]], [t["figures"] for t in report["tests"][1::2]])
        self.assertNotIn("agreement", simulated)
        self.assertNotIn("virtual_from_ns", simulated["clock"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
