"""Every test can fail: a deliberate fault makes it, with the right figure and reason; without one it passes.

Those that a kernel, a router or a process has its part in. Others are the same code in both engines: sim_test.py.
"""
import unittest

import yaml

from harness import SOURCE, catsbench, leftovers, run_scenario


def scenario(test, faults, **changes):
    own = SOURCE / f"scenarios/{test}.yaml"  # a test that has a file of its own
    base = yaml.safe_load((own if own.exists() else SOURCE / "scenarios/distributed.yaml").read_text())
    base["tests"] = [entry for entry in base["tests"] if entry == test or (isinstance(entry, dict) and test in entry)]
    base["name"] = "fault"
    base["trials"] = 1
    base["faults"] = faults
    base.update(changes)
    return yaml.safe_dump(base, sort_keys=False)


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        catsbench("cleanup")

    def measure(self, test, faults, **changes):
        status, report, errors = run_scenario(scenario(test, faults, **changes), "--quick")
        self.assertIsNotNone(report, errors)
        self.assertEqual(leftovers(), {})
        return status, report

    def expect_failure(self, test, figure, fault, **changes):
        status, report = self.measure(test, [fault], **changes)
        entry = report["tests"][0]
        verdicts = {name: f.get("verdict") for name, f in entry["figures"].items()}
        self.assertEqual(status, 1, f"{fault}: {entry['verdict']}: {entry['reason']} {verdicts}")
        self.assertEqual(entry["verdict"], "fail", entry["reason"])
        self.assertEqual(entry["figures"][figure]["verdict"], "fail", verdicts)
        return entry["figures"]

    def test_collector_reads_ten_points_low(self):
        self.expect_failure("collection", "collection_error_points", {"kind": "collector-bias", "node": "es1"})

    def test_lost_update(self):
        self.expect_failure("metric-distribution", "coverage", {"kind": "lost-update", "node": "es1"})

    def test_flow_table_without_conntrack(self):
        self.expect_failure("session-continuity", "broken_sessions", {"kind": "no-conntrack"})

    def test_session_moved_by_hand(self):
        self.expect_failure("session-continuity", "table_match_share", {"kind": "move-session"})

    def test_path_selector_that_never_switches(self):
        self.expect_failure("session-continuity", "steering_delay_ms", {"kind": "stuck-cps"})

    def test_flow_that_is_not_counted(self):
        self.expect_failure("lb-variance", "miscounted_flows", {"kind": "lost-count", "node": "es2"},
                            algorithm="round-robin")

    def test_multipath_that_hashes_no_ports(self):
        self.expect_failure("lb-variance", "var", {"kind": "bad-hash"})

    def test_tunnel_to_the_wrong_instance(self):
        status, report = self.measure("collection", [{"kind": "wrong-tunnel", "instance": "es1"}])
        self.assertEqual(status, 3)
        failed = [check["check"] for check in report["preflight"] if not check["ok"]]
        self.assertEqual(failed, ["SRv6 tunnel r1 → es1"])
        self.assertEqual(report["tests"][0]["verdict"], "error")


if __name__ == "__main__":
    unittest.main(verbosity=2)
