"""spec/http/openapi.yaml is sound: no key stands twice, every reference leads somewhere, each
operation has a summary and answers, each {name} in a path is a declared parameter.
"""
import re
import unittest
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parent.parent / "spec/http/openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


class UniqueKeys(yaml.SafeLoader):
    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document, reference):
    node = document
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node


class OpenApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = yaml.load(FILE.read_text(encoding="utf-8"), UniqueKeys)
        cls.operations = [(path, method, item, operation)
                          for path, item in cls.document["paths"].items()
                          for method, operation in item.items() if method in METHODS]

    def test_references_lead_somewhere(self):
        dead = {r for r in references(self.document) if resolve(self.document, r) is None}
        self.assertEqual(dead, set())

    def test_operations_say_what_they_do(self):
        self.assertGreater(len(self.operations), 10)
        for path, method, _, operation in self.operations:
            self.assertTrue(operation.get("summary", "").endswith("."), f"{method} {path}")
            self.assertTrue(operation.get("responses"), f"{method} {path}")

    def test_path_parameters_are_declared(self):
        for path, method, item, operation in self.operations:
            declared = item.get("parameters", []) + operation.get("parameters", [])
            declared = [resolve(self.document, p["$ref"]) if "$ref" in p else p for p in declared]
            names = {p["name"] for p in declared if p["in"] == "path"}
            self.assertEqual(names, set(re.findall(r"{(\w+)}", path)), f"{method} {path}")


if __name__ == "__main__":
    unittest.main()
