"""A simulated run leaves the same octets however it was made: threads, ranks of Open MPI, killed and resumed."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from harness import CATSBENCH, SOURCE, catsbench

TRIALS = 10  # of each of two algorithms
RANK = b"OMPI_COMM_WORLD_RANK="


def files_of(directory):
    return {str(file.relative_to(directory)): file.read_bytes()
            for folder in ("events", "samples") for file in sorted((directory / folder).iterdir())}


def mpirun(ranks, *arguments):
    return ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(ranks), str(CATSBENCH), *map(str, arguments)]


def is_rank(process, rank, out):
    """Whether that directory of /proc is of the catsbench of that rank which writes to `out`."""
    try:
        return (pathlib.Path(os.readlink(process / "exe")) == CATSBENCH.resolve() and
                str(out).encode() in (process / "cmdline").read_bytes() and
                RANK + str(rank).encode() in (process / "environ").read_bytes().split(b"\0"))
    except OSError:
        return False


class Parts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="catsb-test-")))
        text = (SOURCE / "scenarios/distributed.yaml").read_text()
        cls.file = cls.base / "study.yaml"
        cls.file.write_text(text[:text.index("tests:\n")] +
                            "tests: [{metric-distribution: {measure: 300s}}]\n")
        cls.whole = cls.base / "whole"
        result = catsbench("sim", *cls.study(cls.whole), "--threads", 1, timeout=600)
        assert result.returncode in (0, 1), result.stderr
        assert " 1 thread " in result.stderr, result.stderr
        cls.files = files_of(cls.whole)
        cls.figures = cls.figures_of(cls.whole)

    @classmethod
    def study(cls, out):
        return (cls.file, "--set", "algorithm=[global-min, round-robin]", "--set", f"trials={TRIALS}", "--out", out)

    @staticmethod
    def figures_of(out):
        return [(t["name"], t["algorithm"], t["figures"]) for t in json.loads((out / "report.json").read_text())["tests"]]

    def setUp(self):
        self.out = self.base / self.id().rsplit(".", 1)[1]
        self.tmp = self.out.with_suffix(".tmp")
        self.tmp.mkdir()
        self.environment = os.environ | {"TMPDIR": str(self.tmp)}

    def complete(self):
        parts = self.out / "parts"
        return [part for part in parts.iterdir() if part.is_dir() and part.suffix != ".begun"] if parts.exists() else []

    def check(self, out=None):
        out = out or self.out
        files = files_of(out)
        self.assertEqual(sorted(files), sorted(self.files))
        for name, octets in self.files.items():
            self.assertTrue(files[name] == octets, f"{name} differs")
        self.assertEqual(self.figures_of(out), self.figures)
        self.assertFalse((out / "parts").exists())

    def check_resumed(self, *command):
        self.assertGreaterEqual(len(self.complete()), 2)
        self.assertFalse((self.out / "report.json").exists())
        result = subprocess.run([*map(str, command)], text=True, capture_output=True, timeout=600, env=self.environment)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        self.check()

    def wait_for_parts(self, process):
        deadline = time.time() + 120
        while len(self.complete()) < 2:
            self.assertIsNone(process.poll(), "the run ended before it was killed")
            self.assertLess(time.time(), deadline)
            time.sleep(0.005)

    def pid_of_rank(self, rank, process):
        deadline = time.time() + 60
        while not (found := [p for p in pathlib.Path("/proc").glob("[0-9]*") if is_rank(p, rank, self.out)]):
            self.assertIsNone(process.poll(), "the run ended before it was killed")
            self.assertLess(time.time(), deadline)
            time.sleep(0.005)
        return int(found[0].name)

    def test_the_run_itself_is_sound(self):
        events = [json.loads(line) for line in (self.whole / "events/runner.jsonl").read_text().splitlines()]
        self.assertEqual([e["t_ns"] for e in events], sorted(e["t_ns"] for e in events))
        worlds = [e["t_ns"] for e in events if e["event"] == "world_started"]
        self.assertEqual(len(worlds), 2 * TRIALS)
        self.assertTrue(all(t % (1000 * 10**9) == 0 for t in worlds))
        report = json.loads((self.whole / "report.json").read_text())
        self.assertEqual([len(test["trials"]) for test in report["tests"]], [TRIALS, TRIALS])
        checks = [check["check"] for check in report["preflight"]]
        self.assertTrue(checks)
        self.assertEqual(len(checks), len(set(checks)))

    def test_two_threads(self):
        result = catsbench("sim", *self.study(self.out), "--threads", 2, timeout=600)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        self.assertIn("2 threads", result.stderr)
        self.check()

    def test_four_ranks(self):
        result = subprocess.run(mpirun(4, "sim", *self.study(self.out), "--threads", 1), text=True, capture_output=True,
                                timeout=600, env=self.environment)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        self.assertIn("4 threads", result.stderr)
        self.assertEqual(result.stdout, catsbench("report", self.out).stdout)  # once: one rank prints
        self.check()
        self.assertEqual(list(self.tmp.glob("catsbench-rank-*")), [])

    def test_killed_and_resumed(self):
        process = subprocess.Popen([CATSBENCH, "sim", *map(str, self.study(self.out)), "--threads", "1"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for_parts(process)
        finally:
            process.kill()
            process.wait()
        self.assertLess(len(self.complete()), 2 * TRIALS)
        self.check_resumed(CATSBENCH, "sim", "--resume", self.out, "--threads", 2)
        # Once more: it is complete.
        before = (self.out / "events/runner.jsonl").stat().st_mtime_ns
        again = catsbench("scenario", "--resume", self.out)
        self.assertIn(again.returncode, (0, 1), again.stderr)
        self.assertEqual((self.out / "events/runner.jsonl").stat().st_mtime_ns, before)
        self.check()

    def test_interrupted_and_resumed_with_ranks(self):
        process = subprocess.Popen([CATSBENCH, "sim", *map(str, self.study(self.out)), "--threads", "2"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self.wait_for_parts(process)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(process.returncode, 130)
        self.assertIn(f"--resume {self.out}", said)
        self.check_resumed(*mpirun(2, "sim", "--resume", self.out, "--threads", 1))

    def test_a_lost_rank_is_told_and_the_run_is_resumed(self):
        process = subprocess.Popen(mpirun(4, "sim", *self.study(self.out), "--threads", 1), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env=self.environment)
        try:
            pid = self.pid_of_rank(2, process)
            self.wait_for_parts(process)
            os.kill(pid, signal.SIGKILL)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        self.assertNotIn(process.returncode, (0, 1))
        self.assertIn("signal 9", said)
        self.check_resumed(CATSBENCH, "sim", "--resume", self.out)

    def test_what_runs_in_one_process_says_so(self):
        bounds = "bounds=['session-continuity.steering_delay_ms <= 2 s']"
        for command in ("scenario", "verify"):
            arguments = (command, "distributed", "--set", bounds, "--out", self.out)
            result = subprocess.run(mpirun(2, *arguments), text=True, capture_output=True, timeout=60,
                                    env=self.environment)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("without mpirun", result.stderr)
        self.assertFalse(self.out.exists())

    def test_two_at_once_are_refused(self):
        process = subprocess.Popen([CATSBENCH, "sim", *map(str, self.study(self.out)), "--threads", "1"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for_parts(process)
            other = catsbench("sim", "--resume", self.out)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(other.returncode, 2)
        self.assertIn("another catsbench is at work", other.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
