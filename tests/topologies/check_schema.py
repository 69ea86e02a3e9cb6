"""Prints, for every topology file named, whether containerlab's JSON schema accepts it: "FILE accepts" or "FILE refuses REASON".

Usage: check_schema.py SCHEMA FILE…
"""
import json
import sys

import jsonschema
import yaml


def main():
    with open(sys.argv[1], encoding="utf-8") as schema:
        validator = jsonschema.Draft7Validator(json.load(schema))
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            error = jsonschema.exceptions.best_match(validator.iter_errors(yaml.safe_load(file)))
        print(path, "accepts" if error is None else f"refuses {error.message[:200]!r}")


if __name__ == "__main__":
    main()
