"""Checks answers against the schemas of the protocol's OpenAPI file.

    check_ofrep.py openapi.yaml answers.ndjson     # lines of {"schema": name, "answer": …}

One mend: the published `oneOf` over value types contains codeDefaultFlag, which every answer fits,
so that a strict validator refuses all answers with a value. It is read as `anyOf`.
"""

import json
import sys

import jsonschema
import yaml


def mended(node):
    if isinstance(node, dict):
        return {"anyOf" if k == "oneOf" else k: mended(v) for k, v in node.items()}
    return [mended(v) for v in node] if isinstance(node, list) else node


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        components = mended(yaml.safe_load(file)["components"])
    bad = count = 0
    for line in open(sys.argv[2], encoding="utf-8"):
        case = json.loads(line)
        schema = {"$ref": "#/components/schemas/" + case["schema"], "components": components}
        count += 1
        for error in jsonschema.Draft202012Validator(schema).iter_errors(case["answer"]):
            bad += 1
            print(f'{case["schema"]}: {error.message} in {case["answer"]}', file=sys.stderr)
    if count == 0:
        print("no answers to check", file=sys.stderr)
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
