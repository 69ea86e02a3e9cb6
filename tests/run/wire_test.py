"""What a run puts on the wire, seen by others: SRv6 on the core, every path at the ingress, no malformed BGP."""
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

from harness import catsbench, start


def run_id():
    names = [p.name for p in pathlib.Path("/run/netns").glob("catsb-*-r1")]
    return names[0].split("-")[1] if len(names) == 1 else None


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        catsbench("cleanup")
        cls.directory = tempfile.TemporaryDirectory(prefix="catsb-test-")
        cls.addClassCleanup(cls.directory.cleanup)
        folder = pathlib.Path(cls.directory.name)
        folder.chmod(0o777)
        cls.runner = start("scenario", "distributed.yaml", "--quick", "--out", folder / "run")
        cls.addClassCleanup(cls.stop)
        deadline = time.time() + 60
        while run_id() is None and time.time() < deadline:
            time.sleep(0.05)
        cls.namespace = f"catsb-{run_id()}-r1"
        # r1's first link to the core, from the first packet on, so that tshark sees every BGP session's OPEN.
        cls.capture = folder / "core.pcap"
        time.sleep(0.3)
        tcpdump = subprocess.Popen(["ip", "netns", "exec", cls.namespace, "tcpdump", "-i", "any", "--immediate-mode", "-U", "-w", cls.capture],
                                   stderr=subprocess.DEVNULL)
        cls.addClassCleanup(tcpdump.wait)
        cls.addClassCleanup(tcpdump.terminate)
        while not (folder / "run/samples/h1.requests.csv").exists() and time.time() < deadline:
            time.sleep(0.2)
        time.sleep(15)
        cls.paths = catsbench("topology", "exec", run_id(), "r1", "vtysh", "-c", "show bgp ipv6 unicast json").stdout

    @classmethod
    def stop(cls):
        cls.runner.send_signal(2)
        cls.runner.wait(30)

    def test_encapsulated_packets_on_the_core(self):
        text = subprocess.run(["tcpdump", "-r", self.capture, "-n", "ip6[6] == 43"], text=True, capture_output=True).stdout
        self.assertGreater(len(re.findall(r"srcrt|RT6", text)), 10, text[:500])

    def test_every_path_at_the_ingress(self):
        routes = json.loads(self.paths)["routes"]
        service = [paths for prefix, paths in routes.items() if prefix.startswith("2001:2:0:c5::")]
        self.assertEqual(len(service), 1, list(routes))
        self.assertEqual(len(service[0]), 3, service)

    def test_no_malformed_bgp(self):
        def tshark(condition):
            return subprocess.run(["tshark", "-r", self.capture, "-Y", condition], text=True, capture_output=True).stdout
        self.assertGreater(tshark("bgp.type == 2").count("\n"), 10)
        self.assertEqual(tshark("_ws.malformed && bgp"), "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
