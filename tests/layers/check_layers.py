"""Checks that includes follow the house: a folder may include only from folders below it (CMakeLists.txt, README)."""
import pathlib
import re
import sys

# From the ground up; folders on one line do not see each other.
HOUSE = [
    ["base"],
    ["cpsel"],
    ["bgp", "http", "cpsel/plugin"],
    ["topologies", "collectors", "load"],
    ["scenarios"],
    ["emulator/plan", "emulator/kernel", "sim"],
    ["emulator/frr", "emulator/control", "emulator/load", "sim/world", "sim/fleet"],
    ["emulator/roles"],
    ["emulator"],
    ["suite/stats"],
    ["suite/report"],
    ["suite/tests"],
    ["suite/plot"],
    ["suite"],
    ["cli"],
]
# The same world twice: neither knows of the other, whatever stands in which line.
APART = {"emulator", "sim"}
LEVEL = {folder: level for level, folders in enumerate(HOUSE) for folder in folders}


def folder_of(path):
    for folder in sorted(LEVEL, key=len, reverse=True):
        if path == folder or path.startswith(folder + "/"):
            return folder
    return None


# Who else must know every folder: what is rebuilt when it changes, what clang-tidy looks at.
LISTS = {"cmake/bootstrap.sh": r"source_folders=\((.*)\)", ".clang-tidy": r"HeaderFilterRegex: '\((.*?)\)"}


def main(root):
    bad, files = [], 0
    for file, pattern in LISTS.items():
        known = re.split(r"[ |]", re.search(pattern, (root / file).read_text())[1])
        bad += [f"{file}: {top} is missing" for top in sorted({f.split("/")[0] for f in LEVEL}) if top not in known]
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
                elif other != mine and (LEVEL[other] >= LEVEL[mine] or {top, other.split("/")[0]} == APART):
                    bad.append(f"{here}:{number}: {mine} must not include from {other}")
    print("\n".join(bad) if bad else f"{files} files keep the order")
    return 1 if bad or files == 0 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
