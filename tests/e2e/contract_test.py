"""The real server answers as spec/http/openapi.yaml says: status, fields, types, no field besides.

    python3 tests/e2e/contract_test.py build/release/bin/assay
"""
import os
import pathlib
import re
import sys
import unittest

from server import EXPERIMENT, Server, event, exposure

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (tools/setup installs it)")
    sys.exit(77)

BINARY = None
ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = yaml.safe_load((ROOT / "spec/http/openapi.yaml").read_text())
# Always withheld: a second plan for the answers that the first never gives.
WITHHELD = """
experiment:
  id: patient
  allocation: {control: 1, treatment: 1}
  metrics:
    primary: [{name: clicks, type: count, event: click, direction: increase}]
    guardrails:
      - {name: errors, type: proportion, event: error, threshold: 0.01, must_not_increase: 0.1}
  analysis: {method: fixed_horizon}
  schedule: {sample_size_per_variant: 100000, min_runtime_days: 7}
"""


SEGMENTED = EXPERIMENT.replace("ranker_v2", "segmented") + "  segments: [country]\n"


def named(reference):
    return SPEC["components"]["schemas"][reference.rsplit("/", 1)[1]]


def merged(parts):
    """Several object schemas as one, so that its fields can be counted."""
    whole = {"type": "object", "properties": {}, "required": []}
    for part in parts:
        part = named(part["$ref"]) if "$ref" in part else part
        whole["properties"].update(part.get("properties", {}))
        whole["required"] += part.get("required", [])
    return whole


