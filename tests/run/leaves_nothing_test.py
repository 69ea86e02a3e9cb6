"""Networks come and go, runners are killed at any moment: nothing is left, and `cleanup` finds what is."""
import pathlib
import random
import signal
import tempfile
import time
import unittest

from harness import catsbench, leftovers, start

CYCLES = 20


class LeavesNothing(unittest.TestCase):
    def setUp(self):
        catsbench("cleanup")
        self.assertEqual(leftovers(), {}, "something was there before the test")
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        self.results = pathlib.Path(directory.name)

    def test_up_and_down(self):
        for cycle in range(CYCLES):
            up = catsbench("topology", "up", "three-sites")
            self.assertEqual(up.returncode, 0, f"cycle {cycle}: {up.stderr}")
            down = catsbench("topology", "down", "three-sites")
            self.assertEqual(down.returncode, 0, f"cycle {cycle}: {down.stderr}")
            self.assertEqual(leftovers(), {}, f"cycle {cycle}")

    def test_killed_at_any_moment(self):
        moments = random.Random(1)
        for cycle in range(CYCLES):
            moment = moments.uniform(0, 8)
            runner = start("scenario", "distributed.yaml", "--quick", "--out", self.results / f"killed-{cycle}")
            time.sleep(moment)
            runner.send_signal(signal.SIGKILL)
            runner.wait()
            done = catsbench("cleanup")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(leftovers(), {}, f"killed after {moment:.2f} s")

    def test_interrupted(self):
        runner = start("scenario", "distributed.yaml", "--quick", "--out", self.results / "interrupted")
        time.sleep(7)
        runner.send_signal(signal.SIGINT)
        self.assertEqual(runner.wait(30), 130)
        self.assertEqual(leftovers(), {})

    def test_two_networks_at_once(self):
        first, second = start("topology", "up", "triangle"), start("topology", "up", "three-sites")
        self.assertEqual((first.wait(60), second.wait(60)), (0, 0))
        for name in ("triangle", "three-sites"):
            paths = catsbench("topology", "exec", name, "r1", "vtysh", "-c", "show ipv6 route")
            self.assertEqual(paths.returncode, 0, paths.stderr)
            self.assertEqual(catsbench("topology", "down", name).returncode, 0)
        self.assertEqual(leftovers(), {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
