// The true effect: many fresh users live through both models, and the two averages are compared.
// The same users under both models, so that what differs between people cancels out.
import { kListLength, visit } from "./behaviour.js";
import { kFailureShare } from "./models.js";
import { seeded } from "./random.js";

// One number per user for each metric that the experiment's file names.
const kMetrics = {
  add_to_cart_rate: (outcomes) => (outcomes.some(({ name }) => name === "add_to_cart") ? 1 : 0),
  items_viewed: (outcomes) => outcomes.filter(({ name }) => name === "item_viewed").length,
  revenue_per_user: (outcomes) =>
    outcomes.reduce((sum, { name, value }) => sum + (name === "purchase" ? value : 0), 0),
};

// {metric: {control, treatment, difference, error, relative, relativeError}}; errors are one
// standard error of the simulation.
export function trueEffects(world, control, treatment, users = 20000) {
  const sums = Object.fromEntries(Object.keys(kMetrics).map((metric) => [metric, emptySums()]));
  for (let i = 0; i < users; ++i) {
    const user = world.user(`fresh-${i}`);
    const a = life(world, user, control);
    const b = life(world, user, treatment);
    for (const [metric, measure] of Object.entries(kMetrics)) {
      add(sums[metric], measure(a), measure(b));
    }
  }
  return Object.fromEntries(
    Object.entries(sums).map(([metric, sum]) => [metric, compare(sum, users)]),
  );
}

function life(world, user, model) {
  const random = seeded(`${world.seed} failures ${user.id}`);
  const outcomes = [];
  for (let number = 0; number < user.visits; ++number) {
    if (random.chance(kFailureShare)) continue;
    outcomes.push(...visit(world, user, number, model.recommend(user.id, kListLength)));
  }
  return outcomes;
}

const emptySums = () => ({ a: 0, b: 0, aa: 0, bb: 0, ab: 0 });

function add(sum, a, b) {
  sum.a += a;
  sum.b += b;
  sum.aa += a * a;
  sum.bb += b * b;
  sum.ab += a * b;
}

function compare({ a, b, aa, bb, ab }, n) {
  const control = a / n;
  const treatment = b / n;
  const varianceA = aa / n - control * control;
  const varianceB = bb / n - treatment * treatment;
  const covariance = ab / n - control * treatment;
  const ratio = treatment / control;
  const relativeVariance = varianceB - 2 * ratio * covariance + ratio * ratio * varianceA;
  return {
    control,
    treatment,
    difference: treatment - control,
    error: Math.sqrt((varianceA + varianceB - 2 * covariance) / n),
    relative: ratio - 1,
    relativeError: Math.sqrt(relativeVariance / n) / control,
  };
}
