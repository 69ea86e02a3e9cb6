"""Scenarios in virtual time: every test is measured in every mode, without root, and twice the same."""
import csv
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from harness import CATSBENCH, SOURCE, catsbench

TESTS = ["collection", "metric-distribution", "session-continuity", "service-latency", "utilization", "lb-variance",
         "lb-variance"]
NOBODY = 65534
PLUGINS = pathlib.Path(os.environ["CATS_BINARY_DIR"]).parent / "plugins"
# Test, fault, and the figure that it fails.
FAULTS = [("collection", {"kind": "collector-bias"}, "collection_error_points"),
          ("metric-distribution", {"kind": "lost-update"}, "coverage"),
          ("metric-distribution", {"kind": "altered-value"}, "altered"),
          ("session-continuity", {"kind": "no-conntrack"}, "broken_sessions"),
          ("session-continuity", {"kind": "move-session"}, "table_match_share"),
          ("session-continuity", {"kind": "stuck-cps"}, "steering_delay_ms"),
          ("service-latency", {"kind": "stuck-cps"}, "missed_switches"),
          ("service-latency", {"kind": "slow-cps"}, "reaction_ms"),
          ("service-latency", {"kind": "blind-cps"}, "blind_switches"),
          ("utilization", {"kind": "stuck-cps"}, "bias_ratio"),
          ("lb-variance", {"kind": "lost-count", "node": "es2"}, "miscounted_flows"),
          ("lb-variance", {"kind": "bad-hash"}, "var")]


def as_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def files_of(directory):
    return {str(file.relative_to(directory)): file.read_bytes()
            for folder in ("events", "samples") for file in sorted((directory / folder).iterdir())}


