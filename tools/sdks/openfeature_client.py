"""openfeature-sdk with openfeature-provider-ofrep: every unit asks for every flag."""
import json
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

task = json.loads(sys.stdin.readline())
headers = {"Authorization": f"Bearer {task['key']}"}
api.set_provider(OFREPProvider(task["url"], headers_factory=lambda: headers))
client = api.get_client()
answers = []
for unit in task["units"]:
    context = EvaluationContext(unit["id"], unit["attributes"])
    for flag, fallback in task["flags"].items():
        ask = client.get_string_details if isinstance(fallback, str) else client.get_object_details
        details = ask(flag, fallback, context)
        answers.append({"unit": unit["id"], "flag": flag, "value": details.value,
                        "variant": details.variant, "reason": details.reason,
                        "error": details.error_code and details.error_code.value})
print(json.dumps({"answers": answers}))
