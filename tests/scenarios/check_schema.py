"""The JSON Schema accepts what the loader accepts, and refuses what it refuses as far as a schema can see.

    check_schema.py SCENARIOS    from tests/scenarios
"""
import json
import pathlib
import sys

import jsonschema
import yaml

# Right in shape, wrong in what only the loader knows: other files, registries, sums and order, YAML's own rules.
BEYOND_A_SCHEMA = {"topology-nodes", "no-topology", "given-twice", "anchors", "documents", "centralized", "three-modes",
                   "engines", "traces"}


class Loader(yaml.SafeLoader):
    """Keeps scalars as a person wrote them, except numbers and booleans."""


def load(path):
    try:
        return next(iter(yaml.load_all(path.read_text(), Loader)), None)
    except yaml.YAMLError as error:
        return error


def main():
    shipped = pathlib.Path(sys.argv[1])
    schema = json.loads((shipped / "scenario.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    wrong = 0
    for path in sorted([*shipped.glob("*.yaml"), *shipped.glob("studies/*.yaml"), *pathlib.Path("good").glob("*.yaml")]):
        for error in validator.iter_errors(load(path)):
            print(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
            wrong += 1
    for path in sorted(pathlib.Path("bad").glob("*.yaml")):
        content = load(path)
        if path.stem in BEYOND_A_SCHEMA or isinstance(content, yaml.YAMLError):
            continue
        if validator.is_valid(content):
            print(f"{path}: the schema accepts it")
            wrong += 1
    return 1 if wrong else 0


sys.exit(main())
