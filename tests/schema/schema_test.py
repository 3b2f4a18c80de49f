"""The printed JSON Schema and the parser must agree: on every example, and on examples made wrong.

    python3 tests/schema/schema_test.py build/dev/bin/assay
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (tools/setup installs it)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = [
    *sorted(ROOT.glob("examples/experiments/*.yaml")),
    *sorted(ROOT.glob("examples/*/experiment.yaml")),
]
if len(sys.argv) < 2 or not pathlib.Path(sys.argv[1]).is_file():
    sys.exit("usage: python3 tests/schema/schema_test.py build/dev/bin/assay")
ASSAY = sys.argv.pop(1)


class PlainLoader(yaml.SafeLoader):
    """YAML without the guesses of version 1.1: dates stay text, and so do yes, no, on and off."""


PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf")
)


def run(*arguments):
    return subprocess.run([ASSAY, *arguments], capture_output=True, text=True)


def define(text):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(text)
        file.flush()
        return run("define", "--json", file.name)


def places(node, path=()):
    """Every map of a document, by path."""
    if isinstance(node, dict):
        yield path
        for key, value in node.items():
            yield from places(value, path + (key,))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from places(value, path + (i,))


# Maps whose keys are names of the team's own, and payloads, which may hold anything.
FREE = {"allocation", "variants", "covariates", "overrides", "payload"}


def at(node, path):
    for step in path:
        node = node[step]
    return node


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        schema = json.loads(run("define", "--schema").stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)
        cls.documents = {
            path.relative_to(ROOT): yaml.load(path.read_text(), PlainLoader) for path in EXAMPLES
        }

    def test_every_example_is_valid_for_both(self):
        self.assertGreaterEqual(len(self.documents), 5)
        for path, document in self.documents.items():
            errors = [e.message for e in self.validator.iter_errors(document)]
            self.assertEqual(errors, [], path)
            self.assertEqual(define(json.dumps(document)).returncode, 0, path)

    def test_an_unknown_key_anywhere_is_refused_by_both(self):
        document = self.documents[pathlib.Path("examples/experiments/recommendation_cuped.yaml")]
        tried = 0
        for path in places(document):
            if path and (path[-1] in FREE or "payload" in path):
                continue
            wrong = copy.deepcopy(document)
            at(wrong, path)["surprise"] = 1
            self.assertFalse(self.validator.is_valid(wrong), path)
            self.assertIn("surprise", define(json.dumps(wrong)).stderr, path)
            tried += 1
        self.assertGreaterEqual(tried, 20)

    def test_wrong_values_are_refused_by_both(self):
        document = self.documents[pathlib.Path("examples/experiments/recommendation_cuped.yaml")]
        for path, value in [
            (("id",), "two words"),
            (("metrics", "primary"), []),
            (("metrics", "primary", 0, "type"), "proportoin"),
            (("metrics", "guardrails", 0, "direction"), "sideways"),
            (("analysis", "alpha"), 1),
            (("analysis", "method"), "guess"),
            (("analysis", "mde_relative"), 0),
            (("schedule", "min_runtime_days"), -1),
            (("targeting", "countries"), "IN"),
            (("targeting", "all", 0, "attribute"), ""),
            (("covariates", "pre_experiment_add_to_cart_rate", "lookback"), "14"),
            (("variants", "control", "weight"), -0.5),
        ]:
            wrong = copy.deepcopy(document)
            at(wrong["experiment"], path[:-1])[path[-1]] = value
            self.assertFalse(self.validator.is_valid(wrong), path)
            self.assertEqual(define(json.dumps(wrong)).returncode, 2, path)


class Reference(unittest.TestCase):
    """docs/reference/experiment_file.md lists the keys of the schema: all of them and no other."""

    def test_lists_every_key(self):
        page = (ROOT / "docs/reference/experiment_file.md").read_text()
        parts = json.loads(run("define", "--schema").stdout)["$defs"]
        keys = {name: set(part["properties"]) for name, part in parts.items()}
        told = set()
        for marker, table in re.findall(r"<!-- schema: (.+) -->\n((?:\|.*\n)+)", page):
            names = [name for name in marker.split() if not name.startswith("+")]
            inherited = [keys[name[1:]] for name in marker.split() if name.startswith("+")]
            expected = set().union(*(keys[name] for name in names)).difference(*inherited)
            first = [row.split("|")[1] for row in table.splitlines()[2:]]
            self.assertEqual(set(re.findall(r"`(.+?)`", " ".join(first))), expected, marker)
            told.update(names)
        self.assertEqual(told | {"catalogue"}, set(keys))


if __name__ == "__main__":
    unittest.main()
