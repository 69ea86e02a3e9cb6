"""The documents of docs/openapi: each is sound, they agree with each other, and no path of the program is missing.

    check_documents.py SOURCES
"""
import copy
import pathlib
import re
import sys

from document import Document

GONE = object()
PUT = ("paths", "/v1/instances/{csci}/metrics", "put")
METRICS = ("paths", "/v1/metrics", "get")
INSTANCE = ("components", "schemas", "Instance")
# Where a document is spoilt, with what, and what must be said of it then.
FAULTS = [
    (("info", "sumary"), "x", "sumary"),
    (PUT + ("responses", "200 OK"), {"description": "x"}, "200 OK"),
    (PUT + ("operationId",), "getHealth", "the operationId getHealth is given twice"),
    (PUT + ("tags",), ["I9"], "the tag I9 is not declared"),
    (PUT + ("responses", "401"), GONE, "401 is missing"),
    (PUT + ("responses", "204"), GONE, "it never succeeds"),
    (PUT + ("requestBody",), GONE, "a body is for PUT"),
    (PUT + ("requestBody", "content", "application/json", "example", "known"), "seven", "the example: known"),
    (PUT[:2] + ("parameters",), [], "path and parameters differ"),
    (METRICS + ("responses", "200", "content", "application/json", "schema", "$ref"), "#/components/schemas/Stat",
     "there is no #/components/schemas/Stat"),
    (METRICS + ("responses", "200", "content", "application/json", "schema"), {"properties": {}}, "open to members"),
    (INSTANCE + ("additionalProperties",), GONE, "schemas/Instance is open, and this does not close it"),
    (INSTANCE + ("requird",), [], "the keyword requird is not known"),
    (INSTANCE + ("required",), ["colour"], "required, but no property: colour"),
    (INSTANCE + ("properties", "node", "type"), "text", "'text' is not valid"),
    (("components", "schemas", "Unused"), {"type": "string"}, "components/schemas/Unused is not used"),
]


def spoilt(content, place, value):
    content = copy.deepcopy(content)
    node = content
    for key in place[:-1]:
        node = node[key]
    if value is GONE:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return Document(content)


def overlooked(sound):
    """Faults that are not noticed."""
    for place, value, expected in FAULTS:
        found = spoilt(sound.content, place, value).problems()
        if not any(expected in problem for problem in found):
            yield f"{'/'.join(place)} is spoilt, and \"{expected}\" is not said, but: {found}"


def differing(documents):
    """Components of one name that are not the same everywhere. `Health` is each role's own."""
    first = {}
    for name, document in documents.items():
        for kind, members in document.content["components"].items():
            for key, component in members.items():
                where, known = first.setdefault((kind, key), (name, component))
                if component != known and key != "Health":
                    yield f"{kind}/{key} is not the same in {where} and {name}"


def undocumented(sources, documents):
    """Paths in the program's text that no document has."""
    known = [re.sub("{.*?}", "{}", path) + "/" for one in documents.values() for path in one.content["paths"]]
    for file in sorted([*sources.glob("collectors/*.cc"), *sources.glob("emulator/**/*.cc")]):
        code = re.sub(r"^ *//.*", "", file.read_text(), flags=re.MULTILINE)
        for text in re.findall(r'"(/v1[^"]*)"', code):
            if not any(path.startswith(text.rstrip("/") + "/") for path in known):
                yield f"{file.relative_to(sources)}: {text} is not documented"


def main():
    sources = pathlib.Path(sys.argv[1])
    documents = {file.stem: Document.load(file) for file in sorted(sources.glob("docs/openapi/*.yaml"))}
    problems = [f"{name}: {problem}" for name, one in documents.items() for problem in one.problems()]
    problems += overlooked(documents["edge-server-manager"])
    problems += differing(documents)
    problems += undocumented(sources, documents)
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
