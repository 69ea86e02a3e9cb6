"""A study that was broken off goes on where it was: the same trials, none twice."""
import collections
import json
import os
import pathlib
import tempfile
import time
import unittest

import yaml

from harness import SOURCE, catsbench, leftovers, start

PLUGINS = pathlib.Path(os.environ["CATS_BINARY_DIR"]).parent / "plugins"
VALUES = ["200ms", "300ms", "400ms", "500ms"]
TRIALS = 5


class Resume(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        catsbench("cleanup")

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="catsb-test-")))
        self.out = self.directory / "run"

    def write_study(self):
        """4 values x 5 trials of about 2 s, steered by a library of the user's."""
        base = yaml.safe_load((SOURCE / "scenarios/distributed.yaml").read_text())
        base |= {"name": "study", "interval": VALUES, "trials": TRIALS, "warm_up": "500ms", "cool_down": "100ms",
                 "algorithm": "./mine.so", "tests": [{"metric-distribution": {"measure": "1s", "drain": "300ms"}}]}
        (self.directory / "mine.so").write_bytes((PLUGINS / "least_queue.so").read_bytes())
        (self.directory / "study.yaml").write_text(yaml.safe_dump(base, sort_keys=False))

    def events(self, name):
        log = self.out / "events/runner.jsonl"
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if event["event"] == name]

    def counted(self):
        """(entry, index) → how many trials of it count"""
        begun = {event["trial"]: (event["entry"], event["index"]) for event in self.events("trial_started")}
        return collections.Counter(begun[e["trial"]] for e in self.events("trial_ended") if e["void"] is None)

    def kill_in_the_middle_of_a_trial(self):
        process = start("scenario", self.directory / "study.yaml", "--out", self.out)
        try:
            deadline = time.time() + 120
            while len(self.events("trial_ended")) < 8 or len(self.events("trial_started")) < 9:
                self.assertIsNone(process.poll(), "the study ended before it was killed")
                self.assertLess(time.time(), deadline)
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()

    def test_a_study_killed_in_the_middle_ends_with_the_same_trials(self):
        self.write_study()
        self.kill_in_the_middle_of_a_trial()
        before = self.counted()
        self.assertIn(before.total(), range(4, 20))
        self.assertFalse((self.out / "report.json").exists())
        (self.directory / "mine.so").unlink()  # the run directory has a copy
        (self.directory / "study.yaml").unlink()

        result = catsbench("scenario", "--resume", self.out)
        self.assertIn(result.returncode, (0, 1), result.stderr)  # 1: so short a T may miss its tolerance
        self.assertEqual(leftovers(), {})
        after = self.counted()
        self.assertEqual(set(after.values()), {1})
        self.assertEqual(after.total(), len(VALUES) * TRIALS)
        self.assertLessEqual(set(before), set(after))

        report = json.loads((self.out / "report.json").read_text())
        self.assertEqual([test["interval_ms"] for test in report["tests"]], [200, 300, 400, 500])
        for test in report["tests"]:
            self.assertEqual([trial["index"] for trial in test["trials"]], list(range(TRIALS)))
            self.assertEqual([t["seed"] for t in test["trials"]], [t["seed"] for t in report["tests"][0]["trials"]])
            self.assertTrue(all(trial.get("error") is None for trial in test["trials"]))

        # Nothing is left to do: a second time takes no trial.
        again = catsbench("scenario", "--resume", self.out)
        self.assertEqual(again.returncode, result.returncode, again.stderr)
        self.assertEqual(self.counted(), after)

    def test_what_is_no_run_directory_is_refused(self):
        result = catsbench("scenario", "--resume", self.directory)
        self.assertEqual(result.returncode, 2)
        self.assertIn("is no run directory", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
