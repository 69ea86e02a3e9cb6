"""Sites that an exporter measures: its values are distributed; without it they are missing, and preflight says so."""
import json
import pathlib
import tempfile
import unittest

import yaml

from harness import SOURCE, catsbench, leftovers


class Prometheus(unittest.TestCase):
    def setUp(self):
        catsbench("cleanup")
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.scenario = yaml.safe_load((SOURCE / "scenarios/prometheus.yaml").read_text())
        self.scenario["tests"] = [{"metric-distribution": {"measure": "4s"}}]

    def run_it(self):
        file = self.directory / "scenario.yaml"
        file.write_text(yaml.safe_dump(self.scenario, sort_keys=False))
        out = self.directory / "run"
        result = catsbench("scenario", file, "--quick", "--out", out, timeout=300)
        self.assertEqual(leftovers(), {})
        events = [json.loads(line) for file in (out / "events").iterdir() for line in file.read_text().splitlines()]
        return result, out, events

    def test_an_exporters_metrics_are_distributed(self):
        result, out, events = self.run_it()
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        figures = json.loads((out / "report.json").read_text())["tests"][0]["figures"]
        self.assertEqual((figures["coverage"]["value"], figures["lost"]["value"]), (1, 0))
        samples = [e for e in events if e["event"] == "sample"]
        self.assertEqual({e["node"] for e in samples}, {"es1", "es2", "es3"})
        # The exporter sees the machine, and not what the site's control group has used of its quota.
        for sample in samples:
            self.assertTrue(-5 <= sample["raw"]["cpu_utilisation"] <= 105, sample)
        of_the_group = [100 * s["accounting"]["usage_ns"] / (s["window_end"] - s["window_start"]) / s["accounting"]["quota_cores"]
                        for s in samples]
        self.assertTrue(all(abs(s["raw"]["cpu_utilisation"] - own) > 1e-6 for s, own in zip(samples, of_the_group)))
        trial = next(e["t_ns"] for e in events if e["event"] == "trial_started")
        self.assertEqual([e for e in events if e["event"] == "scrape_failed" and e["t_ns"] > trial], [])

    def test_without_an_exporter_nothing_is_measured(self):
        del self.scenario["metrics"]["prometheus"]["exporter"]
        result, _, events = self.run_it()
        self.assertNotIn(result.returncode, (0, 1), result.stdout + result.stderr)
        failed = [e for e in events if e["event"] == "preflight" and not e["ok"]]
        self.assertTrue(any("http://127.0.0.1:9100" in e["detail"] for e in failed), failed)
        self.assertTrue(any(e["event"] == "scrape_failed" for e in events))
        self.assertEqual([e for e in events if e["event"] in ("sample", "metric_sent")], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
