"""GrowthBook's Python SDK against /api/features and /sub."""
import json
import os
import sys
import time

from growthbook import GrowthBook

task = json.loads(sys.stdin.readline())
growthbook = GrowthBook(api_host=task["url"], client_key=task["key"], streaming=True)
growthbook.load_features()
answers = []
for unit in task["units"]:
    growthbook.set_attributes({"id": unit["id"], **unit["attributes"]})
    for flag in task["flags"]:
        result = growthbook.eval_feature(flag)
        answers.append({"unit": unit["id"], "flag": flag, "value": result.value,
                        "variant": result.experimentResult.key if result.experimentResult else "",
                        "source": result.source})
print(json.dumps({"ready": True}), flush=True)
deadline = time.monotonic() + 60
while time.monotonic() < deadline and growthbook.get_feature_value(task["later"], "none") == "none":
    time.sleep(0.1)
later = growthbook.get_feature_value(task["later"], "none")
print(json.dumps({"answers": answers, "heard": later != "none", "later": later}), flush=True)
os._exit(0)  # Its stream's thread would hold the process.
