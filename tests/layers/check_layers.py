"""Checks that includes follow the house: a folder may include only from folders below it (CMakeLists.txt, README)."""
import pathlib
import re
import sys

# From the ground up; folders on one line do not see each other.
HOUSE = [
    ["base"],
    ["cpsel"],
    ["bgp", "http"],
    ["topologies", "collectors"],
    ["scenarios"],
    ["emulator/plan", "emulator/kernel"],
    ["emulator/frr", "emulator/control", "emulator/load"],
    ["emulator/roles"],
    ["emulator"],
    ["suite/stats"],
    ["suite/report"],
    ["suite/tests"],
    ["suite"],
    ["cli"],
]
LEVEL = {folder: level for level, folders in enumerate(HOUSE) for folder in folders}


def folder_of(path):
    for folder in sorted(LEVEL, key=len, reverse=True):
        if path == folder or path.startswith(folder + "/"):
            return folder
    return None


def main(root):
    bad, files = [], 0
    for top in sorted({folder.split("/")[0] for folder in LEVEL}):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            files += 1
            here = path.relative_to(root).as_posix()
            mine = folder_of(here)
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = re.match(r'#include "([^"]+)"', line)
                if not match:
                    continue
                other = folder_of(match[1])
                if other is None or not (root / match[1]).exists():
                    bad.append(f"{here}:{number}: includes {match[1]}, which is no file of the house")
                elif other != mine and LEVEL[other] >= LEVEL[mine]:
                    bad.append(f"{here}:{number}: {mine} must not include from {other}")
    print("\n".join(bad) if bad else f"{files} files keep the order")
    return 1 if bad or files == 0 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