class Simulated(unittest.TestCase):
    def simulate(self, scenario, *arguments, **options):
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        os.chmod(directory.name, 0o777)
        out = pathlib.Path(directory.name) / "run"
        result = catsbench("sim", scenario, "--quick", "--out", out, *arguments, timeout=300, **options)
        return out, result

    def measure(self, *arguments):
        out, result = self.simulate(SOURCE / "scenarios/distributed.yaml", *arguments)
        # Two short trials may miss a bound; what counts here is that everything could be measured.
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        report = json.loads((out / "report.json").read_text())
        self.assertEqual([test["name"] for test in report["tests"]], TESTS)
        for test in report["tests"]:
            self.assertEqual(test["engine"], "sim")
            self.assertIn(test["verdict"], ("pass", "fail", "inconclusive"), test["reason"])
        for name, value in (("coverage", 1), ("lost", 0), ("altered", 0), ("duplicated", 0)):
            self.assertEqual(report["tests"][1]["figures"][name]["value"], value, name)
        miscounted = [t["figures"]["miscounted_flows"]["value"] for t in report["tests"] if t["name"] == "lb-variance"]
        self.assertEqual(miscounted, [0, 0])
        self.assertEqual(report["clock"]["id"], "virtual")
        self.assertEqual({duts["access"] for duts in report["duts"]}, {"virtual time"})
        self.assertIn("simulation", report["declarations"])
        self.assertEqual([check for check in report["preflight"] if not check["ok"]], [])
        self.assertTrue(report["preflight"])
        again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", out, out / "report.json"],
                               text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)
        events = [json.loads(line) for file in (out / "events").iterdir() for line in file.read_text().splitlines()]
        return out, report, events

    def nodes_of(self, events, event, **fields):
        return {e["node"] for e in events if e["event"] == event and all(e[k] == v for k, v in fields.items())}

    def test_distributed_twice_the_same_and_with_another_seed_not(self):
        out, report, events = self.measure()
        # Round-robin is at its floor, to the last flow.
        self.assertAlmostEqual(report["tests"][6]["figures"]["var"]["value"], 4 / 300, places=12)
        self.assertEqual(self.nodes_of(events, "decision"), {"r1"})
        self.assertEqual(self.nodes_of(events, "hop_seen"), {"tap"})
        again, _, _ = self.measure()
        one, other = files_of(out), files_of(again)
        self.assertEqual(sorted(one), sorted(other))
        for name in one:
            self.assertEqual(one[name], other[name], name)
        differently, _, _ = self.measure("--set", "seed=2")
        self.assertNotEqual(one["samples/h1.requests.csv"], files_of(differently)["samples/h1.requests.csv"])

    def test_centralized(self):
        _, _, events = self.measure("--set", "mode=centralized")
        self.assertEqual(self.nodes_of(events, "decision"), {"sdn"})
        self.assertEqual(self.nodes_of(events, "metric_received"), {"sdn"})
        self.assertEqual(self.nodes_of(events, "metric_sent", via="bgp"), set())
        self.assertEqual(self.nodes_of(events, "route_installed"), {"r1"})

    def test_hybrid(self):
        _, _, events = self.measure("--set", "mode=hybrid", "--set", "controller={cps: split, fallback: service_norm}")
        self.assertEqual(self.nodes_of(events, "decision"), {"r1"})
        self.assertEqual(self.nodes_of(events, "candidate"), {"sdn"})
        self.assertEqual(self.nodes_of(events, "metric_received", via="bgp"), {"r1"})
        self.assertEqual(self.nodes_of(events, "metric_received", via="rest"), {"sdn"})

    def one_test(self, test, *lines):
        """The shipped scenario with one test, and `lines` at its end; the file's path."""
        text = (SOURCE / "scenarios/distributed.yaml").read_text()
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        os.chmod(directory.name, 0o755)
        file = pathlib.Path(directory.name) / "scenario.yaml"
        file.write_text("\n".join([text[:text.index("tests:\n")], f"tests: [{test}]", *lines, ""]))
        file.chmod(0o644)
        return file

    def test_nobody_may_do_it_too(self):
        if os.geteuid() != 0:
            self.skipTest("runs as somebody already")
        if subprocess.run(["/usr/bin/test", "-x", CATSBENCH, "-a", "-r", SOURCE / "topologies"], preexec_fn=as_nobody).returncode:
            self.skipTest("the program lies where nobody may not go")
        out, result = self.simulate(self.one_test("collection"), preexec_fn=as_nobody)
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        self.assertTrue((out / "report.json").exists())

    def test_what_is_lost_on_the_way_is_seen(self):
        out, result = self.simulate(self.one_test("metric-distribution"), "--set", "simulation.update_loss=30%")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        report = json.loads((out / "report.json").read_text())
        self.assertEqual(report["tests"][0]["verdict"], "fail")
        self.assertGreater(report["tests"][0]["figures"]["lost"]["value"], 0)

    def write(self, scenario):
        directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        self.addCleanup(directory.cleanup)
        file = pathlib.Path(directory.name) / "scenario.yaml"
        file.write_text(yaml.safe_dump(scenario, sort_keys=False))
        return file

    def shipped(self, name, **changes):
        return yaml.safe_load((SOURCE / f"scenarios/{name}.yaml").read_text()) | changes

    def test_deliberate_faults_fail_their_tests(self):
        for test, fault, figure in FAULTS:
            with self.subTest(fault["kind"]):
                own = SOURCE / f"scenarios/{test}.yaml"  # a test that has a file of its own
                scenario = self.shipped(test if own.exists() else "distributed", trials=1, faults=[fault])
                scenario["tests"] = [each for each in scenario["tests"] if test in each]
                if fault["kind"] == "lost-count":
                    scenario["algorithm"] = "round-robin"
                out, result = self.simulate(self.write(scenario))
                report = json.loads((out / "report.json").read_text())["tests"][0]
                self.assertEqual(report["verdict"], "fail", f"{result.stdout} {result.stderr}")
                self.assertEqual(report["figures"][figure]["verdict"], "fail", report["reason"])

    def test_losses_in_every_mode(self):
        out, result = self.simulate(SOURCE / "scenarios/failover.yaml")
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        report = json.loads((out / "report.json").read_text())
        figure = {(test["name"], test["mode"]): {name: value["value"] for name, value in test["figures"].items()}
                  for test in report["tests"]}
        self.assertEqual(len(figure), 8)
        for test in report["tests"]:
            self.assertEqual((test["verdict"], test["void_trials"]), ("pass", 0), test)
        for mode in ("distributed", "centralized", "hybrid"):
            failover = figure["cps-failover", mode]
            self.assertEqual((failover["broken_sessions"], failover["instance_changes"]), (0, 0), mode)
            self.assertTrue(0 < failover["recovery_ms"] < 2000, failover)
            self.assertGreaterEqual(failover["renewal_ms"], failover["recovery_ms"], mode)
            (self.assertGreater if mode == "hybrid" else self.assertLess)(failover["decisions_without"], 1, mode)
            router = figure["router-failover", mode]
            for role in ("ingress", "egress"):
                self.assertTrue(3500 < router[f"routes_ms.{role}"] < 3800, router)
                self.assertGreaterEqual(router[f"reprovisioning_ms.{role}"], router[f"routes_ms.{role}"])
            self.assertTrue(0 < router["rerouted_ms.egress"] < 150, router)
        self.assertTrue(2000 <= figure["cps-failover", "hybrid"]["noticed_ms"] <= 3100)
        for mode in ("centralized", "hybrid"):
            manager = figure["manager-failover", mode]
            self.assertEqual((manager["coverage"], manager["lost_after"], manager["duplicated"]), (1, 0, 0))
            self.assertGreater(manager["lost_while_away"], 0)
            self.assertTrue(0 < manager["resume_ms"] < 1100, manager)
        again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", out, out / "report.json"],
                               text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)

    def test_the_controllers_benchmarks_that_have_a_meaning(self):
        _, refused = self.simulate(SOURCE / "scenarios/controller.yaml")
        self.assertEqual(refused.returncode, 2)
        self.assertIn('"session-capacity" measures the TLS sessions that a real controller holds', refused.stderr)
        remedy = "tests=[controller-messages, path-provisioning]"
        self.assertIn(f"--set '{remedy}'", refused.stderr)
        out, result = self.simulate(SOURCE / "scenarios/controller.yaml", "--set", remedy)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        messages, provisioning = [{name: value["value"] for name, value in test["figures"].items()}
                                  for test in json.loads((out / "report.json").read_text())["tests"]]
        self.assertEqual((messages["lost"], messages["undecided"]), (0, 0))
        self.assertAlmostEqual(messages["processing_ms"], 0.1, delta=0.001)  # simulation.deciding
        self.assertAlmostEqual(messages["sustained_rate"], 10000, delta=10)
        self.assertEqual(provisioning["not_provisioned"], 0)
        self.assertTrue(0.3 < provisioning["proactive_ms"] < 2, provisioning)
        self.assertGreater(provisioning["reactive_ms"], provisioning["reactive_ms.controller"])

    def choose(self, name, *arguments):
        scenario = self.write(self.shipped("distributed", tests=["collection", "lb-variance"], trials=1,
                                           algorithm=f"./{name}.so"))
        (scenario.parent / f"{name}.so").write_bytes((PLUGINS / f"{name}.so").read_bytes())
        out, result = self.simulate(scenario, *arguments)
        return out, result, json.loads((out / "report.json").read_text())

    def test_a_library_of_your_own_chooses(self):
        out, result, report = self.choose("least_queue")
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        self.assertEqual({test["algorithm"] for test in report["tests"]}, {"./least_queue.so"})
        self.assertTrue((out / "algorithms/least_queue.so").exists())
        again, _, _ = self.choose("least_queue")
        self.assertEqual(files_of(out), files_of(again))

    def test_a_library_that_crashes_ends_the_run(self):
        out, result, report = self.choose("crashes_later", "--set", "mode=centralized")
        self.assertEqual(result.returncode, 3, result.stdout + result.stderr)
        failed = [json.loads(line) for line in (out / "events/sdn.jsonl").read_text().splitlines()
                  if '"algorithm_failed"' in line]
        self.assertEqual(len(failed), 1)
        told = f"algorithm ./crashes_later.so at sdn: {failed[0]['reason']}"
        self.assertIn("it crashed: killed by signal 11", told)
        self.assertIn(told, json.dumps(report["warnings"], ensure_ascii=False))

    def test_a_tunnel_that_leads_elsewhere_is_found_before_anything_is_measured(self):
        out, result = self.simulate(self.one_test("collection", "faults: [{kind: wrong-tunnel, instance: es1}]"))
        self.assertEqual(result.returncode, 3, result.stdout + result.stderr)
        report = json.loads((out / "report.json").read_text())
        self.assertTrue([check for check in report["preflight"] if not check["ok"] and "es1" in check["check"]])

    def test_traces_are_copied_and_the_run_repeats_itself_from_its_directory(self):
        scenario = self.one_test("utilization")
        (scenario.parent / "times.csv").write_text("".join(f"{n / 40}\n" for n in range(1, 80)))
        (scenario.parent / "work.csv").write_text("0.0002\n0.0004\n0.0015\n")
        out, result = self.simulate(scenario, "--set", "workload.short={arrivals: {process: trace, file: times.csv, repeat: 2s}}",
                                    "--set", "workload.work={distribution: trace, file: work.csv}")
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        self.assertEqual(sorted(file.name for file in (out / "traces").iterdir()), ["times.csv", "work.csv"])
        with open(out / "samples/h1.requests.csv", encoding="utf-8", newline="") as file:
            self.assertEqual({row["work_us"] for row in csv.DictReader(file)}, {"200", "400", "1500"})
        report = json.loads((out / "report.json").read_text())
        traces = report["declarations"]["application_plane"]["traces"]
        self.assertEqual({trace["name"] for trace in traces}, {"times.csv", "work.csv"})
        for name in ("times.csv", "work.csv"):
            (scenario.parent / name).unlink()
        again = subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/suite/recompute.py", out, out / "report.json"],
                               text=True, capture_output=True)
        self.assertEqual((again.returncode, again.stdout), (0, "the same digits\n"), again.stderr)
        self.assertEqual(catsbench("report", out).returncode, result.returncode)
        repeated, result = self.simulate(out / "scenario.yaml")
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        self.assertEqual(files_of(out), files_of(repeated))

    def test_of_a_run_that_is_complete_nothing_is_taken_again(self):
        out, result = self.simulate(self.one_test("collection"))
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        before, figures = files_of(out), json.loads((out / "report.json").read_text())["tests"]
        for command in ("scenario", "sim"):
            again = catsbench(command, "--resume", out)
            self.assertEqual(again.returncode, result.returncode, again.stderr)
            self.assertEqual(files_of(out), before)
            self.assertEqual(json.loads((out / "report.json").read_text())["tests"], figures)


if __name__ == "__main__":
    unittest.main(verbosity=2)
