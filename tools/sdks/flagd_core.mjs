// flagd's own evaluator (@openfeature/flagd-core) over the definitions that assay took over.
import { FlagdCore } from "@openfeature/flagd-core";
import { answer, task } from "./task.mjs";

const { definitions, units, flags } = await task();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const core = new FlagdCore(undefined, quiet);
core.setConfigurations(definitions);
const answers = [];
for (const { id, attributes } of units) {
  for (const flag of Object.keys(flags)) {
    const context = { targetingKey: id, ...attributes };
    const details = core.resolveStringEvaluation(flag, "?", context, quiet);
    answers.push({ unit: id, flag, value: details.value });
  }
}
answer({ answers });