def strict(node):
    """OpenAPI 3.0 as JSON Schema: null where nullable; objects have no field besides."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "allOf" in node:
        return strict(merged(node["allOf"]))
    made = {key: strict(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable"):
        made["type"] = [node["type"], "null"]
    if isinstance(node.get("properties"), dict) and "additionalProperties" not in node:
        made["additionalProperties"] = False
    return made


def described(method, path, status):
    """The schema of an answer; None where the description has no JSON body."""
    patterns = sorted(SPEC["paths"], key=lambda pattern: pattern.count("{"))
    pattern = next(p for p in patterns if re.fullmatch(re.sub(r"{\w+}", "[^/]+", p), path))
    answer = SPEC["paths"][pattern][method.lower()]["responses"].get(str(status))
    if answer is None and status in (405, 413, 421):
        answer = SPEC["components"]["responses"]["Problem"]
    assert answer is not None, f"{method} {pattern} answers {status}, which is not described"
    if "$ref" in answer:
        answer = SPEC["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return answer.get("content", {}).get("application/json", {}).get("schema")


def check(method, path, status, body):
    schema = described(method, path.split("?")[0], status)
    if schema is None:
        return
    whole = {**strict(schema), "components": strict(SPEC["components"])}
    errors = list(jsonschema.Draft7Validator(whole).iter_errors(body))
    assert not errors, f"{method} {path} {status}: " + "\n".join(
        f"{list(e.absolute_path)}: {e.message[:300]}" for e in errors[:5])


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY)
        plans = ((EXPERIMENT, "ranker_v2"), (WITHHELD, "patient"), (SEGMENTED, "segmented"))
        for plan, id in plans:
            cls.post("/v1/experiments?start=true", plan, 201)
            units = [{"id": f"u{i}", "attributes": {"country": "IN"}} for i in range(400)]
            exposures = [{**exposure(row["unit"], row["variant"], id),
                          "properties": {"country": "IN" if len(row["unit"]) == 3 else "ID"}}
                         for row in cls.assign({"experiment": id, "units": units})]
            cls.post("/v1/exposures", exposures, 200)
        clicks = [event(f"c{i}", f"u{i}", value=1.5) for i in range(0, 400, 3)]
        cls.post("/v1/events", clicks + [{"id": "bad"}], 200)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    @classmethod
    def get(cls, path, wanted=200):
        status, body = cls.server.get(path)
        assert status == wanted, (path, status, body)
        check("GET", path, status, body)
        return body

    @classmethod
    def post(cls, path, body, wanted):
        status, answer = cls.server.post(path, body)
        assert status == wanted, (path, status, answer)
        check("POST", path, status, answer)
        return answer

    @classmethod
    def assign(cls, wish):
        return cls.post("/v1/assignments", wish, 200)["assignments"]

    def test_reports(self):
        for id in ("ranker_v2", "patient", "segmented"):
            card = self.get(f"/v1/scorecards/{id}?fresh=true")
            self.assertTrue(card["comparisons"] and card["trust"])
            self.assertTrue(self.get(f"/v1/scorecards/{id}/history")["points"])
            self.assertTrue(self.get(f"/v1/verdicts/{id}")["reasons"])
            self.assertEqual(self.get(f"/v1/experiments/{id}")["state"], "running")
        self.assertTrue(self.get("/v1/scorecards/patient")["withheld"])
        self.assertTrue(self.get("/v1/scorecards/segmented")["segments"])
        self.assertGreaterEqual(len(self.get("/v1/experiments")["experiments"]), 3)

    def test_failures(self):
        for noun in ("experiments", "scorecards", "verdicts"):
            self.get(f"/v1/{noun}/no", 404)
        self.get("/v1/scorecards/no/history", 404)
        self.post("/v1/experiments", "experiment: {id: x, colour: red}", 400)
        self.post("/v1/experiments", EXPERIMENT.replace("alpha: 0.05", "alpha: 0.01"), 409)
        self.post("/v1/experiments/ranker_v2/start", "", 409)
        self.post("/v1/experiments/no/stop", "", 404)
        self.post("/v1/assignments", {"units": 7}, 400)
        self.post("/v1/assignments", {"experiment": "no", "units": []}, 404)
        self.post("/v1/events", "{", 400)
        self.post("/v1/exposures", exposure("u1", "control", "no"), 400)

    def test_lifecycle(self):
        plan = EXPERIMENT.replace("ranker_v2", "brief")
        self.assertEqual(self.post("/v1/experiments", plan, 201)["state"], "draft")
        self.post("/v1/experiments", plan, 200)
        self.post("/v1/experiments/brief/start", "", 200)
        self.assertGreaterEqual(len(self.assign({"units": [{"id": "u1"}, {"id": "u2"}]})), 4)
        self.assertIn("stopped_at", self.post("/v1/experiments/brief/stop", "", 200))
        stopped, = self.assign({"experiment": "brief", "units": [{"id": "u1"}]})
        self.assertEqual(stopped["reason"], "stopped")

    def test_interleavings(self):
        wish = {"request": "q-1", "salt": "search", "unit": "u1", "length": 3,
                "rankings": {"control": ["a", "b", "c"], "treatment": ["c", "d", "a"]}}
        drafted = self.post("/v1/interleavings", wish, 200)
        self.assertEqual(drafted, self.post("/v1/interleavings", wish, 200))
        self.assertEqual({item["team"] for item in drafted["items"]}, {"control", "treatment"})
        balanced = self.post("/v1/interleavings", {**wish, "scheme": "balanced"}, 200)
        self.assertEqual(sorted(item["control_rank"] for item in balanced["items"])[-1], 3)
        refused = self.post("/v1/interleavings", {**wish, "salt": "", "length": 0}, 400)
        self.assertEqual({p["field"] for p in refused["problems"]}, {"salt", "length"})
        self.post("/v1/interleavings", "[]", 400)

    def test_calculators(self):
        names = [method["name"] for method in self.get("/v1/stats")["methods"]]
        self.assertIn("welch_t", names)
        for name in names:
            self.assertIn("properties", self.get(f"/v1/stats/{name}"))
            self.assertTrue(self.post(f"/v1/stats/{name}", {}, 400)["error"]["problems"])
        arms = {"control": {"n": 30, "mean": 10, "std_dev": 2},
                "treatment": {"n": 40, "mean": 11, "std_dev": 3}}
        answer = self.post("/v1/stats/welch_t", arms, 200)
        self.assertAlmostEqual(answer["p_value"], 0.09946541117633102, 12)
        arms["control"]["n"] = 1
        failed = self.post("/v1/stats/welch_t", arms, 422)
        self.assertEqual(failed["error"]["code"], "too_few_units")
        for path in sorted((ROOT / "tests/corpus/calculators").iterdir()):
            name, request = path.read_text().strip().split("\n")
            self.post(f"/v1/stats/{name}", request, 200)
            for bad in (request[:-1] + ', "surplus": 1}', request[:-1] + ', "alpha": 1e999}',
                        request[:-1], "[]", "NaN"):
                self.assertTrue(self.post(f"/v1/stats/{name}", bad, 400)["error"]["message"])
        self.post("/v1/stats/welch_q", {}, 404)
        self.get("/v1/stats/welch_q", 404)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
