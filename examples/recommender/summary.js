// What the demo prints: progress while it runs, and at the end the verdict beside the truth.

const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
const signed = (share) => (share > 0 ? "+" : "") + percent(share);
const count = (number) => Math.round(number).toLocaleString("en");

const find = (card, metric) => card?.comparisons.find((row) => row.metric === metric);

export function progressLine(elapsed, population, card, primary) {
  const { stored } = population.reported;
  const visited = `${count(population.visits)} visits`.padStart(15);
  const kept = `${count(stored)} lines stored`.padStart(22);
  const row = find(card, primary);
  const lift = row?.relative?.estimate === undefined ? "no estimate yet" : interval(row.relative);
  return `${String(elapsed).padStart(4)} s ${visited}, ${kept}; ${primary} ${lift}`;
}

function interval({ estimate, low, high }) {
  const end = (value) => (value === null || value === undefined ? "∞" : signed(value));
  return `${signed(estimate)} (${end(low)} … ${end(high)})`;
}

// {text, agrees}: whether the verdict follows the truth and the interval is not far from it.
export function summary({ verdict, elapsed, card, truth, population, primary }) {
  const lines = ["", `Verdict after ${elapsed} s: ${verdict?.decision ?? "none"}`];
  if (verdict) lines.push(`  ${verdict.sentence}`);
  for (const reason of verdict?.reasons ?? []) lines.push(`  · ${reason.message}`);
  lines.push("", "Relative effect       estimated (always-valid interval)     true (± 2 standard errors)");
  for (const [metric, effect] of Object.entries(truth)) {
    const row = find(card, metric);
    const estimated = row?.relative?.estimate === undefined ? "none" : interval(row.relative);
    const known = `${signed(effect.relative)} ± ${percent(2 * effect.relativeError)}`;
    lines.push(`  ${metric.padEnd(18)}  ${estimated.padEnd(36)}  ${known}`);
  }
  const judged = judge(verdict, find(card, primary), truth[primary]);
  lines.push("", ...judged.lines, ...reportedLines(population));
  const { rejected, failure } = population.reported;
  return { text: lines.join("\n"), agrees: judged.agrees && rejected === 0 && !failure };
}

function judge(verdict, row, truth) {
  const expected = truth.relative > 0 ? "ship" : "do_not_ship";
  const agrees = verdict?.decision === expected;
  const lines = [
    agrees
      ? `The verdict agrees with the truth: ${expected}.`
      : `The verdict contradicts the truth, which says ${expected}.`,
  ];
  if (row?.relative?.estimate === undefined) {
    return { agrees: false, lines: [...lines, "There is no estimate to compare."] };
  }
  const { estimate, low, high } = row.relative;
  const outside = Math.max((low ?? -Infinity) - truth.relative, truth.relative - (high ?? Infinity));
  lines.push(
    outside <= 0
      ? "The interval contains the true effect."
      : `The interval misses the true effect by ${percent(outside)}.`,
  );
  // An interval misses now and then; by as much as its own width it does not.
  const width = (high ?? Infinity) - (low ?? -Infinity);
  return { agrees: agrees && outside < width && Number.isFinite(estimate), lines };
}

function reportedLines(population) {
  const { stored, rejected, firstReason, failure } = population.reported;
  const lines = [
    `${count(population.users)} users, ${count(population.visits)} visits, ` +
      `${count(stored)} exposures and events stored, ${count(rejected)} refused.`,
  ];
  if (rejected > 0) lines.push(`The first was refused because: ${firstReason}`);
  if (failure) lines.push(`Reporting failed: ${failure.message}`);
  const outside = percent(population.outside / Math.max(1, population.visits), 0);
  lines.push(`${outside} of the visits were outside of the experiment (other countries: 10 %).`);
  return lines;
}
