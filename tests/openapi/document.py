"""An OpenAPI document of docs/openapi: what it says, and what is wrong with it."""
import pathlib
import re
from typing import NamedTuple

import jsonschema
import yaml

METHODS = ("get", "put", "post", "delete", "patch")
KEYWORDS = {
    "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "format", "items", "maximum", "minItems",
    "minProperties", "minimum", "oneOf", "pattern", "properties", "propertyNames", "required", "type",
    "unevaluatedProperties"
}
PROFILE = yaml.safe_load((pathlib.Path(__file__).parent / "profile.schema.yaml").read_text())


def text_of(error):
    error = jsonschema.exceptions.best_match([error])  # the innermost, of alternatives
    return f"{'/'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:200]}"


class Operation(NamedTuple):
    path: str
    method: str
    item: dict
    parameters: list  # resolved, the path's and its own

    @property
    def id(self):
        return self.item["operationId"]

    def roles(self):
        """Those that may ask; empty: any."""
        return [role for one in self.item["security"] for role in one["bearer"]]

    def target(self, values):
        return re.sub("{(.*?)}", lambda name: values[name[1]], self.path)


class Document:
    def __init__(self, content):
        self.content = content

    @staticmethod
    def load(path):
        return Document(yaml.safe_load(pathlib.Path(path).read_text()))

    def resolved(self, node):
        """What a reference refers to; KeyError when there is no such thing."""
        while "$ref" in node:
            reference, node = node["$ref"], self.content
            for key in reference.removeprefix("#/").split("/"):
                node = node[key]
        return node

    def operations(self):
        for path, item in self.content["paths"].items():
            for method in METHODS:
                if method in item:
                    both = item.get("parameters", []) + item[method].get("parameters", [])
                    yield Operation(path, method.upper(), item[method], [self.resolved(one) for one in both])

    def problems_of(self, schema, value):
        # References begin at the root of what is validated with.
        rooted = {**schema, "components": self.content["components"]}
        validator = jsonschema.Draft202012Validator(rooted, format_checker=jsonschema.FormatChecker())
        return [text_of(error) for error in validator.iter_errors(value)]

    def problems(self):
        """Everything that is wrong with the document itself."""
        found = [text_of(error) for error in jsonschema.Draft202012Validator(PROFILE).iter_errors(self.content)]
        if found:
            return found  # what follows takes the shape for granted
        found += self._references()
        if found:
            return found
        for rule in (self._schemas, self._closed, self._operations, self._components):
            found += rule()
        return found

    def _nodes(self, node=None, place=""):
        """Every mapping of the document, with where it is."""
        node = self.content if node is None else node
        if isinstance(node, dict):
            yield place, node
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, (dict, list)):
                yield from self._nodes(value, f"{place}/{key}")

    def _references(self):
        for place, node in self._nodes():
            if isinstance(node.get("$ref"), str):
                try:
                    self.resolved(node)
                except KeyError:
                    yield f"{place}: there is no {node['$ref']}"

    def _roots(self):
        """Schema Objects that are in no other."""
        for name, schema in self.content["components"]["schemas"].items():
            yield f"schemas/{name}", schema
        for place, node in self._nodes():
            if isinstance(node.get("schema"), dict) and "/components/schemas/" not in place:
                yield f"{place}/schema", node["schema"]
            yield from ((f"{place}/{name}", one) for name, one in node.get("x-events", {}).items())

    def _subschemas(self):
        """Every Schema Object, with where it is."""
        todo = list(self._roots())
        while todo:
            place, schema = todo.pop()
            yield place, schema
            for keyword in ("items", "additionalProperties", "propertyNames"):
                if isinstance(schema.get(keyword), dict):
                    todo.append((f"{place}/{keyword}", schema[keyword]))
            todo += [(f"{place}/{name}", one) for name, one in schema.get("properties", {}).items()]
            for keyword in ("anyOf", "oneOf"):
                todo += [(f"{place}/{keyword}/{i}", one) for i, one in enumerate(schema.get(keyword, []))]

    def _schemas(self):
        for place, schema in self._roots():
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
            except jsonschema.SchemaError as error:
                yield f"{place}: {error.message}"
        for place, schema in self._subschemas():
            yield from (f"{place}: the keyword {keyword} is not known" for keyword in schema.keys() - KEYWORDS)
            undeclared = set(schema.get("required", [])) - schema.get("properties", {}).keys()
            if undeclared and "$ref" not in schema:
                yield f"{place}: required, but no property: {', '.join(sorted(undeclared))}"

    def _closed(self):
        """No object may have members that are not documented. One that is open may be used by those that close it."""
        open_ones = set()
        for place, schema in self._subschemas():
            closed = "additionalProperties" in schema or schema.get("unevaluatedProperties") is False
            if "properties" in schema and "$ref" not in schema and not closed:
                open_ones.add(place)
        used = set()
        for place, schema in self._subschemas():
            name = schema.get("$ref", "").removeprefix("#/components/")
            if name in open_ones:
                used.add(name)
                if schema.get("unevaluatedProperties") is not False:
                    yield f"{place}: {name} is open, and this does not close it"
        yield from (f"{place}: open to members that are not documented" for place in open_ones - used)

    def _operations(self):
        ids = set()
        tags = {tag["name"] for tag in self.content["tags"]}
        for one in self.operations():
            place = f"{one.method} {one.path}"
            if one.id in ids:
                yield f"{place}: the operationId {one.id} is given twice"
            ids.add(one.id)
            declared = [parameter["name"] for parameter in one.parameters if parameter["in"] == "path"]
            if sorted(re.findall("{(.*?)}", one.path)) != sorted(declared):
                yield f"{place}: path and parameters differ: {', '.join(declared) or 'none'}"
            yield from (f"{place}: the tag {tag} is not declared" for tag in set(one.item["tags"]) - tags)
            if (one.method in ("GET", "DELETE")) == ("requestBody" in one.item):
                yield f"{place}: a body is for PUT, POST and PATCH"
            statuses = one.item["responses"].keys()
            if not any(status.startswith("2") for status in statuses):
                yield f"{place}: it never succeeds"
            wanted = {"401"} | ({"403"} if one.roles() else set()) | ({"404"} if declared else set())
            yield from (f"{place}: {status} is missing" for status in sorted(wanted - statuses))
            yield from self._examples(place, one)

    def _examples(self, place, operation):
        media = operation.item.get("requestBody", {}).get("content", {})
        for media_type, content in media.items():
            if "example" not in content:
                yield f"{place}: {media_type} has no example"
                continue
            for problem in self.problems_of(content["schema"], content["example"]):
                yield f"{place}: the example: {problem}"

    def _components(self):
        used = {node["$ref"] for _, node in self._nodes() if isinstance(node.get("$ref"), str)}
        for kind, members in self.content["components"].items():
            if kind != "securitySchemes":
                yield from (f"components/{kind}/{name} is not used" for name in members
                            if f"#/components/{kind}/{name}" not in used)
